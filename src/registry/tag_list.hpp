#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// The tags of one page of a tag list (distribution-spec, Listing Tags), in the server's order,
/// each once. `tags` may be null or missing; entries that are no valid tags (null, digests, …) are
/// left out. The document is never built in memory: lists of 100,000 tags cost little more than the
/// names. Throws `Error` (Retry::later: a page of a proxy) when `body` is not a JSON object, or
/// when its `tags` are neither a list nor null.
[[nodiscard]] std::vector<std::string> parse_tag_list(std::string_view body);

}  // namespace image_syncer
