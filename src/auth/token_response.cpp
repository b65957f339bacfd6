#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/util/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace image_syncer {

namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr int kDeepest = 8;
constexpr seconds kDefaultLifetime{60};
constexpr seconds kLongestLifetime = std::chrono::hours(24 * 365);

/// Not an object, or null, when the body is no JSON.
json parse_shallow(std::string_view body) {
  const json::parser_callback_t bounded = [](int depth, json::parse_event_t, json&) {
    return depth <= kDeepest;
  };
  return json::parse(body, bounded, false);
}

std::string string_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Some servers send the number as a string, or with a fraction.
seconds lifetime_of(const json& answer) {
  const auto found = answer.find("expires_in");
  if (found == answer.end()) {
    return kDefaultLifetime;
  }
  double given = 0;
  if (found->is_number()) {
    given = found->get<double>();
  } else if (found->is_string()) {
    const json number = parse_shallow(found->get_ref<const std::string&>());
    given = number.is_number() ? number.get<double>() : 0;
  }
  if (!(given > 0)) {
    return kDefaultLifetime;
  }
  const auto longest = static_cast<double>(kLongestLifetime.count());
  return std::max(seconds(1), seconds(static_cast<seconds::rep>(std::min(given, longest))));
}

/// A token becomes part of a header line.
bool is_header_safe(const std::string& token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Token parse_token_response(std::string_view body, Clock::time_point received) {
  const json answer = parse_shallow(body);
  if (!answer.is_object()) {
    throw Error("the token server's answer is not a JSON object", Retry::later);
  }
  std::string value = string_member(answer, "token");
  if (value.empty()) {
    value = string_member(answer, "access_token");
  }
  if (value.empty()) {
    throw Error("the token server's answer holds neither \"token\" nor \"access_token\"",
                Retry::later);
  }
  if (!is_header_safe(value)) {
    throw Error("the token server's token holds characters that no token may have", Retry::later);
  }
  return {Secret(std::move(value)), received, lifetime_of(answer), 0};
}

Secret parse_refresh_token(std::string_view body) {
  const json answer = parse_shallow(body);
  return Secret(answer.is_object() ? string_member(answer, "refresh_token") : std::string());
}

}  // namespace image_syncer
