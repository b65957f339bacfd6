#pragma once

#include <image_syncer/server/http_message.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A request target, decoded.
struct Target {
  std::vector<std::string> segments;  ///< as in `HttpRequest`
  HttpFields query;
};

/// `text` with %XX replaced; absent when a % is not followed by two hex digits, or when the result
/// has control characters (NUL among them) or is not UTF-8.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Takes "/path?query" (RFC 9112 §3.2.1); absent for the other forms of targets, which no client of
/// an origin server sends, and where a part cannot be decoded.
[[nodiscard]] std::optional<Target> parse_target(std::string_view raw);

}  // namespace image_syncer
