#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

class UsageTest : public SyncFixture {
 protected:
  void SetUp() override {}  // needs no registry
};

TEST_F(UsageTest, WrongUseEndsWithCodeTwoAndSaysWhy) {
  struct Case {
    const char* name;
    std::vector<std::string> arguments;
    const char* complaint;
  };

  write("good.yaml", "127.0.0.1:1/a:v1: 127.0.0.1:1/b\n");
  write("bad.yaml", "quay.io/a/b:v1,: reg.example/b\n");
  write("broken.yaml", "a: [b\n");
  const Case cases[] = {
      {"missing file", {"--images", "absent.yaml"}, "absent.yaml"},
      {"bad rule", {"--images", "bad.yaml"}, "bad.yaml:1:1: "},
      {"bad YAML", {"--images", "broken.yaml"}, "broken.yaml:2:1: "},
      {"unknown flag", {"--images", "good.yaml", "--imagse"}, "--imagse"},
      {"unusable record", {"--images", "good.yaml", "--db", "absent/x.db"}, "absent/x.db"},
      {"no arguments", {}, "no configs/sync.yaml here"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> all{IMAGE_SYNCER_BINARY};
    all.insert(all.end(), c.arguments.begin(), c.arguments.end());
    const auto out = run_process(all, options());
    EXPECT_EQ(out.exit_code, 2) << c.name << ": " << out.err;
    EXPECT_THAT(out.err, HasSubstr(c.complaint)) << c.name;
    EXPECT_EQ(out.out, "") << c.name;
  }
}

class OldFileTest : public SyncFixture {};

TEST_F(OldFileTest, TheOldSingleFileWorks) {
  const RealRegistry source;
  const RealRegistry target;
  const auto image = build_image({});
  source.client().push("app", "v1", image);
  write("config.json",
        R"({"auth": {")" + source.host() + R"(": {"insecure": true}, ")" + target.host() +
            R"(": {"insecure": true}}, "images": {")" + source.host() + R"(/app:v1": ")" +
            target.host() + R"(/copy"}})");
  const auto out = run({"--config", "config.json"});
  ASSERT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_EQ(target.client().lacks("copy", "v1", image), "");
}

}  // namespace
}  // namespace image_syncer
