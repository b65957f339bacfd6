#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kTokenChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
constexpr std::string_view kToken68Chars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

/// Reads one header line and adds to the list of challenges.
class LineReader {
 public:
  LineReader(std::string_view line, std::vector<Challenge>& challenges)
      : rest_(line),
        challenges_(challenges) {}

  void read() {
    bool after_comma = true;  // only there may a new scheme begin
    while (!rest_.empty()) {
      skip(kBlanks);
      if (take(',')) {
        after_comma = true;
      } else if (!read_parameter() && !(after_comma && read_scheme())) {
        skip_element();
      } else {
        after_comma = false;
      }
    }
  }

 private:
  std::string_view skip(std::string_view characters) {
    const std::size_t length = std::min(rest_.find_first_not_of(characters), rest_.size());
    const std::string_view skipped = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return skipped;
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  /// `name = value`; takes nothing when something else stands here.
  bool read_parameter() {
    const std::string_view begin = rest_;
    const std::string name = to_lower(skip(kTokenChars));
    skip(kBlanks);
    if (name.empty() || !take('=')) {
      rest_ = begin;
      return false;
    }
    skip(kBlanks);
    std::string value = read_value();
    if (!challenges_.empty()) {
      challenges_.back().parameters.emplace(name, std::move(value));
    }
    return true;
  }

  /// A quoted string, or everything up to a comma or blank: servers leave URLs unquoted.
  std::string read_value() {
    if (!take('"')) {
      const std::size_t length = std::min(rest_.find_first_of(" \t,"), rest_.size());
      std::string value(rest_.substr(0, length));
      rest_.remove_prefix(length);
      return value;
    }
    std::string value;
    while (!rest_.empty() && !take('"')) {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      }
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool read_scheme() {
    const std::string_view scheme = skip(kTokenChars);
    if (scheme.empty()) {
      return false;
    }
    challenges_.push_back({to_lower(scheme), {}});
    skip(kBlanks);
    skip_token68();
    return true;
  }

  /// `Negotiate YII…==`: what follows a scheme and ends at a comma without being a parameter.
  void skip_token68() {
    const std::string_view begin = rest_;
    skip(kToken68Chars);
    skip("=");
    skip(kBlanks);
    if (!rest_.empty() && rest_.front() != ',') {
      rest_ = begin;
    }
  }

  /// Up to the next comma outside quotes.
  void skip_element() {
    while (!rest_.empty() && rest_.front() != ',') {
      if (rest_.front() == '"') {
        read_value();
      } else {
        rest_.remove_prefix(1);
      }
    }
  }

  std::string_view rest_;
  std::vector<Challenge>& challenges_;
};

}  // namespace

std::string Challenge::parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& header_values) {
  std::vector<Challenge> challenges;
  for (const std::string& line : header_values) {
    LineReader(line, challenges).read();
  }
  return challenges;
}

std::optional<Challenge> choose_challenge(const std::vector<Challenge>& challenges) {
  const auto first = [&](auto&& usable) -> std::optional<Challenge> {
    const auto found = std::find_if(challenges.begin(), challenges.end(), usable);
    return found == challenges.end() ? std::nullopt : std::optional<Challenge>(*found);
  };
  if (auto bearer = first([](const Challenge& challenge) {
        return challenge.scheme == "bearer" && !challenge.parameter("realm").empty();
      })) {
    return bearer;
  }
  return first([](const Challenge& challenge) { return challenge.scheme == "basic"; });
}

}  // namespace image_syncer
