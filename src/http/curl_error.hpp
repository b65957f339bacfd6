#pragma once

#include <image_syncer/http/message.hpp>

#include <curl/curl.h>

#include <optional>
#include <string>

namespace image_syncer {

/// Proxy Authentication Required: no host says that.
inline constexpr int kProxyAuthentication = 407;

/// What libcurl tells of a transfer that failed.
struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string detail = {};  ///< its error buffer
  long os_error = 0;        ///< errno of the connection attempt; 0 = unknown
  long connect_status = 0;  ///< of a proxy's answer to CONNECT; 0 = none
};

/// The error for `request`, which got no answer: what happened, and what to do about it.
[[nodiscard]] TransportError make_transport_error(const CurlFailure& failure,
                                                  const Request& request);

/// The error when `status` is not the host's answer but a refusal of the proxy's; absent otherwise.
[[nodiscard]] std::optional<TransportError> make_proxy_refusal(long status, const Request& request);

/// The error for a request in which nothing moved for its `stall_timeout`.
[[nodiscard]] TransportError make_stall_error(const Request& request);

}  // namespace image_syncer
