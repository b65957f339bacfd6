#pragma once

#include <image_syncer/image/json_text.hpp>
#include <image_syncer/image/manifest.hpp>

#include <string>
#include <vector>

namespace image_syncer {

/// Reads a descriptor (image-spec descriptor.md). `where` ("layers[3]") is for messages. Throws
/// `Error` when it has no valid digest or size, or a field that matters has the wrong type. Unknown
/// media types and fields are fine.
[[nodiscard]] Descriptor read_descriptor(const JsonText& json, const std::string& where);

/// An array of descriptors; `null` is an empty one.
[[nodiscard]] std::vector<Descriptor> read_descriptors(const JsonText& json,
                                                       const std::string& where);

/// Reads `os`, `architecture`, `variant` and `os.version` of an object.
[[nodiscard]] Platform read_platform(const JsonText& json, const std::string& where);

}  // namespace image_syncer
