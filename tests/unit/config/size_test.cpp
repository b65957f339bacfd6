#include "load_helper.hpp"
#include <image_syncer/config/size.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

struct SizeCase {
  std::string name;
  std::string text;
  std::optional<std::uint64_t> bytes;
};

class Size : public ::testing::TestWithParam<SizeCase> {};

TEST_P(Size, IsRead) {
  EXPECT_EQ(parse_size(GetParam().text), GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(All,
                         Size,
                         ::testing::Values(SizeCase{"bytes", "1048576", 1048576},
                                           SizeCase{"zero", "0", 0},
                                           SizeCase{"with_b", "12B", 12},
                                           SizeCase{"kibi", "512KiB", 524288},
                                           SizeCase{"kibi_short", "512k", 524288},
                                           SizeCase{"kilo", "512KB", 512000},
                                           SizeCase{"mebi", "10MiB", 10485760},
                                           SizeCase{"mebi_short", "10M", 10485760},
                                           SizeCase{"mega", "10MB", 10000000},
                                           SizeCase{"gibi", "2GiB", 2147483648},
                                           SizeCase{"fraction", "1.5GiB", 1610612736},
                                           SizeCase{"blank_before_unit", " 10 mib ", 10485760},
                                           SizeCase{"empty", "", std::nullopt},
                                           SizeCase{"unit_alone", "MiB", std::nullopt},
                                           SizeCase{"unknown_unit", "10XB", std::nullopt},
                                           SizeCase{"trailing", "10MiB/s", std::nullopt},
                                           SizeCase{"negative", "-1", std::nullopt},
                                           SizeCase{"exponent", "1e3", std::nullopt},
                                           SizeCase{"infinite", "inf", std::nullopt},
                                           SizeCase{"not_a_number", "nan", std::nullopt},
                                           SizeCase{"too_large", "99999999GiB", std::nullopt}),
                         CaseName());

}  // namespace
}  // namespace image_syncer
