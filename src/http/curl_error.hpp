#pragma once

#include <image_syncer/http/message.hpp>

#include <curl/curl.h>

#include <string>

namespace image_syncer {

/// The error for a transfer that ended with `code`. `detail`: libcurl's error buffer; `os_error`:
/// errno of the connection attempt (0 = unknown).
[[nodiscard]] TransportError make_transport_error(
    CURLcode code, const std::string& detail, long os_error, Method method, const std::string& url);

/// The error for a request in which nothing moved for its `stall_timeout`.
[[nodiscard]] TransportError make_stall_error(const Request& request);

}  // namespace image_syncer
