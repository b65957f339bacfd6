#include <image_syncer/registry/rate_limit.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>

namespace image_syncer {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// Cuts the text up to the next `;` off.
std::string_view next_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view part = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

std::optional<RateLimit> parse_rate_limit(std::string_view value) {
  constexpr std::uint64_t kYear = 365ULL * 24 * 3600;
  const auto count = number(next_part(value));
  if (!count) {
    return std::nullopt;
  }
  RateLimit limit;
  limit.count = *count;
  while (!value.empty()) {
    const std::string_view part = next_part(value);
    if (part.starts_with("w=")) {
      if (const auto seconds = number(part.substr(2)); seconds && *seconds <= kYear) {
        limit.window = std::chrono::seconds(*seconds);
      }
    }
  }
  return limit;
}

}  // namespace image_syncer
