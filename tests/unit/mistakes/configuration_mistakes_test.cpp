#include "unit/mistakes/mistake_fixture.hpp"

namespace image_syncer {
namespace {

struct WrongFile {
  const char* title;
  const char* auth;
  const char* images;
};

class ConfigurationMistake : public MistakeTest, public testing::WithParamInterface<WrongFile> {};

TEST_P(ConfigurationMistake, IsExplained) {
  write("auth.yaml", GetParam().auth);
  write("images.yaml", GetParam().images);
  expect_explained(GetParam().title, run());
}

constexpr const char* kGoodImages = "source.example/app:v1: target.example/app\n";

INSTANTIATE_TEST_SUITE_P(
    Files,
    ConfigurationMistake,
    testing::Values(
        WrongFile{"A file is no YAML", "target.example: {username: a\n", kGoodImages},
        WrongFile{"A variable is not set",
                  "target.example: {username: alice, password: \"${REGISTRY_PASSWORD}\"}\n",
                  kGoodImages},
        WrongFile{"A secret's file is missing",
                  "target.example: {username: alice, password: \"${file:/run/secrets/absent}\"}\n",
                  kGoodImages},
        WrongFile{"The list of images is empty", "{}\n", "{}\n"},
        WrongFile{"A repository has upper-case letters",
                  "{}\n",
                  "source.example/App:v1: target.example/app\n"},
        WrongFile{"A regular expression is wrong",
                  "{}\n",
                  "source.example/app:/v[1/: target.example/app\n"},
        WrongFile{"Two rules write the same tag",
                  "{}\n",
                  "source.example/app:v1: target.example/app:stable\n"
                  "source.example/other:v1: target.example/app:stable\n"}));

class ConfigurationFileMistake : public MistakeTest {};

TEST_F(ConfigurationFileMistake, MisspeltKey) {
  FakeRegistry source;
  FakeRegistry target;
  prepare(source, target, ", usename: alice, password: secret-7391");
  expect_explained("A key is misspelt", run());
}

TEST_F(ConfigurationFileMistake, MissingFile) {
  write("auth.yaml", "{}\n");
  expect_explained("A file does not exist", run());
}

}  // namespace
}  // namespace image_syncer
