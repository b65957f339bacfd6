#pragma once

#include <image_syncer/api/api_port.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

/// Members stay in the order in which docs/api.md has them: people read it too.
using ApiJson = nlohmann::ordered_json;

// The values of docs/api.md.

[[nodiscard]] ApiJson json_of(const DaemonStatus& status);
[[nodiscard]] ApiJson json_of(const RuleStatus& rule);
[[nodiscard]] ApiJson json_of(const RegistryStatus& registry);
/// Without the limit, which only the status has.
[[nodiscard]] ApiJson json_of(const QueueCounts& counts);
[[nodiscard]] ApiJson json_of(const QueuedImage& image);
[[nodiscard]] ApiJson json_of(const RecordedRun& run);
[[nodiscard]] ApiJson json_of(const RunFailure& failure);
[[nodiscard]] ApiJson json_of(const RecentFailure& failure);
[[nodiscard]] ApiJson json_of(const SyncedImage& image);

template <typename Value>
[[nodiscard]] ApiJson json_of(const std::vector<Value>& values) {
  ApiJson list = ApiJson::array();
  for (const Value& value : values) {
    list.push_back(json_of(value));
  }
  return list;
}

/// As text, on one line. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string text_of(const ApiJson& value);

}  // namespace image_syncer
