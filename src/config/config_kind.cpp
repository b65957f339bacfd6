#include "config/config_kind.hpp"

#include "config/document.hpp"
#include "config/fields.hpp"
#include <image_syncer/config/load.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace image_syncer {

namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view key) {
  return std::any_of(names.begin(), names.end(), [key](std::string_view name) {
    return equals_ignore_case(name, key);
  });
}

/// `auth` of the old single file: absent, empty, or a map of maps. That of a sync file holds a user
/// name and a password.
bool is_single_file_auth(const Node& auth) {
  return auth.kind == NodeKind::null ||
         (auth.kind == NodeKind::map &&
          std::all_of(auth.entries.begin(), auth.entries.end(), [](const MapEntry& entry) {
            return entry.value->kind == NodeKind::map;
          }));
}

bool is_single_file(const Node& root) {
  return std::all_of(root.entries.begin(), root.entries.end(), [](const MapEntry& entry) {
    return is_one_of(kSingleFileKeys, entry.key) &&
           (!equals_ignore_case(entry.key, "auth") || is_single_file_auth(*entry.value));
  });
}

/// The complaint that a file is neither, at its first key.
void complain_of_neither(const Node& root, FileComplaints& complaints) {
  const std::string message =
      "neither the single file {auth, images} nor a sync file: none of its keys is known";
  if (root.entries.empty()) {
    complaints.error(root.position, "", "is empty: expected the keys auth and images");
    return;
  }
  const MapEntry& first = root.entries.front();
  const std::string near =
      nearest(to_lower(first.key),
              std::vector<std::string_view>(kSyncFileKeys.begin(), kSyncFileKeys.end()));
  complaints.error(
      first.position, first.key, message + (near.empty() ? "" : " (did you mean " + near + "?)"));
}

}  // namespace

ConfigKind detect_config_kind(const std::string& path) {
  Complaints complaints;
  FileComplaints about(path, complaints);
  const NodePtr root = read_document(path, about);
  if (root != nullptr && root->kind != NodeKind::map && root->kind != NodeKind::null) {
    about.error(root->position, "", wrong_type("a map with the keys auth and images", *root));
  }
  complaints.throw_errors();
  if (!root->entries.empty() && is_single_file(*root)) {
    return ConfigKind::single_file;
  }
  (void)check_sync_file(*root, about);
  complaints.throw_errors();
  return ConfigKind::sync_file;
}

bool check_sync_file(const Node& root, FileComplaints& complaints) {
  const bool is_one =
      std::any_of(root.entries.begin(), root.entries.end(), [](const MapEntry& entry) {
        return is_one_of(kSyncFileKeys, entry.key);
      });
  if (!is_one) {
    complain_of_neither(root, complaints);
  }
  return is_one;
}

}  // namespace image_syncer
