#include "check/words.hpp"
#include <image_syncer/check/check_report.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace image_syncer {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

template <typename Parts, typename Convert>
Json list_of(const Parts& parts, const Convert& convert) {
  Json list = Json::array();
  for (const auto& part : parts) {
    list.push_back(convert(part));
  }
  return list;
}

Json account_of(const CheckedAccount& account) {
  return {{"username", text_or_null(account.username)},
          {"from", text_or_null(account.from)},
          {"state", name_of(account.state)},
          {"problem", text_or_null(account.problem)}};
}

Json access_json(const CheckedAccess& access) {
  return {{"name", access.reference.str()},
          {"state", name_of(access.state)},
          {"problem", text_or_null(access.problem)}};
}

Json source_of(const CheckedSource& source) {
  return {{"repository", source.repository.str()},
          {"ok", is_well(source)},
          {"tags", source.tags ? Json(*source.tags) : Json()},
          {"asked", list_of(source.accesses, access_json)},
          {"idle_rules", source.idle_rules}};
}

Json target_of(const CheckedTarget& target) {
  return {{"repository", target.access.reference.str()},
          {"ok", is_well(target)},
          {"state", name_of(target.access.state)},
          {"problem", text_or_null(target.access.problem)},
          {"upload_session", name_of(target.upload)}};
}

Json limits_of(const RegistryHost::RateLimits& limits) {
  const auto& window = limits.remaining.window;
  return {{"remaining", limits.remaining.count},
          {"limit", limits.limit ? Json(limits.limit->count) : Json()},
          {"window_seconds", window ? Json(window->count()) : Json()}};
}

Json registry_of(const CheckedRegistry& registry) {
  const bool reached = registry.stage == ReachStage::reached;
  Json json{{"registry", registry.name},
            {"ok", is_well(registry)},
            {"source", !registry.sources.empty()},
            {"target", registry.is_target},
            {"hook_mapping", registry.has_mapping},
            {"reached", reached},
            {"stage", name_of(registry.stage)},
            {"problem", text_or_null(registry.problem)}};
  json["milliseconds"] = reached ? Json(registry.took.count()) : Json();
  json["url"] = text_or_null(registry.origin);
  json["tls"] = reached ? Json(name_of(registry.trust)) : Json();
  json["authentication"] = text_or_null(registry.scheme);
  json["token_server"] = text_or_null(registry.token_server);
  json["software"] = text_or_null(registry.software);
  json["api_version"] = text_or_null(registry.api_version);
  json["clock_ahead_seconds"] = registry.clock_ahead ? Json(registry.clock_ahead->count()) : Json();
  json["rate_limit"] = registry.rate_limits ? limits_of(*registry.rate_limits) : Json();
  json["quirks"] = quirks_of(registry);
  json["accounts"] = list_of(registry.accounts, account_of);
  json["pull"] = list_of(registry.sources, source_of);
  json["push"] = list_of(registry.targets, target_of);
  return json;
}

Json summary_of(const CheckTotals& totals) {
  return {{"registries", totals.registries},
          {"registries_ok", totals.registries_well},
          {"pull", totals.sources},
          {"pull_ok", totals.sources_well},
          {"push", totals.targets},
          {"push_ok", totals.targets_well},
          {"upload_sessions_opened", totals.opened},
          {"upload_sessions_deleted", totals.deleted}};
}

}  // namespace

std::string check_json(const CheckReport& report) {
  const Json json{{"ok", is_well(report)},
                  {"file", report.file},
                  {"rules", report.rules},
                  {"hook_mappings", report.mappings},
                  {"warnings", report.warnings},
                  {"push_checked", report.push_checked},
                  {"summary", summary_of(totals_of(report))},
                  {"registries", list_of(report.registries, registry_of)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace image_syncer
