#include "check/checker.hpp"
#include <image_syncer/check/check_registries.hpp>

namespace image_syncer {

std::vector<CheckedRegistry> check_registries(const CheckPlan& plan,
                                              const CheckOptions& options,
                                              const RegistryAccessLookup& lookup,
                                              Clock& clock,
                                              const std::stop_token& stop) {
  return Checker(plan, options, lookup, clock, stop).run();
}

}  // namespace image_syncer
