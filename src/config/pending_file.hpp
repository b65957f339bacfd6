#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"
#include <image_syncer/config/sync_file.hpp>

#include <string>

namespace image_syncer {

/// Whether an images file is the Go fork's pending file, `{"registry/path:tag&destination": n}`: no
/// rule has a number on its right side.
[[nodiscard]] bool is_pending_file(const Node& root);

/// Reads it. What is no such entry is warned about and left out. Nothing is expanded.
[[nodiscard]] PendingImages read_pending_file(const Node& root,
                                              const std::string& path,
                                              FileComplaints& complaints);

}  // namespace image_syncer
