#include "config/rule_grammar.hpp"

#include "load_helper.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

const std::string some_digest = "sha256:" + std::string(64, 'a');
const std::string other_digest = "sha256:" + std::string(64, 'b');

/// One source with one destination, as lines like "quay.io/a/b:v1 -> reg.example/x:w1".
std::string rule_line(const std::string& source, const std::string& destination) {
  SyncConfig config;
  Rule rule;
  RuleSource parsed = parse_rule_source(source, check_parentheses);
  rule.source = parsed.repository;
  rule.selection = parsed.selection;
  rule.destinations.push_back(parse_rule_destination(destination, rule.selection));
  config.rules.push_back(rule);
  return rule_lines(config).front();
}

struct GoodRule {
  std::string name;
  std::string source;
  std::string destination;
  std::string line;
};

class Grammar : public ::testing::TestWithParam<GoodRule> {};

TEST_P(Grammar, Accepts) {
  EXPECT_EQ(rule_line(GetParam().source, GetParam().destination), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Rule2EveryTag,
    Grammar,
    ::testing::Values(
        GoodRule{
            "repository", "quay.io/a/b", "reg.example/a/b", "quay.io/a/b:* -> reg.example/a/b"},
        GoodRule{
            "with_port", "localhost:5000/a", "[::1]:5000/b", "localhost:5000/a:* -> [::1]:5000/b"},
        GoodRule{
            "blanks_around", "  quay.io/a/b ", " r.example/x ", "quay.io/a/b:* -> r.example/x"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule3Tags,
    Grammar,
    ::testing::Values(
        GoodRule{"one", "quay.io/a/b:v1", "r.example/x", "quay.io/a/b:v1 -> r.example/x"},
        GoodRule{"list", "quay.io/a/b:v1,v2", "r.example/x", "quay.io/a/b:v1,v2 -> r.example/x"},
        GoodRule{"blanks",
                 "quay.io/a/b:v1 , v2 ,v3",
                 "r.example/x",
                 "quay.io/a/b:v1,v2,v3 -> r.example/x"},
        GoodRule{"later_digest",
                 "quay.io/a/b:v1,sha256:" + std::string(64, 'a'),
                 "r.example/x",
                 "quay.io/a/b:v1,sha256:aaaaaaaaaaaa -> r.example/x"},
        GoodRule{"with_port",
                 "localhost:5000/a:v1,v2",
                 "r.example/x",
                 "localhost:5000/a:v1,v2 -> r.example/x"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule4Digest,
    Grammar,
    ::testing::Values(GoodRule{"kept",
                               "quay.io/a/b@" + some_digest,
                               "r.example/x",
                               "quay.io/a/b:sha256:aaaaaaaaaaaa -> r.example/x"},
                      GoodRule{
                          "the_same",
                          "quay.io/a/b@" + some_digest,
                          "r.example/x@" + some_digest,
                          "quay.io/a/b:sha256:aaaaaaaaaaaa -> r.example/x:sha256:aaaaaaaaaaaa"},
                      GoodRule{"given_a_tag",
                               "quay.io/a/b@" + some_digest,
                               "r.example/x:v1",
                               "quay.io/a/b:sha256:aaaaaaaaaaaa -> r.example/x:v1"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(Rule5Expression,
                         Grammar,
                         ::testing::Values(GoodRule{"plain",
                                                    R"(quay.io/a/b:/^v1\./)",
                                                    "r.example/x",
                                                    R"(quay.io/a/b:/^v1\./ -> r.example/x)"},
                                           GoodRule{"with_slashes_commas_colons",
                                                    "quay.io/a/b:/a/b,c{1,2}:/d/",
                                                    "r.example/x",
                                                    "quay.io/a/b:/a/b,c{1,2}:/d/ -> r.example/x"},
                                           GoodRule{"with_dollar_and_blanks",
                                                    "quay.io/a/b:/^v1 $/",
                                                    "r.example/x",
                                                    "quay.io/a/b:/^v1 $/ -> r.example/x"},
                                           GoodRule{"with_port",
                                                    "localhost:5000/a:/x/",
                                                    "r.example/x",
                                                    "localhost:5000/a:/x/ -> r.example/x"},
                                           GoodRule{
                                               "on_docker_hub",
                                               "nginx:/alpine/",
                                               "r.example/x",
                                               "docker.io/library/nginx:/alpine/ -> r.example/x"}),
                         CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule7Names,
    Grammar,
    ::testing::Values(
        GoodRule{"one", "quay.io/a/b:v1", "r.example/x:w1", "quay.io/a/b:v1 -> r.example/x:w1"},
        GoodRule{"left_to_right",
                 "quay.io/a/b:v1,v2",
                 "r.example/x:b, a",
                 "quay.io/a/b:v1,v2 -> r.example/x:b,a"},
        GoodRule{"one_source_two_names",
                 "quay.io/a/b:v1,v1",
                 "r.example/x:a,b",
                 "quay.io/a/b:v1,v1 -> r.example/x:a,b"},
        GoodRule{"digest_keeps_its_own",
                 "quay.io/a/b:v1,sha256:" + std::string(64, 'a'),
                 "r.example/x:w1,sha256:" + std::string(64, 'a'),
                 "quay.io/a/b:v1,sha256:aaaaaaaaaaaa -> r.example/x:w1,sha256:aaaaaaaaaaaa"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    ShortNames,
    Grammar,
    ::testing::Values(
        GoodRule{"official", "nginx", "r.example/x", "docker.io/library/nginx:* -> r.example/x"},
        GoodRule{"official_tag",
                 "nginx:1.25",
                 "r.example/x",
                 "docker.io/library/nginx:1.25 -> r.example/x"},
        GoodRule{"user", "alice/app", "r.example/x", "docker.io/alice/app:* -> r.example/x"},
        GoodRule{"index_host",
                 "index.docker.io/nginx",
                 "r.example/x",
                 "docker.io/library/nginx:* -> r.example/x"},
        GoodRule{"registry_1",
                 "registry-1.docker.io/alice/app",
                 "r.example/x",
                 "docker.io/alice/app:* -> r.example/x"},
        GoodRule{"alias_is_a_plain_host",
                 "registry.hub.docker.com/library/nginx",
                 "r.example/x",
                 "registry.hub.docker.com/library/nginx:* -> r.example/x"},
        GoodRule{
            "destination", "quay.io/a/b", "alice/app", "quay.io/a/b:* -> docker.io/alice/app"}),
    CaseName());

struct BadRule {
  std::string name;
  std::string source;
  std::string destination;
  std::string message;
};

class GrammarError : public ::testing::TestWithParam<BadRule> {};

TEST_P(GrammarError, Says) {
  try {
    ADD_FAILURE() << "accepted: " << rule_line(GetParam().source, GetParam().destination);
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), GetParam().message);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rule1Empty,
    GrammarError,
    ::testing::Values(BadRule{"source", " ", "r.example/x", "the source is empty"},
                      BadRule{"destination", "quay.io/a/b", "", "the destination is empty"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule3Tags,
    GrammarError,
    ::testing::Values(
        BadRule{"empty_item", "quay.io/a/b:v1,,v2", "r.example/x", "an empty item between commas"},
        BadRule{"trailing_comma", "quay.io/a/b:v1,", "r.example/x", "an empty item between commas"},
        BadRule{"no_first_tag",
                "quay.io/a/b,v2",
                "r.example/x",
                "a list of tags begins with repository:tag"},
        BadRule{"bad_tag",
                "quay.io/a/b:v1,-v2",
                "r.example/x",
                "\"-v2\" is neither a tag nor a digest"},
        BadRule{"half_a_digest",
                "quay.io/a/b:v1,sha256:abc",
                "r.example/x",
                "\"sha256:abc\" is neither a tag nor a digest"},
        BadRule{
            "two_repositories",
            "quay.io/a/b:v1,quay.io/a/c:v1",
            "r.example/x",
            "\"quay.io/a/c:v1\" is no tag: after a comma come more tags of the same repository; "
            "several destinations are a list, several sources are several rules"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule4Digest,
    GrammarError,
    ::testing::Values(
        BadRule{"not_alone",
                "quay.io/a/b@" + some_digest + "," + other_digest,
                "r.example/x",
                "@digest takes exactly one digest, alone; in a list write repository:tag,sha256:…"},
        BadRule{"with_a_tag",
                "quay.io/a/b:v1@" + some_digest,
                "r.example/x",
                "a tag and a digest together: leave out the tag (a destination can give one)"},
        BadRule{"another_digest",
                "quay.io/a/b@" + some_digest,
                "r.example/x@" + other_digest,
                "the digest sha256:bbbbbbbbbbbb… is not the source's: a copy has the digest of its "
                "source"},
        BadRule{"digest_for_a_tag",
                "quay.io/a/b:v1",
                "r.example/x@" + some_digest,
                "the digest sha256:aaaaaaaaaaaa… is not the source's: a copy has the digest of its "
                "source"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule5Expression,
    GrammarError,
    ::testing::Values(BadRule{"unclosed",
                              "quay.io/a/b:/v1",
                              "r.example/x",
                              "a tag expression ends with a slash: repository:/expression/"},
                      BadRule{"one_slash",
                              "quay.io/a/b:/",
                              "r.example/x",
                              "a tag expression ends with a slash: repository:/expression/"},
                      BadRule{"empty",
                              "quay.io/a/b://",
                              "r.example/x",
                              "the tag expression is empty: leave out :// to mean every tag"},
                      BadRule{"bad_expression",
                              "quay.io/a/b:/v(1/",
                              "r.example/x",
                              "tag expression /v(1/: missing )"},
                      BadRule{"after_a_tag",
                              "quay.io/a/b:v1:/v2/",
                              "r.example/x",
                              "an expression stands alone, without tags or a digest before it"},
                      BadRule{"in_a_destination",
                              "quay.io/a/b:/v1/",
                              "r.example/x:/v1/",
                              "a destination takes no expression: it keeps the source's tags"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Rule7Names,
    GrammarError,
    ::testing::Values(
        BadRule{"too_few",
                "quay.io/a/b:v1,v2",
                "r.example/x:w1",
                "names 1 tag where the source names 2: each needs one, or leave out all"},
        BadRule{"too_many",
                "quay.io/a/b:v1",
                "r.example/x:w1,w2",
                "names 2 tags where the source names 1: each needs one, or leave out all"},
        BadRule{"every_tag",
                "quay.io/a/b",
                "r.example/x:w1",
                "a destination of every tag, or of an expression, names no tags itself"},
        BadRule{"expression",
                "quay.io/a/b:/v/",
                "r.example/x:w1",
                "a destination of every tag, or of an expression, names no tags itself"},
        BadRule{"every_tag_digest",
                "quay.io/a/b",
                "r.example/x@" + some_digest,
                "a destination of every tag, or of an expression, names no tags itself"},
        BadRule{
            "two_destinations_in_one_text",
            "quay.io/a/b:v1,v2",
            "r.example/x:v1,s.example/x:v2",
            "\"s.example/x:v2\" is no tag: after a comma come more tags of the same repository; "
            "several destinations are a list, several sources are several rules"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Urls,
    GrammarError,
    ::testing::Values(
        BadRule{"https", "https://quay.io/a/b", "r.example/x", "write it without https://"},
        BadRule{"http", "quay.io/a/b", "http://r.example/x", "write it without http://"},
        BadRule{"docker", "docker://quay.io/a/b", "r.example/x", "write it without docker://"}),
    CaseName());

class BadName : public ::testing::TestWithParam<BadRule> {};

TEST_P(BadName, IsRefused) {
  EXPECT_THROW((void)rule_line(GetParam().source, GetParam().destination), Error);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadName,
    ::testing::Values(BadRule{"upper_case", "quay.io/A/b", "r.example/x", ""},
                      BadRule{"blank_within", "quay.io/a b", "r.example/x", ""},
                      BadRule{"no_path", "quay.io/", "r.example/x", ""},
                      BadRule{"bad_port", "localhost:port/a", "r.example/x", ""},
                      BadRule{"empty_tag", "quay.io/a/b:", "r.example/x", ""},
                      BadRule{"bad_destination", "quay.io/a/b", "r.example/x//y", ""},
                      BadRule{"variable_in_source", "quay.io/$A/b", "r.example/x", ""}),
    CaseName());

}  // namespace
}  // namespace image_syncer
