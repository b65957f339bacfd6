#include "config/auth_reader.hpp"
#include "config/complaints.hpp"
#include "config/config_kind.hpp"
#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/pending_file.hpp"
#include "config/rules_reader.hpp"
#include "config/section.hpp"
#include "config/sync_settings.hpp"
#include <image_syncer/config/sync_file.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace image_syncer {

namespace {

/// Not "cannot be looked at": then reading it says why.
bool is_missing(const std::string& path) {
  std::error_code error;
  return !std::filesystem::exists(path, error) && !error;
}

bool is_empty(const Node& node) {
  return node.kind == NodeKind::null || (node.kind == NodeKind::map && node.entries.empty()) ||
         (node.kind == NodeKind::sequence && node.items.empty());
}

void add_file(DaemonConfig& config, const std::string& file) {
  if (!file.empty() &&
      std::find(config.files.begin(), config.files.end(), file) == config.files.end()) {
    config.files.push_back(file);
  }
}

AuthPart read_registries(const MapEntry* inline_registries,
                         const FilePosition& file,
                         SyncContext& context,
                         Complaints& complaints) {
  AuthPart auth;
  if (inline_registries != nullptr) {
    auth = read_auth(*inline_registries->value,
                     inline_registries->key,
                     context.environment,
                     Unset::error,
                     context.complaints);
  }
  if (file.path.empty()) {
    return auth;
  }
  if (is_missing(file.path)) {
    if (file.is_given) {
      context.complaints.error(file.position, file.key, "there is no file " + file.path);
    }
    return auth;
  }
  FileComplaints about(file.path, complaints);
  if (const NodePtr root = read_document(file.path, about)) {
    add_auth(auth, read_auth(*root, "", context.environment, Unset::error, about), complaints);
  }
  return auth;
}

/// The rules of the sync file itself, then those of the images file, or what is pending there.
void read_images(const MapEntry* inline_rules,
                 const std::string& file,
                 const RuleContext& rules,
                 SyncContext& context,
                 Complaints& complaints,
                 DaemonConfig& config) {
  RuleSet set;
  if (inline_rules != nullptr && !is_empty(*inline_rules->value)) {
    read_rules(*inline_rules->value, inline_rules->key, rules, set, context.complaints);
  }
  if (!file.empty() && !is_missing(file)) {
    FileComplaints about(file, complaints);
    if (const NodePtr root = read_document(file, about); root != nullptr && !is_empty(*root)) {
      if (is_pending_file(*root)) {
        config.pending = read_pending_file(*root, file, about);
      } else {
        read_rules(*root, "", rules, set, about);
      }
    }
  }
  config.rules = std::move(set.rules);
}

void warn_of_nothing(const DaemonConfig& config,
                     const std::string& images_file,
                     FileComplaints& about) {
  if (config.rules.empty() && config.hook_mappings.empty() && config.webhooks.empty() &&
      !config.pending) {
    about.warn({},
               "",
               "there is nothing to do: no rules" +
                   (images_file.empty() ? "" : " here or in " + images_file) +
                   ", no registry.reg, no webhooks");
  }
}

}  // namespace

DaemonConfig load_daemon_config(const std::string& path,
                                const PatternCheck& check_pattern,
                                const ScheduleCheck& check_schedule,
                                const Environment& environment) {
  Complaints complaints;
  FileComplaints about(path, complaints);
  SyncContext context{environment, about, {}, {}};
  const NodePtr root = read_document(path, about);
  if (root != nullptr && root->kind != NodeKind::map && root->kind != NodeKind::null) {
    about.error(root->position, "", wrong_type("a map with keys such as app and sync", *root));
  } else if (root != nullptr) {
    (void)check_sync_file(*root, about);
  }
  complaints.throw_errors();

  DaemonConfig config;
  const Section top(*root, "", kSyncFileKeys, context);
  const FilePositions files = read_sync_settings(top, check_schedule, context, config);
  AuthPart auth = read_registries(top.find("registries"), files.auth, context, complaints);

  RuleContext rules{check_pattern, environment, context.credential_variables};
  rules.credential_variables.insert(auth.credential_variables.begin(),
                                    auth.credential_variables.end());
  read_images(top.find("images"), files.images.path, rules, context, complaints, config);

  for (const std::string& file : {path, files.auth.path, files.images.path}) {
    add_file(config, file);
  }
  for (const auto* const more : {&context.files, &auth.files}) {
    for (const std::string& file : *more) {
      add_file(config, file);
    }
  }
  config.registries = finish_auth(std::move(auth), complaints);
  for (const RegistryEntry& entry : config.registries.all()) {
    for (const std::string& file : {entry.ca_file, entry.cert_file, entry.key_file}) {
      add_file(config, file);
    }
  }
  complaints.throw_errors();
  warn_of_nothing(config, files.images.path, about);
  config.warnings = complaints.take_warnings();
  return config;
}

}  // namespace image_syncer
