#include "config/auth_reader.hpp"
#include "config/complaints.hpp"
#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/rules_reader.hpp"
#include <image_syncer/config/load.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::array<std::string_view, 2> kSingleFileKeys = {"auth", "images"};
/// Top-level keys of the daemon's file.
constexpr std::array<std::string_view, 10> kSyncFileKeys = {"app",
                                                            "auth",
                                                            "registry",
                                                            "sync",
                                                            "db",
                                                            "rabbitmq",
                                                            "webhooks",
                                                            "images",
                                                            "registries",
                                                            "record"};

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

SyncConfig finish(AuthPart auth, RuleSet set, Complaints& complaints) {
  SyncConfig config;
  config.registries = finish_auth(std::move(auth), complaints);
  complaints.throw_errors();
  config.rules = std::move(set.rules);
  config.warnings = complaints.take_warnings();
  return config;
}

}  // namespace

SyncConfig load_files(const std::string& auth_path,
                      const std::string& images_path,
                      const PatternCheck& check_pattern,
                      const Environment& environment) {
  Complaints complaints;
  AuthPart auth;
  if (!auth_path.empty()) {
    FileComplaints about_auth(auth_path, complaints);
    if (const NodePtr root = read_document(auth_path, about_auth)) {
      auth = read_auth(*root, "", environment, Unset::error, about_auth);
    }
  }
  RuleSet set;
  FileComplaints about_images(images_path, complaints);
  if (const NodePtr root = read_document(images_path, about_images)) {
    const RuleContext context{check_pattern, environment, auth.credential_variables};
    read_rules(*root, "", context, set, about_images);
  }
  return finish(std::move(auth), std::move(set), complaints);
}

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
  const bool is_sync_file =
      std::any_of(root->entries.begin(), root->entries.end(), [](const MapEntry& entry) {
        return is_one_of(kSyncFileKeys, entry.key);
      });
  if (!is_sync_file) {
    complain_of_neither(*root, about);
    complaints.throw_errors();
  }
  return ConfigKind::sync_file;
}

SyncConfig load_single_file(const std::string& path,
                            const PatternCheck& check_pattern,
                            const Environment& environment) {
  Complaints complaints;
  FileComplaints about(path, complaints);
  AuthPart auth;
  RuleSet set;
  if (const NodePtr root = read_document(path, about)) {
    if (root->kind != NodeKind::map) {
      about.error(root->position, "", wrong_type("a map with the keys auth and images", *root));
    }
    const Fields fields = match_fields(*root, kSingleFileKeys, "", UnknownKey::warning, about);
    if (const auto field = fields.find("auth");
        field != fields.end() && field->second->value->kind != NodeKind::null) {
      auth = read_auth(*field->second->value, field->second->key, environment, Unset::keep, about);
    }
    if (const auto field = fields.find("images"); field != fields.end()) {
      const RuleContext context{check_pattern, environment, auth.credential_variables};
      read_rules(*field->second->value, field->second->key, context, set, about);
    } else if (root->kind == NodeKind::map) {
      about.error(root->position, "", "the key images is missing: there are no rules");
    }
  }
  return finish(std::move(auth), std::move(set), complaints);
}

}  // namespace image_syncer
