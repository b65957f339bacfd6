#include "registry/answer_error.hpp"

#include "registry/location.hpp"
#include "registry/make_registry_error.hpp"

namespace image_syncer {

RegistryError answer_error(RegistryVerb verb,
                           const std::string& registry,
                           const std::string& repository_path,
                           Method method,
                           const Response& response) {
  FailedRequest request{.verb = verb,
                        .registry = registry,
                        .repository = repository_path,
                        .method = to_string(method),
                        .url = response.url,
                        .status = response.status,
                        .body = response.body,
                        .retry_after = response.headers.find("Retry-After").value_or("")};
  return make_registry_error(request, std::chrono::system_clock::now());
}

}  // namespace image_syncer
