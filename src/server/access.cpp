#include <image_syncer/server/access.hpp>
#include <image_syncer/util/constant_time.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

struct Authority {
  std::string host;  // lower case; IPv6 with its brackets
  std::string port;  // "" = none given
};

// "host", "host:port", "[::1]:port".
Authority split_authority(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return {.host = to_lower(text), .port = {}};
  }
  return {.host = to_lower(text.substr(0, colon)), .port = std::string(text.substr(colon + 1))};
}

bool names_this_machine(const HttpRequest& request) {
  constexpr std::array<std::string_view, 3> kNames = {"localhost", "127.0.0.1", "[::1]"};
  const std::vector<std::string_view> hosts = request.headers_named("Host");
  return hosts.size() == 1 &&
         std::ranges::find(kNames, split_authority(hosts.front()).host) != kNames.end();
}

// Browsers leave a scheme's own port out, on both sides.
std::string port_of(const Authority& authority, std::string_view scheme) {
  if (!authority.port.empty()) {
    return authority.port;
  }
  return scheme == "https" ? "443" : "80";
}

// `origin`: that, or a URL of it.
bool is_own_origin(std::string_view origin, std::string_view host) {
  constexpr std::string_view kSeparator = "://";
  const auto at = origin.find(kSeparator);
  if (at == std::string_view::npos) {
    return false;  // "null": a sandbox, a file
  }
  const std::string scheme = to_lower(origin.substr(0, at));
  if (scheme != "http" && scheme != "https") {
    return false;
  }
  const std::string_view rest = origin.substr(at + kSeparator.size());
  const Authority theirs = split_authority(rest.substr(0, rest.find('/')));
  const Authority ours = split_authority(host);
  return theirs.host == ours.host && port_of(theirs, scheme) == port_of(ours, scheme);
}

// Of what a browser says of the page behind a request. `Referer` counts where nothing better is
// there: over plain http, by a name that is not this machine, browsers send no Sec-Fetch-Site, and
// no Origin with an image.
bool is_sent_by_foreign_page(const HttpRequest& request) {
  const std::vector<std::string_view> sites = request.headers_named("Sec-Fetch-Site");
  if (!std::ranges::all_of(
          sites, [](std::string_view site) { return site == "same-origin" || site == "none"; })) {
    return true;
  }
  std::vector<std::string_view> origins = request.headers_named("Origin");
  if (origins.empty() && sites.empty()) {
    origins = request.headers_named("Referer");
  }
  if (origins.empty()) {
    return false;
  }
  const std::vector<std::string_view> hosts = request.headers_named("Host");
  return origins.size() != 1 || hosts.size() != 1 || !is_own_origin(origins.front(), hosts.front());
}

HttpResponse unauthorized() {
  HttpResponse response = error_response(401, "username and password are needed");
  response.headers.emplace_back("WWW-Authenticate",
                                R"(Basic realm="image-syncer", charset="UTF-8")");
  return response;
}

}  // namespace

AccessGuard::AccessGuard(AccessCredentials credentials)
    : credentials_(std::move(credentials)) {}

std::optional<HttpResponse> AccessGuard::refusal(const HttpRequest& request, SentBy sent_by) const {
  const bool has_credentials = !credentials_.username.empty() || !credentials_.password.empty();
  if (has_credentials) {
    const std::vector<std::string_view> given = request.headers_named("Authorization");
    if (given.size() != 1 || !knows(given.front())) {
      return unauthorized();
    }
  } else if (!names_this_machine(request)) {
    return error_response(403,
                          "without auth.username and auth.password only localhost, 127.0.0.1 and "
                          "[::1] are answered");
  }
  if (sent_by == SentBy::own_page && is_sent_by_foreign_page(request)) {
    return error_response(403, "this request was caused by another site");
  }
  return std::nullopt;
}

bool AccessGuard::knows(std::string_view authorization) const {
  const auto blank = authorization.find(' ');
  if (blank == std::string_view::npos ||
      !equals_ignore_case(authorization.substr(0, blank), "Basic")) {
    return false;
  }
  const std::optional<std::string> pair = base64_decode(trim(authorization.substr(blank)));
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return false;
  }
  const std::string_view given = *pair;
  const bool right_user = equal_in_constant_time(given.substr(0, colon), credentials_.username);
  const bool right_password =
      equal_in_constant_time(given.substr(colon + 1), credentials_.password.reveal());
  return right_user && right_password;
}

HttpHandler guarded(CurrentGuard guard, HttpHandler handler, SentBy sent_by) {
  return [guard = std::move(guard), handler = std::move(handler), sent_by](
             const HttpRequest& request, Responder responder) {
    if (std::optional<HttpResponse> refusal = guard()->refusal(request, sent_by)) {
      responder.answer(std::move(*refusal));
      return;
    }
    handler(request, std::move(responder));
  };
}

}  // namespace image_syncer
