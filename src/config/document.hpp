#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace image_syncer {

/// Larger files are refused unread. A rule takes about 100 bytes.
inline constexpr std::size_t kMaxConfigBytes = 64UL * 1024 * 1024;

/// Reads a configuration file; its suffix decides between YAML and JSON. nullptr = it could not be
/// read, and `complaints` says why. An empty file is a null node.
[[nodiscard]] NodePtr read_document(const std::string& path, FileComplaints& complaints);

/// Both throw `SyntaxError`; an empty text is a null node. `text` is valid UTF-8 without a byte
/// order mark and without control characters but tabs and line ends.
[[nodiscard]] NodePtr read_yaml(std::string_view text, FileComplaints& complaints);
/// JSON (RFC 8259) with `//` and `/* */` comments.
[[nodiscard]] NodePtr read_json(std::string_view text, FileComplaints& complaints);

}  // namespace image_syncer
