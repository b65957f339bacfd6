#pragma once

#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// The target of the first link with the relation `next` in the `Link` lines of an answer (RFC
/// 8288), as written: to be resolved against the request's URL. Takes several links per line,
/// parameters in any order, quoted or not, several relations in one `rel`, and commas and
/// semicolons in the target; what cannot be read is skipped. Absent: there is no further page.
[[nodiscard]] std::optional<std::string> next_link(const std::vector<std::string>& header_values);

}  // namespace image_syncer
