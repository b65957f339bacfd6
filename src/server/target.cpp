#include "server/target.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace image_syncer {
namespace {

// A form's blanks, which percent-encoding does not know.
std::optional<std::string> form_decode(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '+', ' ');
  return percent_decode(blanks);
}

bool parse_query(std::string_view raw, HttpFields& query) {
  for (const std::string_view pair : split(raw, '&')) {
    if (pair.empty()) {
      continue;
    }
    const auto equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = form_decode(pair.substr(0, equals));
    std::optional<std::string> value = form_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
      return false;
    }
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      result += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + digits.size()) {
      return std::nullopt;
    }
    result += static_cast<char>(byte);
    at += 2;
  }
  // What it would have to replace is what must not be here.
  if (printable(result, std::string::npos) != result) {
    return std::nullopt;
  }
  return result;
}

std::optional<Target> parse_target(std::string_view raw) {
  if (!raw.starts_with('/')) {
    return std::nullopt;
  }
  Target target;
  const auto question = std::min(raw.find('?'), raw.size());
  for (const std::string_view segment : split(raw.substr(1, question - 1), '/')) {
    std::optional<std::string> decoded = percent_decode(segment);
    if (!decoded) {
      return std::nullopt;
    }
    target.segments.push_back(std::move(*decoded));
  }
  if (question < raw.size() && !parse_query(raw.substr(question + 1), target.query)) {
    return std::nullopt;
  }
  return target;
}

}  // namespace image_syncer
