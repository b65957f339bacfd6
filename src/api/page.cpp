#include "api/page.hpp"

namespace image_syncer {

extern const std::string_view kPageText;  // made by cmake/EmbedPage.cmake

std::string_view page_html() {
  return kPageText;
}

}  // namespace image_syncer
