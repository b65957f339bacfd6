#include <image_syncer/image/platform.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Patterns = std::vector<std::string>;

TEST(PlatformFilter, lists_of_os_and_architecture) {
  const Platform linux_amd64{"linux", "amd64", "", ""};
  const Platform linux_arm64{"linux", "arm64", "", ""};
  const Platform linux_arm64_v8{"linux", "arm64", "v8", ""};
  const Platform linux_arm64_v9{"linux", "arm64", "v9", ""};
  const Platform linux_arm_v7{"linux", "arm", "v7", ""};
  const Platform linux_arm{"linux", "arm", "", ""};
  const Platform windows{"windows", "amd64", "", "10.0.17763.1"};

  struct Case {
    std::string name;
    Patterns os;
    Patterns architecture;
    Platform platform;
    bool matches;
  };

  const Case cases[] = {
      {"empty filter", {}, {}, linux_amd64, true},
      {"os", {"linux"}, {}, linux_amd64, true},
      {"other os", {"windows"}, {}, linux_amd64, false},
      {"any of several", {"windows", "linux"}, {}, linux_amd64, true},
      {"architecture", {}, {"amd64"}, linux_amd64, true},
      {"architecture of any os", {}, {"amd64"}, windows, true},
      {"other architecture", {}, {"arm64"}, linux_amd64, false},
      {"both", {"linux"}, {"amd64"}, linux_amd64, true},
      {"os fits alone", {"linux"}, {"amd64"}, linux_arm64, false},
      {"architecture fits alone", {"linux"}, {"amd64"}, windows, false},
      {"alias in the pattern", {}, {"x86_64"}, linux_amd64, true},
      {"alias in the pattern, arm", {}, {"aarch64"}, linux_arm64, true},
      {"alias in the image", {}, {"arm64"}, {"linux", "aarch64", "", ""}, true},
      {"alias with variant", {}, {"aarch64:v8"}, linux_arm64_v8, true},
      {"case", {"Linux"}, {"AMD64"}, {"LINUX", "Amd64", "", ""}, true},
      {"blanks", {" linux "}, {}, linux_amd64, true},
      {"any variant", {}, {"arm64"}, linux_arm64_v8, true},
      {"any variant, none given", {}, {"arm64"}, linux_arm64, true},
      {"variant", {}, {"arm64:v8"}, linux_arm64_v8, true},
      {"arm64 without variant is v8", {}, {"arm64:v8"}, linux_arm64, true},
      {"other variant of arm64", {}, {"arm64:v8"}, linux_arm64_v9, false},
      {"v9 is not assumed", {}, {"arm64:v9"}, linux_arm64, false},
      {"arm variant", {}, {"arm:v7"}, linux_arm_v7, true},
      {"other arm variant", {}, {"arm:v6"}, linux_arm_v7, false},
      {"arm without variant", {}, {"arm:v7"}, linux_arm, false},
      {"arm is not arm64", {}, {"arm"}, linux_arm64, false},
      {"os.version", {"windows:10.0.17763.1"}, {}, windows, true},
      {"prefix of os.version", {"windows:10.0.17763"}, {}, windows, true},
      {"prefix not at a dot", {"windows:10.0.177"}, {}, windows, false},
      {"longer than os.version", {"windows:10.0.17763.12"}, {}, windows, false},
      {"other os.version", {"windows:10.0.20348"}, {}, windows, false},
      {"os.version wanted, none given", {"linux:5"}, {}, linux_amd64, false},
      {"any os.version", {"windows"}, {}, windows, true},
      {"unknown/unknown", {"linux"}, {}, {"unknown", "unknown", "", ""}, false},
      {"no platform at all", {"linux"}, {}, {}, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const PlatformFilter filter(c.os, c.architecture);
    EXPECT_EQ(filter.matches(c.platform), c.matches);
    EXPECT_EQ(filter.empty(), c.os.empty() && c.architecture.empty());
  }
}

TEST(PlatformFilter, from_platforms) {
  struct Case {
    std::string name;
    Patterns patterns;
    Platform platform;
    bool matches;
  };

  const Case cases[] = {
      {"no pattern", {}, {"linux", "amd64", "", ""}, true},
      {"pair", {"linux/amd64"}, {"linux", "amd64", "", ""}, true},
      {"second pair", {"linux/amd64", "linux/arm64"}, {"linux", "arm64", "v8", ""}, true},
      {"parts of two pairs", {"linux/amd64", "windows/arm64"}, {"linux", "arm64", "", ""}, false},
      {"variant", {"linux/arm/v7"}, {"linux", "arm", "v7", ""}, true},
      {"other variant", {"linux/arm/v7"}, {"linux", "arm", "v6", ""}, false},
      {"arm64 without variant is v8", {"linux/arm64/v8"}, {"linux", "arm64", "", ""}, true},
      {"os alone", {"linux"}, {"linux", "riscv64", "", ""}, true},
      {"other os", {"linux"}, {"windows", "amd64", "", ""}, false},
      {"alias", {"linux/x86_64"}, {"linux", "amd64", "", ""}, true},
      {"os with version", {"windows:10.0/amd64"}, {"windows", "amd64", "", "10.0.1"}, true},
      {"os with other version", {"windows:10.1/amd64"}, {"windows", "amd64", "", "10.0.1"}, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(PlatformFilter::from_platforms(c.patterns).matches(c.platform), c.matches);
  }
}

TEST(PlatformFilter, refuses_malformed_patterns) {
  struct Case {
    std::string name;
    Patterns os;
    Patterns architecture;
    Patterns platforms;
    std::string quoted;
    std::string cause;
  };

  const Case cases[] = {
      {"empty os", {""}, {}, {}, "\"\"", "empty"},
      {"blank os", {"  "}, {}, {}, "\"  \"", "empty"},
      {"empty version", {"windows:"}, {}, {}, "\"windows:\"", "empty"},
      {"version without os", {":10.0"}, {}, {}, "\":10.0\"", "empty"},
      {"slash in a list", {"linux/amd64"}, {}, {}, "\"linux/amd64\"", "only letters"},
      {"second of two", {"linux", "a b"}, {}, {}, "\"a b\"", "only letters"},
      {"star", {}, {"*"}, {}, "\"*\"", "only letters"},
      {"two variants", {}, {"arm:v7:v8"}, {}, "\"arm:v7:v8\"", "only letters"},
      {"four parts", {}, {}, {"linux/arm/v7/x"}, "\"linux/arm/v7/x\"", "os/architecture/variant"},
      {"empty architecture", {}, {}, {"linux/"}, "\"linux/\"", "empty"},
      {"colon for the variant", {}, {}, {"linux/arm:v7"}, "\"linux/arm:v7\"", "only letters"},
      {"empty platform", {}, {}, {""}, "\"\"", "empty"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string complaint;
    try {
      (void)PlatformFilter(c.os, c.architecture);
      (void)PlatformFilter::from_platforms(c.platforms);
    } catch (const Error& error) {
      complaint = error.message();
    }
    EXPECT_THAT(complaint,
                AllOf(HasSubstr(c.quoted + " is not a platform pattern"), HasSubstr(c.cause)));
  }
}

TEST(PlatformFilter, normalized_is_equal_for_equal_meanings) {
  struct Case {
    std::string name;
    PlatformFilter filter;
    std::string text;
  };

  const Case cases[] = {
      {"empty", {}, ""},
      {"one pair", {{"linux"}, {"amd64"}}, "linux/amd64"},
      {"one pair as platform", PlatformFilter::from_platforms({"Linux/x86_64"}), "linux/amd64"},
      {"os only", {{"linux"}, {}}, "linux/*"},
      {"os only as platform", PlatformFilter::from_platforms({"linux"}), "linux/*"},
      {"architecture only", {{}, {"aarch64:v8"}}, "*/arm64:v8"},
      {"order and repetition",
       {{"windows", "linux", "windows"}, {"amd64"}},
       "linux/amd64,windows/amd64"},
      {"product", {{"linux"}, {"arm64", "amd64"}}, "linux/amd64,linux/arm64"},
      {"covered variant", {{}, {"arm:v7", "arm"}}, "*/arm"},
      {"covered version", {{"windows:10.0.1", "windows:10.0", "windows:10"}, {}}, "windows:10/*"},
      {"version of the same digits",
       {{"windows:10", "windows:100"}, {}},
       "windows:10/*,windows:100/*"},
      {"covered pair", PlatformFilter::from_platforms({"linux/amd64", "linux"}), "linux/*"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.filter.normalized(), c.text);
  }
  EXPECT_EQ(PlatformFilter({"linux"}, {"amd64"}), PlatformFilter::from_platforms({"linux/x86_64"}));
  EXPECT_NE(PlatformFilter({"linux"}, {"amd64"}), PlatformFilter({"linux"}, {}));
}

}  // namespace
}  // namespace image_syncer
