#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1). Scheme and parameter names are
/// lower case; of a repeated parameter the first counts.
struct Challenge {
  std::string scheme;
  std::map<std::string, std::string, std::less<>> parameters;

  /// The value of the parameter with this lower-case name; "" when absent.
  [[nodiscard]] std::string parameter(std::string_view name) const;
};

/// All challenges of all `WWW-Authenticate` lines of one response, in order. Takes everything that
/// servers send: several per line or header, odd case, unquoted values (also URLs), empty list
/// elements, token68, blanks around `=`; what cannot be read is skipped. A parameter at the start
/// of a line continues the challenge of the line before (RFC 9110 §5.3: lines are one list). Of
/// servers that answer 200 with a challenge the same function reads the offer. Throws nothing of
/// its own.
[[nodiscard]] std::vector<Challenge> parse_challenges(
    const std::vector<std::string>& header_values);

/// The one to use: the first Bearer with a realm when there is one, else the first Basic; absent
/// when neither is offered. Whether the realm may be asked is for the caller to decide.
[[nodiscard]] std::optional<Challenge> choose_challenge(const std::vector<Challenge>& challenges);

}  // namespace image_syncer
