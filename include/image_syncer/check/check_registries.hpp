#pragma once

#include <image_syncer/check/check_plan.hpp>
#include <image_syncer/check/check_report.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

struct CheckOptions {
  std::string user_agent = "image-syncer";
  bool push_check = true;                             ///< open upload sessions
  std::size_t host_limit = 6;                         ///< requests of a host on the wire at a time
  std::map<std::string, std::size_t> host_limits;     ///< by registry, where it differs
  std::map<std::string, double> requests_per_second;  ///< by registry
  /// After a stop: for answers to uploads that are being opened, and then for deleting the open
  /// ones.
  std::chrono::milliseconds cancel_deadline{1000};
};

struct RegistryAccess {
  Registry& registry;
  RegistryHost& host;
};

/// Gives the registry for a name; called once for each. What it returns outlives the check.
using RegistryAccessLookup = std::function<RegistryAccess(const std::string& name)>;

/// Asks everything of the plan, on the calling thread, many registries and several repositories of
/// each at a time. Each question is asked once: nothing is tried again. In each target repository
/// at most one upload session is opened, and deleted at once, also after a stop.
///
/// What a registry answers, or that it does not, is in the result. Throws `Stopped` soon after
/// `stop` is requested.
[[nodiscard]] std::vector<CheckedRegistry> check_registries(const CheckPlan& plan,
                                                            const CheckOptions& options,
                                                            const RegistryAccessLookup& lookup,
                                                            Clock& clock,
                                                            const std::stop_token& stop);

}  // namespace image_syncer
