#pragma once

#include "config/section.hpp"
#include <image_syncer/config/sync_file.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// `registry` of a sync file.
[[nodiscard]] std::vector<HookMapping> read_hook_mappings(const Section& registry,
                                                          SyncContext& context);

/// A registry alone, `host[:port]`, in normal form. Throws `Error`.
[[nodiscard]] std::string parse_registry_name(std::string_view text);

/// `registry[/path]` below which repositories are made, in normal form and without a slash at its
/// end; without a registry it is Docker Hub's, as in names of images. Throws `Error`.
[[nodiscard]] std::string parse_repository_prefix(std::string_view text);

}  // namespace image_syncer
