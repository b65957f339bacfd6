#pragma once

#include <image_syncer/api/api_port.hpp>
#include <image_syncer/server/http_message.hpp>

#include <span>

namespace image_syncer {

/// A call of docs/api.md: where it is made, and what answers it.
struct ApiCall {
  const char* method;
  const char* path;
  /// Throws `RefusedCall`, and what `port` throws.
  HttpResponse (*answer)(ApiPort& port, const HttpRequest& request);
};

/// All but the events.
[[nodiscard]] std::span<const ApiCall> api_calls();

}  // namespace image_syncer
