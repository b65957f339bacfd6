#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

/// Name and value, in order; a name may be there several times.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// A request, complete with its body. Everything in it is of foreign origin; what was decoded is
/// valid UTF-8 without control characters (a request where it is not is answered 400).
struct HttpRequest {
  std::string method;  ///< as sent: "GET"
  /// The path, decoded and cut at its slashes: "/a/b%20c" gives "a", "b c"; "/" gives one empty
  /// piece. A piece may be ".." or hold a slash that was encoded: `Router` lets neither through.
  std::vector<std::string> segments;
  HttpFields query;  ///< decoded; "+" is a blank
  HttpFields headers;
  std::string body;
  std::string peer;  ///< "127.0.0.1:50123", "[::1]:50123"

  /// The segments with slashes between: for messages, never for decisions. May hold a secret, where
  /// a path does.
  [[nodiscard]] std::string path() const;
  /// The value of the first query parameter `name`.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  /// The value of the first header `name` (any case).
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// The values of every header `name` (any case), in order.
  [[nodiscard]] std::vector<std::string_view> headers_named(std::string_view name) const;
};

/// An answer. The server adds Date, Content-Length, `X-Content-Type-Options: nosniff` and, where
/// `headers` says nothing else, `Cache-Control: no-store`. HTML should bring a
/// Content-Security-Policy and a Referrer-Policy.
struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};  ///< to HEAD only its length is told
  /// None of the above. Empty values and line breaks are mistakes: the client gets a 500.
  HttpFields headers = {};
};

/// `{"error": message}`. `message` is one line for the person who sent the request.
[[nodiscard]] HttpResponse error_response(int status, std::string_view message);

}  // namespace image_syncer
