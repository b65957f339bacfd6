#include "observe/count_text.hpp"

namespace image_syncer {

std::string group_digits(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
  return group_digits(number) + " " + std::string(number == 1 ? singular : plural);
}

}  // namespace image_syncer
