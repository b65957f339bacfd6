#include "check/count_well.hpp"
#include <image_syncer/check/check_report.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kTolerableSkew{30};
constexpr std::size_t kMaxWord = 80;

template <typename Part>
bool all_well(const std::vector<Part>& parts) {
  return count_well(parts) == parts.size();
}

std::string authentication_of(const CheckedRegistry& registry) {
  if (registry.scheme.empty()) {
    return "asks for no credentials";
  }
  if (registry.scheme == "basic") {
    return "Basic authentication";
  }
  return "tokens from " + printable(registry.token_server, kMaxWord);
}

std::string limit_of(const RegistryHost::RateLimits& limits) {
  std::string text = "rate limit: " + std::to_string(limits.remaining.count);
  if (limits.limit) {
    text += " of " + std::to_string(limits.limit->count);
  }
  text += " left";
  return limits.remaining.window ? text + " per " + format_duration(*limits.remaining.window)
                                 : text;
}

bool has_kept_uploads(const CheckedRegistry& registry) {
  return std::any_of(registry.targets.begin(), registry.targets.end(), [](const auto& target) {
    return target.upload == UploadTrace::kept;
  });
}

}  // namespace

bool is_well(const CheckedAccount& account) {
  return account.state == AccountState::accepted || account.state == AccountState::not_asked;
}

bool is_well(const CheckedSource& source) {
  return std::all_of(source.accesses.begin(), source.accesses.end(), [](const auto& access) {
    return access.state == AccessState::allowed;
  });
}

bool is_well(const CheckedTarget& target) {
  return target.access.state == AccessState::allowed;
}

bool is_well(const CheckedRegistry& registry) {
  return registry.stage == ReachStage::reached && all_well(registry.accounts) &&
         all_well(registry.sources) && all_well(registry.targets);
}

bool is_well(const CheckReport& report) {
  return all_well(report.registries);
}

CheckTotals totals_of(const CheckReport& report) {
  CheckTotals totals;
  totals.registries = report.registries.size();
  totals.registries_well = count_well(report.registries);
  for (const CheckedRegistry& registry : report.registries) {
    totals.sources += registry.sources.size();
    totals.sources_well += count_well(registry.sources);
    totals.targets += registry.targets.size();
    totals.targets_well += count_well(registry.targets);
    for (const CheckedTarget& target : registry.targets) {
      totals.opened += target.upload == UploadTrace::none ? 0 : 1;
      totals.deleted += target.upload == UploadTrace::deleted ? 1 : 0;
    }
  }
  return totals;
}

std::vector<std::string> quirks_of(const CheckedRegistry& registry) {
  std::vector<std::string> quirks;
  if (registry.stage != ReachStage::reached) {
    return quirks;
  }
  if (!registry.software.empty()) {
    quirks.push_back(printable(registry.software, kMaxWord));
  }
  quirks.push_back(authentication_of(registry));
  if (registry.is_page) {
    quirks.emplace_back("answers with a page for people: is it a registry?");
  } else if (registry.api_version.empty()) {
    quirks.emplace_back("does not say its API version");
  } else if (registry.api_version != "registry/2.0") {
    quirks.push_back("API version " + printable(registry.api_version, kMaxWord));
  }
  if (registry.rate_limits) {
    quirks.push_back(limit_of(*registry.rate_limits));
  }
  const auto ahead = registry.clock_ahead.value_or(std::chrono::seconds(0));
  if (std::chrono::abs(ahead) > kTolerableSkew) {
    quirks.push_back("its clock is " + format_duration(std::chrono::abs(ahead)) +
                     (ahead.count() > 0 ? " ahead of" : " behind") + " the one here");
  }
  if (registry.refuses_mounts) {
    quirks.emplace_back("does not mount blobs");
  }
  if (has_kept_uploads(registry)) {
    quirks.emplace_back("does not delete upload sessions: they expire there");
  }
  return quirks;
}

}  // namespace image_syncer
