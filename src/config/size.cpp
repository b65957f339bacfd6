#include <image_syncer/config/size.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>

namespace image_syncer {

namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr double kKibi = 1024;
constexpr double kKilo = 1000;

constexpr std::array<Unit, 11> kUnits = {{{"", 1},
                                          {"b", 1},
                                          {"k", kKibi},
                                          {"kib", kKibi},
                                          {"kb", kKilo},
                                          {"m", kKibi* kKibi},
                                          {"mib", kKibi* kKibi},
                                          {"mb", kKilo* kKilo},
                                          {"g", kKibi* kKibi* kKibi},
                                          {"gib", kKibi* kKibi* kKibi},
                                          {"gb", kKilo* kKilo* kKilo}}};

/// Above this a double no longer holds every integer; no buffer or rate comes near.
constexpr double kMaxBytes = 9007199254740992.0;

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  double number = 0;
  const char* const end = lower.data() + lower.size();
  const auto [after, error] = std::from_chars(lower.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) {
    return std::nullopt;
  }
  const std::string_view name =
      trim(std::string_view(after, static_cast<std::size_t>(end - after)));
  const auto* const unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == name; });
  if (unit == kUnits.end() || number * unit->bytes > kMaxBytes) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(number * unit->bytes);
}

}  // namespace image_syncer
