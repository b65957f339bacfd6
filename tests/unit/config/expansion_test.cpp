#include "config/expansion.hpp"

#include "load_helper.hpp"
#include "support/scratch_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Environment environment() {
  return environment_of({{"USER_NAME", "alice"},
                         {"PASSWORD", "p$x${env:USER_NAME}"},
                         {"EMPTY", ""},
                         {"_x1", "under"}});
}

struct ValueCase {
  std::string name;
  std::string text;
  std::string expanded;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

class Value : public ::testing::TestWithParam<ValueCase> {};

TEST_P(Value, IsExpanded) {
  const Expansion result = expand_value(GetParam().text, environment());
  EXPECT_EQ(result.errors, GetParam().errors);
  EXPECT_EQ(result.warnings, GetParam().warnings);
  if (GetParam().errors.empty()) {
    EXPECT_EQ(result.text, GetParam().expanded);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Whole,
    Value,
    ::testing::Values(
        ValueCase{"bare", "$USER_NAME", "alice", {}, {}},
        ValueCase{"braces", "${USER_NAME}", "alice", {}, {}},
        ValueCase{"underscore", "$_x1", "under", {}, {}},
        ValueCase{"set_but_empty", "${EMPTY}", "", {}, {}},
        ValueCase{"never_twice", "${PASSWORD}", "p$x${env:USER_NAME}", {}, {}},
        ValueCase{"unset", "${NOPE}", "", {"environment variable NOPE is not set"}, {}},
        ValueCase{"unset_bare", "$NOPE", "", {"environment variable NOPE is not set"}, {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Anywhere,
    Value,
    ::testing::Values(
        ValueCase{"within", "robot-${env:USER_NAME}!", "robot-alice!", {}, {}},
        ValueCase{"twice", "${env:USER_NAME}${env:_x1}", "aliceunder", {}, {}},
        ValueCase{"not_again", "${env:PASSWORD}", "p$x${env:USER_NAME}", {}, {}},
        ValueCase{"after_a_dollar", "a$${env:USER_NAME}", "a$alice", {}, {}},
        ValueCase{"unset", "a${env:NOPE}", "", {"environment variable NOPE is not set"}, {}},
        ValueCase{"no_name", "${env:}", "", {"\"\" is no name of a variable"}, {}},
        ValueCase{"bad_name", "${env:A B}", "", {"\"A B\" is no name of a variable"}, {}},
        ValueCase{"unclosed", "x${env:USER_NAME", "", {"${env: without its }"}, {}},
        ValueCase{"unclosed_file", "${file:/x", "", {"${file: without its }"}, {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Stays,
    Value,
    ::testing::Values(
        ValueCase{"robot", "robot$ci", "robot$ci", {}, {}},
        ValueCase{"two_dollars_within", "pa$$w0rd", "pa$$w0rd", {}, {}},
        ValueCase{"leading_pair", "$$ecret", "$ecret", {}, {}},
        ValueCase{"leading_pair_of_a_name", "$$USER_NAME", "$USER_NAME", {}, {}},
        ValueCase{"leading_pair_before_braces", "$${env:USER_NAME}", "${env:USER_NAME}", {}, {}},
        ValueCase{"three_dollars", "$$$x", "$$x", {}, {}},
        ValueCase{"dollar_alone", "$", "$", {}, {}},
        ValueCase{"digit", "$1", "$1", {}, {}},
        ValueCase{"trailing", "abc$", "abc$", {}, {}},
        ValueCase{"empty_braces", "a${}b", "a${}b", {}, {}},
        ValueCase{"unclosed_brace", "a${b", "a${b", {}, {}},
        ValueCase{"plain", "secret", "secret", {}, {}},
        ValueCase{"empty", "", "", {}, {}},
        ValueCase{"looks_like_one",
                  "pre${USER_NAME}",
                  "pre${USER_NAME}",
                  {},
                  {"${USER_NAME} is not replaced within a longer value: write ${env:USER_NAME}"}}),
    CaseName());

TEST(ExpandValue, KeepsAnUnsetVariableOfTheSingleFile) {
  const Expansion result = expand_value("$ecret", environment(), Unset::keep);
  EXPECT_EQ(result.text, "$ecret");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(
      result.warnings,
      ElementsAre("environment variable ecret is not set: the value stays as it is written"));
}

TEST(ExpandValue, TellsWhatWasPutIn) {
  const Expansion result = expand_value("${env:USER_NAME}:${env:_x1}", environment());
  EXPECT_TRUE(result.changed);
  EXPECT_THAT(result.variables, ElementsAre("USER_NAME", "_x1"));
  EXPECT_THAT(result.inserted, ElementsAre("alice", "under"));
  EXPECT_FALSE(expand_value("$$x", environment()).changed);
}

TEST(ExpandValue, ReadsFiles) {
  const ScratchDir folder;
  const auto value = [&folder](const std::string& content) {
    const std::string path = folder.write("secret", content).string();
    return expand_value("<${file:" + path + "}>", environment());
  };
  EXPECT_EQ(value("s3cret\n").text, "<s3cret>");
  EXPECT_EQ(value("s3cret\r\n").text, "<s3cret>");
  EXPECT_EQ(value("two\n\n").text, "<two\n>");
  EXPECT_EQ(value("$USER_NAME").text, "<$USER_NAME>");
  EXPECT_EQ(value("").text, "<>");
  EXPECT_EQ(value(std::string(65'536, 'x')).errors.size(), 0U);
  EXPECT_EQ(value(std::string(65'537, 'x')).errors.size(), 1U);
}

TEST(ExpandValue, NamesAMissingFile) {
  const Expansion result = expand_value("${file:/nonexistent/secret}", environment());
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_THAT(result.errors.front(), ::testing::HasSubstr("/nonexistent/secret"));
  EXPECT_EQ(expand_value("${file:/}", environment()).errors.size(), 1U) << "a folder is no file";
}

struct DestinationCase {
  std::string name;
  std::string text;
  std::string expanded;
  std::vector<std::string> errors;
};

class DestinationText : public ::testing::TestWithParam<DestinationCase> {};

TEST_P(DestinationText, IsExpanded) {
  const Expansion result = expand_destination(GetParam().text, environment(), {"PASSWORD"});
  EXPECT_EQ(result.errors, GetParam().errors);
  EXPECT_THAT(result.warnings, IsEmpty());
  if (GetParam().errors.empty()) {
    EXPECT_EQ(result.text, GetParam().expanded);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DestinationText,
    ::testing::Values(
        DestinationCase{"braces", "reg/${USER_NAME}/x", "reg/alice/x", {}},
        DestinationCase{"bare", "reg/$USER_NAME/x:$_x1", "reg/alice/x:under", {}},
        DestinationCase{"bare_at_the_end", "reg/$USER_NAME", "reg/alice", {}},
        DestinationCase{"env", "reg/${env:USER_NAME}/x", "reg/alice/x", {}},
        DestinationCase{"none", "reg/x:y", "reg/x:y", {}},
        DestinationCase{"two_unset",
                        "$A/${B}",
                        "",
                        {"environment variable A is not set", "environment variable B is not set"}},
        DestinationCase{"file",
                        "reg/${file:/etc/passwd}",
                        "",
                        {"${file:} is refused in a destination: its content would be sent as part "
                         "of a URL"}},
        DestinationCase{"credential",
                        "reg/${PASSWORD}",
                        "",
                        {"variable PASSWORD holds a credential and would be sent as part of a URL: "
                         "use another one"}},
        DestinationCase{"credential_bare",
                        "reg/$PASSWORD/x",
                        "",
                        {"variable PASSWORD holds a credential and would be sent as part of a URL: "
                         "use another one"}},
        DestinationCase{"credential_env",
                        "reg/${env:PASSWORD}/x",
                        "",
                        {"variable PASSWORD holds a credential and would be sent as part of a URL: "
                         "use another one"}},
        DestinationCase{"stray", "reg/$/x", "", {"a $ that begins no variable"}},
        DestinationCase{"unclosed", "reg/${USER", "", {"${ without its }"}},
        DestinationCase{"bad_name", "reg/${a-b}", "", {"\"a-b\" is no name of a variable"}},
        DestinationCase{"pair", "reg/$$USER_NAME", "", {"a $ that begins no variable"}}),
    CaseName());

}  // namespace
}  // namespace image_syncer
