#include "support/fake_registry/registry_errors.hpp"

#include <nlohmann/json.hpp>

namespace image_syncer {

ServerResponse registry_error(int status,
                              std::string_view code,
                              std::string_view message,
                              std::string_view detail) {
  nlohmann::ordered_json error{{"code", code}, {"message", message}};
  if (!detail.empty()) {
    error["detail"] = detail;
  }
  const nlohmann::ordered_json envelope{{"errors", nlohmann::ordered_json::array({error})}};
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = envelope.dump()};
}

}  // namespace image_syncer
