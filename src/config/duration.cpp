#include <image_syncer/config/duration.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace image_syncer {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};

constexpr std::array<Unit, 5> kUnits = {
    {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86'400}}};

constexpr std::int64_t kMaxSeconds = 100LL * 366 * 86'400;

/// Absent when it is none.
std::optional<std::int64_t> seconds_of(std::string_view unit) {
  const auto* const found = std::find_if(
      kUnits.begin(), kUnits.end(), [unit](const Unit& known) { return known.name == unit; });
  return found == kUnits.end() ? std::nullopt : std::optional(found->seconds);
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text,
                                                   std::chrono::seconds unit) {
  const std::string lower = to_lower(trim(text));
  const bool is_number_alone = lower.find_first_not_of("0123456789") == std::string::npos;
  std::string_view rest = lower;
  std::int64_t total = 0;
  do {
    std::int64_t number = 0;
    const auto [after, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0 || number > kMaxSeconds) {
      return std::nullopt;
    }
    rest.remove_prefix(static_cast<std::size_t>(after - rest.data()));
    const std::size_t end = std::min(rest.find_first_of("-0123456789"), rest.size());
    const std::optional<std::int64_t> seconds =
        is_number_alone ? unit.count() : seconds_of(trim(rest.substr(0, end)));
    if (!seconds || number > kMaxSeconds / *seconds) {
      return std::nullopt;
    }
    total += number * *seconds;
    rest.remove_prefix(end);
  } while (!rest.empty());
  return total <= kMaxSeconds ? std::optional(std::chrono::seconds(total)) : std::nullopt;
}

}  // namespace image_syncer
