#include <image_syncer/image/platform.hpp>

namespace image_syncer {

std::string Platform::str() const {
  const auto known = [](const std::string& part) { return part.empty() ? "unknown" : part; };
  std::string text = known(os) + "/" + known(architecture);
  if (!variant.empty()) {
    text += "/" + variant;
  }
  if (!os_version.empty()) {
    text += " " + os_version;
  }
  return text;
}

}  // namespace image_syncer
