#pragma once

#include <image_syncer/app/options.hpp>
#include <image_syncer/server/http_message.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

/// A call of the API (docs/api.md).
struct ApiRequest {
  std::vector<std::string> path;  ///< its pieces after "/api/v1": "runs", "17"
  HttpFields query = {};
  std::string body = {};  ///< JSON: then it is a POST
};

/// Makes calls of the API.
class ApiClient {
 public:
  ApiClient() = default;
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;
  ApiClient(ApiClient&&) = delete;
  ApiClient& operator=(ApiClient&&) = delete;
  virtual ~ApiClient() = default;

  /// Throws `Error` when no answer came.
  [[nodiscard]] virtual HttpResponse make(const ApiRequest& call) = 0;
};

/// Whether an answer is a good one.
[[nodiscard]] bool is_good(const HttpResponse& response);
/// The body of a good answer. Throws `Error` with the message of any other.
[[nodiscard]] std::string body_of(const HttpResponse& response);

/// Where a command asks: the record itself or, when that is in use, the daemon of the sync file.
/// Throws `Error` when there is neither.
[[nodiscard]] std::unique_ptr<ApiClient> open_api(const Options& options,
                                                  const std::stop_token& stop);

}  // namespace image_syncer
