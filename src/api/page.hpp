#pragma once

#include <string_view>

namespace image_syncer {

/// The page at `/`: one HTML document that needs nothing from elsewhere but the API, with one
/// style and one script element and neither inline handlers nor style attributes, so that their
/// hashes are all that a Content-Security-Policy has to allow. Its sources are in src/api/page/.
[[nodiscard]] std::string_view page_html();

}  // namespace image_syncer
