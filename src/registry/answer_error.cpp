#include "registry/answer_error.hpp"

#include "registry/location.hpp"
#include "registry/make_registry_error.hpp"
#include <image_syncer/registry/rate_limit.hpp>

namespace image_syncer {

namespace {

// Docker Hub does not say when its limit ends: after its window at the latest.
std::string asked_pause(const Response& response) {
  const auto given = response.headers.find("Retry-After");
  const auto remaining =
      parse_rate_limit(response.headers.find("RateLimit-Remaining").value_or(""));
  if (!given && response.status == 429 && remaining && remaining->count == 0 && remaining->window) {
    return std::to_string(remaining->window->count());
  }
  return std::string(given.value_or(""));
}

}  // namespace

RegistryError answer_error(RegistryVerb verb,
                           const std::string& registry,
                           const std::string& repository_path,
                           Method method,
                           const Response& response) {
  const std::string pause = asked_pause(response);
  FailedRequest request{.verb = verb,
                        .registry = registry,
                        .repository = repository_path,
                        .method = to_string(method),
                        .url = response.url,
                        .status = response.status,
                        .body = response.body,
                        .retry_after = pause};
  return make_registry_error(request, std::chrono::system_clock::now());
}

}  // namespace image_syncer
