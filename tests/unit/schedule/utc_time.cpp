#include "unit/schedule/utc_time.hpp"

#include <image_syncer/util/text.hpp>

#include <chrono>
#include <stdexcept>

namespace image_syncer {

Clock::wall_time utc(const std::string& text) {
  const auto number = [&](std::size_t at, std::size_t length) {
    return std::stoi(text.substr(at, length));
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const Clock::wall_time time = std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
                                std::chrono::minutes(number(14, 2)) +
                                std::chrono::seconds(number(17, 2));
  if (format_utc(time) != text) {
    throw std::invalid_argument("not a time: " + text);
  }
  return time;
}

}  // namespace image_syncer
