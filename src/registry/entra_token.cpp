#include "registry/entra_token.hpp"

#include "registry/token_request.hpp"
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace image_syncer {
namespace {

using nlohmann::json;

constexpr int kDeepest = 8;
constexpr std::string_view kRealmPath = "/oauth2/token";
constexpr std::string_view kExchangePath = "/oauth2/exchange";
// With the two of national clouds.
constexpr std::array<std::string_view, 5> kIssuers{"https://sts.windows.net/",
                                                   "https://login.microsoftonline.com/",
                                                   "https://login.microsoftonline.us/",
                                                   "https://sts.chinacloudapi.cn/",
                                                   "https://login.chinacloudapi.cn/"};

// The claims of a JWT (RFC 7519 §3); not an object, or null, when it is none.
json claims_of(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) {
    return {};
  }
  const auto text = base64_decode(token.substr(first + 1, second - first - 1));
  const json::parser_callback_t bounded = [](int depth, json::parse_event_t, json&) {
    return depth <= kDeepest;
  };
  return text ? json::parse(*text, bounded, false) : json();
}

}  // namespace

bool is_entra_token(const Secret& secret) {
  const json claims = claims_of(secret.reveal());
  const auto issuer = claims.is_object() ? claims.find("iss") : claims.end();
  return issuer != claims.end() && issuer->is_string() &&
         std::any_of(kIssuers.begin(), kIssuers.end(), [&issuer](std::string_view known) {
           return issuer->get_ref<const std::string&>().starts_with(known);
         });
}

std::optional<Request> entra_exchange(const std::string& realm,
                                      const std::string& service,
                                      const Secret& access_token) {
  if (!realm.ends_with(kRealmPath)) {
    return std::nullopt;
  }
  return token_form(realm.substr(0, realm.size() - kRealmPath.size()) + std::string(kExchangePath),
                    {{"grant_type", "access_token"},
                     {"service", service},
                     {"access_token", access_token.reveal()}});
}

}  // namespace image_syncer
