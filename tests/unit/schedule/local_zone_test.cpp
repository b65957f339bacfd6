#include "schedule/local_zone.hpp"

#include "support/scratch_dir.hpp"
#include <image_syncer/schedule/time_zone.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

// A machine with a small database and, at first, no zone of its own.
class LocalZone : public testing::Test {
 protected:
  LocalZone()
      : files_{folder_.file("etc-localtime"), folder_.file("zoneinfo")} {
    folder_.write("zoneinfo/Europe/Berlin", "TZif berlin");
    folder_.write("zoneinfo/Europe/Oslo", "TZif oslo..");
    folder_.write("zoneinfo/UTC", "TZif utc");
  }

  [[nodiscard]] std::string name(const std::optional<std::string>& variable = std::nullopt) const {
    const auto environment = [&](const std::string& asked) {
      return asked == "TZ" ? variable : std::nullopt;
    };
    return local_zone_name(environment, files_, [] {
      return std::vector<std::string>{"UTC", "Europe/Gone", "Europe/Berlin", "Europe/Oslo"};
    });
  }

  [[nodiscard]] std::string error_of(
      const std::optional<std::string>& variable = std::nullopt) const {
    try {
      return "no error but " + name(variable);
    } catch (const TimeZoneError& error) {
      return error.message();
    }
  }

  ScratchDir folder_;
  LocalZoneFiles files_;
};

TEST_F(LocalZone, IsUtcWithoutAnyFile) {
  EXPECT_EQ(name(), "UTC");
}

TEST_F(LocalZone, IsWhatTheLinkPointsTo) {
  std::filesystem::create_symlink("/usr/share/zoneinfo/Europe/Berlin", files_.link);
  EXPECT_EQ(name(), "Europe/Berlin");
}

TEST_F(LocalZone, IsFoundInARelativeLink) {
  std::filesystem::create_symlink("../usr/share/zoneinfo/America/Argentina/Salta", files_.link);
  EXPECT_EQ(name(), "America/Argentina/Salta");
}

TEST_F(LocalZone, IsFoundInTheCopiesOfTheDatabase) {
  std::filesystem::create_symlink("/usr/share/zoneinfo/posix/Europe/Berlin", files_.link);
  EXPECT_EQ(name(), "Europe/Berlin");
}

TEST_F(LocalZone, IsTheFileOfTheDatabaseWithTheSameBytes) {
  folder_.write("etc-localtime", "TZif oslo..");
  EXPECT_EQ(name(), "Europe/Oslo");
}

TEST_F(LocalZone, IsFoundBehindALinkToElsewhere) {
  std::filesystem::create_symlink(folder_.write("somewhere", "TZif oslo.."), files_.link);
  EXPECT_EQ(name(), "Europe/Oslo");
}

TEST_F(LocalZone, IsUtcWhenTheLinkLeadsNowhere) {
  std::filesystem::create_symlink(folder_.file("nowhere"), files_.link);
  EXPECT_EQ(name(), "UTC");
}

TEST_F(LocalZone, IsAnErrorWhenTheFileIsNoneOfTheDatabase) {
  folder_.write("etc-localtime", "TZif other.");
  EXPECT_EQ(error_of(),
            files_.link.string() +
                " is no link into the time zone database and equals none of its files, so the "
                "machine's time zone has no name; name the time zone, such as Europe/Berlin");
}

TEST_F(LocalZone, IsTheVariableBeforeTheLink) {
  std::filesystem::create_symlink("/usr/share/zoneinfo/Europe/Berlin", files_.link);
  EXPECT_EQ(name("Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(name(":Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(name("EST5EDT"), "EST5EDT");
  EXPECT_EQ(name("Etc/GMT+5"), "Etc/GMT+5");
  EXPECT_EQ(name("/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(name(""), "UTC");
}

TEST_F(LocalZone, IsTheLinkThatTheVariableNames) {
  std::filesystem::create_symlink("/usr/share/zoneinfo/Europe/Berlin", files_.link);
  EXPECT_EQ(name(":" + files_.link.string()), "Europe/Berlin");
}

TEST_F(LocalZone, IsAnErrorWhenTheVariableHoldsRules) {
  EXPECT_EQ(error_of("CET-1CEST,M3.5.0,M10.5.0/3"),
            "the variable TZ holds rules (CET-1CEST,M3.5.0,M10.5.0/3) instead of a name; name the "
            "time zone, such as Europe/Berlin");
  EXPECT_EQ(error_of("<+03>-3"),
            "the variable TZ holds rules (<+03>-3) instead of a name; name the time zone, such as "
            "Europe/Berlin");
}

TEST_F(LocalZone, IsAnErrorWhenTheVariableNamesAFileElsewhere) {
  EXPECT_EQ(error_of("/srv/zone"),
            "the variable TZ names the file /srv/zone, which is not in a time zone database; name "
            "the time zone, such as Europe/Berlin");
}

}  // namespace
}  // namespace image_syncer
