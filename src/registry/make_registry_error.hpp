#pragma once

#include "registry/error_table.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/clock.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// An answer that is not what was hoped for.
struct FailedRequest {
  RegistryVerb verb;
  std::string registry;     ///< host with port as configured, also when another host answered
  std::string repository;   ///< empty when the request concerned none
  std::string_view method;  ///< "PUT"
  std::string_view url;
  int status = 0;
  std::string_view body;
  std::string_view retry_after;  ///< the header's value; empty = none
};

/// The error for it, with class and message; `now` dates the `Retry-After`.
[[nodiscard]] RegistryError make_registry_error(const FailedRequest& request, Clock::wall_time now);

}  // namespace image_syncer
