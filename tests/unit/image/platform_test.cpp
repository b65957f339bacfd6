#include <image_syncer/image/manifest.hpp>
#include <image_syncer/image/platform.hpp>

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(Platform, str) {
  EXPECT_EQ((Platform{"linux", "amd64", "", ""}).str(), "linux/amd64");
  EXPECT_EQ((Platform{"linux", "arm64", "v8", ""}).str(), "linux/arm64/v8");
  EXPECT_EQ((Platform{"windows", "amd64", "", "10.0.17763.1"}).str(), "windows/amd64 10.0.17763.1");
  EXPECT_EQ((Platform{"", "amd64", "", ""}).str(), "unknown/amd64");
}

TEST(Platform, of_a_config) {
  struct Case {
    std::string_view name;
    std::string_view config;
    std::optional<Platform> platform;
  };

  const Case cases[] = {
      {"image",
       R"({"architecture":"arm64","os":"linux","variant":"v8","rootfs":{"os":"x"}})",
       Platform{"linux", "arm64", "v8", ""}},
      {"windows",
       R"({"os.version":"10.0.1","os":"windows","architecture":"amd64"})",
       Platform{"windows", "amd64", "", "10.0.1"}},
      {"only an os", R"({"os":"linux"})", Platform{"linux", "", "", ""}},
      {"null fields", R"({"os":null,"architecture":null})", std::nullopt},
      {"empty fields", R"({"os":"","architecture":""})", std::nullopt},
      {"artifact", R"({"name":"chart"})", std::nullopt},
      {"empty config", "{}", std::nullopt},
      {"array", "[]", std::nullopt},
      {"wrong type", R"({"os":7,"architecture":"amd64"})", std::nullopt},
      {"twice", R"({"os":"linux","os":"windows"})", std::nullopt},
      {"no JSON", "\x1F\x8B binary", std::nullopt},
      {"nothing", "", std::nullopt},
      {"cut", R"({"os":"linux")", std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(platform_of_config(c.config), c.platform);
  }
}

}  // namespace
}  // namespace image_syncer
