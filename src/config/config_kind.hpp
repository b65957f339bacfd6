#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"

#include <array>
#include <string_view>

namespace image_syncer {

/// The top-level keys of a sync file.
inline constexpr std::array<std::string_view, 10> kSyncFileKeys = {"app",
                                                                   "auth",
                                                                   "registry",
                                                                   "sync",
                                                                   "db",
                                                                   "rabbitmq",
                                                                   "webhooks",
                                                                   "images",
                                                                   "registries",
                                                                   "record"};
/// Those of the old single file.
inline constexpr std::array<std::string_view, 2> kSingleFileKeys = {"auth", "images"};

/// Whether `root` has at least one key of a sync file; complains where it has not.
[[nodiscard]] bool check_sync_file(const Node& root, FileComplaints& complaints);

}  // namespace image_syncer
