#include "config/auth_reader.hpp"
#include "config/complaints.hpp"
#include "config/config_kind.hpp"
#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/rules_reader.hpp"
#include <image_syncer/config/load.hpp>

#include <utility>

namespace image_syncer {

namespace {

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
