#include "config/rules_reader.hpp"

#include "load_helper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct ImagesCase {
  std::string name;
  std::string text;
  std::vector<std::string> rules;
  std::vector<std::string> warnings;
  std::string file = "images.yaml";
};

class Images : public ::testing::TestWithParam<ImagesCase> {};

TEST_P(Images, GiveRules) {
  const Loaded loaded = load_texts({"", GetParam().text, "", GetParam().file},
                                   environment_of({{"NS", "team"}, {"TAG", "v9"}}));
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.warnings, GetParam().warnings);
  EXPECT_EQ(rule_lines(loaded.config), GetParam().rules);
}

INSTANTIATE_TEST_SUITE_P(
    MapFile,
    Images,
    ::testing::Values(
        ImagesCase{"in_file_order",
                   "z.example/b: r.example/b\na.example/a: r.example/a\n",
                   {"z.example/b:* -> r.example/b", "a.example/a:* -> r.example/a"},
                   {}},
        ImagesCase{
            "json_with_comments",
            "{ // rules\n\"a.example/a:v1\": \"r.example/a\",\n\"b.example/b\": [\"r.example/b\"]}",
            {"a.example/a:v1 -> r.example/a", "b.example/b:* -> r.example/b"},
            {},
            "images.json"},
        ImagesCase{"expression_in_yaml",
                   "a.example/a:/^v1\\./: [r.example/a, s.example/a]\n",
                   {"a.example/a:/^v1\\./ -> r.example/a s.example/a"},
                   {}},
        ImagesCase{"rule_as_a_map",
                   "a.example/a:\n  destinations: [r.example/a]\n  platforms: [linux/amd64]\n"
                   "b.example/b: {Destinations: r.example/b}\n",
                   {"a.example/a:* -> r.example/a [" +
                        PlatformFilter::from_platforms({"linux/amd64"}).normalized() + "]",
                    "b.example/b:* -> r.example/b"},
                   {}},
        ImagesCase{"upstream_example",
                   "quay.io/coreos/kube-rbac-proxy: quay.io/ruohe/kube-rbac-proxy\n\n"
                   "quay.io/coreos/kube-rbac-proxy:v1.0: quay.io/ruohe/kube-rbac-proxy\n\n"
                   "quay.io/coreos/kube-rbac-proxy:v1.0,v2.0: quay.io/ruohe/kube-rbac-proxy",
                   {"quay.io/coreos/kube-rbac-proxy:* -> quay.io/ruohe/kube-rbac-proxy",
                    "quay.io/coreos/kube-rbac-proxy:v1.0 -> quay.io/ruohe/kube-rbac-proxy",
                    "quay.io/coreos/kube-rbac-proxy:v1.0,v2.0 -> quay.io/ruohe/kube-rbac-proxy"},
                   {}},
        ImagesCase{
            "variables_in_destinations",
            "a.example/a: ['r.example/${NS}/a', 's.example/$NS/a', 't.example/${env:NS}/a']\n"
            "a.example/a:v1: r.example/b:$TAG\n",
            {"a.example/a:* -> r.example/team/a s.example/team/a t.example/team/a",
             "a.example/a:v1 -> r.example/b:v9"},
            {}},
        ImagesCase{"no_variables_in_expressions",
                   "a.example/a:/^$NS$/: r.example/a\n",
                   {"a.example/a:/^$NS$/ -> r.example/a"},
                   {}},
        ImagesCase{"destination_twice",
                   "docker.io/nginx: [r.example/a, r.example/a]\n",
                   {"docker.io/library/nginx:* -> r.example/a"},
                   {"images.yaml:1:32: docker.io/nginx: the same destination twice: ignored here"}},
        ImagesCase{"onto_itself",
                   "nginx: docker.io/library/nginx\n",
                   {"docker.io/library/nginx:* -> docker.io/library/nginx"},
                   {"images.yaml:1:8: nginx: source and destination are the same"}},
        ImagesCase{"retag_in_place",
                   "a.example/a:v1: a.example/a:stable\n",
                   {"a.example/a:v1 -> a.example/a:stable"},
                   {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    ListFile,
    Images,
    ::testing::Values(
        ImagesCase{"rules",
                   "- source: a.example/a:v1\n  destinations: [r.example/a]\n"
                   "- {SOURCE: b.example/b, destinations: r.example/b, platforms: linux/arm64}\n",
                   {"a.example/a:v1 -> r.example/a",
                    "b.example/b:* -> r.example/b [" +
                        PlatformFilter::from_platforms({"linux/arm64"}).normalized() + "]"},
                   {}},
        ImagesCase{"no_filter_for_one_rule",
                   "- {source: a.example/a, destinations: r.example/a, platforms: []}\n",
                   {"a.example/a:* -> r.example/a []"},
                   {}},
        ImagesCase{"json",
                   R"([{"source": "a.example/a", "destinations": ["r.example/a"]}])",
                   {"a.example/a:* -> r.example/a"},
                   {},
                   "images.json"}),
    CaseName());

struct BadImages {
  std::string name;
  std::string text;
  std::vector<std::string> errors;
  std::string file = "images.yaml";
};

class ImagesComplaints : public ::testing::TestWithParam<BadImages> {};

TEST_P(ImagesComplaints, AreTold) {
  const Loaded loaded = load_texts({"", GetParam().text, "", GetParam().file});
  EXPECT_EQ(loaded.errors, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Shape,
    ImagesComplaints,
    ::testing::Values(
        BadImages{"empty_file", " \n", {"images.yaml: holds no rules"}},
        BadImages{"comments_only", "# none\n", {"images.yaml: holds no rules"}},
        BadImages{"empty_map", "{}\n", {"images.yaml:1:1: holds no rules"}},
        BadImages{"empty_list", "[]", {"images.json:1:1: holds no rules"}, "images.json"},
        BadImages{"text",
                  "hello\n",
                  {"images.yaml:1:1: expected a map source: destination, or a list of rules, found "
                   "text"}},
        BadImages{"duplicate_source",
                  "a.example/a: r.example/a\na.example/a: r.example/b\n",
                  {"images.yaml:2:1: a.example/a: duplicate key, first used in line 1"}},
        BadImages{"list_of_text",
                  "- a.example/a\n",
                  {"images.yaml:1:3: rule 1: expected a map {source, destinations}, found text"}},
        BadImages{"short_form_in_a_list",
                  "- a.example/a: r.example/a\n",
                  {"images.yaml:1:3: rule 1.a.example/a: unknown key, known are: source, "
                   "destinations, platforms",
                   "images.yaml:1:3: rule 1: the source is missing",
                   "images.yaml:1:3: rule 1: the destinations are missing"}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Values,
    ImagesComplaints,
    ::testing::Values(
        BadImages{
            "rule_1_empty_source", "'': r.example/a\n", {"images.yaml:1:1: the source is empty"}},
        BadImages{"rule_1_empty_destination",
                  "a.example/a: ''\n",
                  {"images.yaml:1:14: a.example/a: the destination is empty"}},
        BadImages{"rule_1_no_destination",
                  "a.example/a:\n",
                  {"images.yaml:1:1: a.example/a: the destination is empty"}},
        BadImages{"rule_1_null_in_json",
                  "{\"a.example/a\": null}",
                  {"images.json:1:2: a.example/a: the destination is empty"},
                  "images.json"},
        BadImages{"rule_1_empty_list",
                  "a.example/a: []\n",
                  {"images.yaml:1:14: a.example/a: the list of destinations is empty"}},
        BadImages{"rule_1_empty_item",
                  "a.example/a: [r.example/a, '']\n",
                  {"images.yaml:1:28: a.example/a: the destination is empty"}},
        BadImages{"number",
                  "a.example/a: 5\n",
                  {"images.yaml:1:14: a.example/a: expected a destination, found 5"}},
        BadImages{"truth_value",
                  "{\"a.example/a\": true}",
                  {"images.json:1:17: a.example/a: expected a destination, found true"},
                  "images.json"},
        BadImages{"list_in_list",
                  "a.example/a: [[r.example/a]]\n",
                  {"images.yaml:1:15: a.example/a: expected a destination, found a list"}},
        BadImages{"rule_5_bad_expression",
                  "a.example/a:/(/: r.example/a\n",
                  {"images.yaml:1:1: a.example/a:/(/: tag expression /(/: missing )"}},
        BadImages{
            "rule_7_count",
            "a.example/a:v1,v2: r.example/a:w1\n",
            {"images.yaml:1:20: a.example/a:v1,v2: names 1 tag where the source names 2: each "
             "needs one, or leave out all"}},
        BadImages{
            "rule_8_each_destination",
            "a.example/a:v1:\n  - r.example/a:w1,w2\n  - r.example/b:w1\n  - r.example/c:/x/\n",
            {"images.yaml:2:5: a.example/a:v1: names 2 tags where the source names 1: each "
             "needs one, or leave out all",
             "images.yaml:4:5: a.example/a:v1: a destination takes no expression: it keeps the "
             "source's tags"}},
        BadImages{"all_at_once",
                  "'': r.example/a\na.example/a: ''\nb.example/b: []\n",
                  {"images.yaml:1:1: the source is empty",
                   "images.yaml:2:14: a.example/a: the destination is empty",
                   "images.yaml:3:14: b.example/b: the list of destinations is empty"}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    MapForm,
    ImagesComplaints,
    ::testing::Values(
        BadImages{"unknown_key",
                  "- source: a.example/a\n  destination: r.example/a\n",
                  {"images.yaml:1:3: rule 1: the destinations are missing",
                   "images.yaml:2:3: rule 1.destination: unknown key, did you mean destinations?"}},
        BadImages{"unknown_key_in_a_map_file",
                  "a.example/a:\n  destinations: r.example/a\n  platfrms: [linux/amd64]\n",
                  {"images.yaml:3:3: a.example/a.platfrms: unknown key, did you mean platforms?"}},
        BadImages{"source_twice",
                  "a.example/a: {source: b.example/b, destinations: r.example/a}\n",
                  {"images.yaml:1:15: a.example/a.source: unknown key, known are: destinations, "
                   "platforms"}},
        BadImages{"source_is_a_list",
                  "- {source: [a.example/a], destinations: r.example/a}\n",
                  {"images.yaml:1:12: rule 1.source: expected a source, found a list"}},
        BadImages{"bad_source",
                  "- {source: 'a.example/a:v1,', destinations: r.example/a}\n",
                  {"images.yaml:1:12: rule 1.source: an empty item between commas"}},
        BadImages{"destinations_is_a_map",
                  "- {source: a.example/a, destinations: {r: s}}\n",
                  {"images.yaml:1:39: rule 1.destinations: expected a destination or a list of "
                   "them, found a map"}},
        BadImages{"no_destinations",
                  "- source: a.example/a\n  destinations: []\n",
                  {"images.yaml:2:17: rule 1.destinations: the list of destinations is empty"}},
        BadImages{
            "platforms_is_a_map",
            "- {source: a.example/a, destinations: r.example/a, platforms: {os: linux}}\n",
            {"images.yaml:1:63: rule 1.platforms: expected a list such as [linux/amd64], found "
             "a map"}}),
    CaseName());

TEST(ImagesComplaint, NamesEachBadPlatform) {
  const Loaded loaded = load_texts({"",
                                    "- {source: a.example/a, destinations: r.example/a, platforms: "
                                    "[a/b/c/d, linux/amd64, /x]}\n"});
  ASSERT_EQ(loaded.errors.size(), 2U) << loaded.errors.front();
  EXPECT_THAT(loaded.errors[0], ::testing::StartsWith("images.yaml:1:64: rule 1.platforms: "));
  EXPECT_THAT(loaded.errors[1], ::testing::StartsWith("images.yaml:1:86: rule 1.platforms: "));
}

INSTANTIATE_TEST_SUITE_P(
    Variables,
    ImagesComplaints,
    ::testing::Values(
        BadImages{"unset",
                  "a.example/a: 'r.example/${NOPE}/a'\n",
                  {"images.yaml:1:14: a.example/a: environment variable NOPE is not set"}},
        BadImages{
            "file",
            "a.example/a: 'r.example/${file:/run/secrets/x}'\n",
            {"images.yaml:1:14: a.example/a: ${file:} is refused in a destination: its content "
             "would be sent as part of a URL"}}),
    CaseName());

TEST(ImagesComplaint, RefusesVariablesThatHoldCredentials) {
  const Loaded loaded = load_texts(
      {"r.example: {username: $REG_USER, password: '${env:REG_PASSWORD}'}\n",
       "a.example/a: ['r.example/$REG_PASSWORD', 'r.example/${REG_USER}/a', r.example/$OTHER]\n"},
      environment_of({{"REG_USER", "alice"}, {"REG_PASSWORD", "s3cret-word"}, {"OTHER", "fine"}}));
  EXPECT_THAT(loaded.errors,
              ElementsAre("images.yaml:1:15: a.example/a: variable REG_PASSWORD holds a credential "
                          "and would be sent as part of a URL: use another one",
                          "images.yaml:1:42: a.example/a: variable REG_USER holds a credential and "
                          "would be sent as part of a URL: use another one"));
}

TEST(ImagesComplaint, ShowsWhatIsWrittenAndNotWhatVariablesHold) {
  const Loaded loaded =
      load_texts({"",
                  "a.example/a:\n"
                  "  - r.example/a:$TAGS\n"
                  "  - r.example/$TAGS//a\n"
                  "  - r.example/a:x,${UPPER}/\n"
                  "  - $EMPTY\n"},
                 environment_of({{"TAGS", "v1"}, {"UPPER", "No-Path"}, {"EMPTY", ""}}));
  const std::string prefix = ": a.example/a: with its variables replaced: ";
  ASSERT_EQ(loaded.errors.size(), 4U);
  EXPECT_EQ(loaded.errors[0],
            "images.yaml:2:5" + prefix +
                "a destination of every tag, or of an expression, names no tags itself");
  EXPECT_THAT(loaded.errors[1],
              ::testing::StartsWith("images.yaml:3:5" + prefix + "\"r.example/$TAGS//a\" is not"));
  EXPECT_EQ(loaded.errors[2], "images.yaml:4:5" + prefix + "no valid destination");
  EXPECT_EQ(loaded.errors[3], "images.yaml:5:5" + prefix + "the destination is empty");
}

TEST(ImagesComplaint, HintsThatSourcesHaveNoVariables) {
  const Loaded loaded = load_texts({"", "a.example/$NS/a: r.example/a\n"});
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_THAT(loaded.errors.front(),
              ::testing::EndsWith("(variables are replaced in destinations only)"));
}

INSTANTIATE_TEST_SUITE_P(
    Conflicts,
    ImagesComplaints,
    ::testing::Values(
        BadImages{
            "two_sources",
            "a.example/a:v1: r.example/x\nb.example/b:v1: r.example/x\n",
            {"images.yaml:2:1: b.example/b:v1: would write r.example/x:v1 from b.example/b:v1, "
             "but the rule a.example/a:v1 (images.yaml:1:1) writes it from a.example/a:v1"}},
        BadImages{"by_name",
                  "a.example/a:v1: r.example/x:stable\na.example/a:v2: r.example/x:stable\n",
                  {"images.yaml:2:1: a.example/a:v2: would write r.example/x:stable from "
                   "a.example/a:v2, but the rule a.example/a:v1 (images.yaml:1:1) writes it from "
                   "a.example/a:v1"}},
        BadImages{
            "told_once",
            "a.example/a:v1,v2: r.example/x\nb.example/b:v1,v2: r.example/x\n",
            {"images.yaml:2:1: b.example/b:v1,v2: would write r.example/x:v1 from "
             "b.example/b:v1, but the rule a.example/a:v1,v2 (images.yaml:1:1) writes it from "
             "a.example/a:v1"}},
        BadImages{
            "within_one_rule",
            "a.example/a:v1,v2: r.example/x:w,w\n",
            {"images.yaml:1:1: a.example/a:v1,v2: would write r.example/x:w from "
             "a.example/a:v2, but the rule a.example/a:v1,v2 (images.yaml:1:1) writes it from "
             "a.example/a:v1"}},
        BadImages{"after_normalising",
                  "nginx:v1: r.example/x\nquay.io/nginx/nginx:v1: R.example/x\n",
                  {"images.yaml:2:1: quay.io/nginx/nginx:v1: would write r.example/x:v1 from "
                   "quay.io/nginx/nginx:v1, but the rule nginx:v1 (images.yaml:1:1) writes it from "
                   "docker.io/library/nginx:v1"}},
        BadImages{
            "digest_and_tag",
            "a.example/a@sha256:" + std::string(64, 'a') +
                ": r.example/x:v1\na.example/a:v1: r.example/x\n",
            {"images.yaml:2:1: a.example/a:v1: would write r.example/x:v1 from a.example/a:v1, "
             "but the rule a.example/a@sha256:" +
             std::string(64, 'a') +
             " (images.yaml:1:1) writes it from a.example/a@sha256:" + std::string(64, 'a')}},
        BadImages{
            "other_platforms",
            "- {source: 'a.example/a:v1', destinations: r.example/x}\n"
            "- {source: 'a.example/a:v1', destinations: r.example/x, platforms: []}\n",
            {"images.yaml:2:12: rule 2: would write r.example/x:v1 from a.example/a:v1 "
             "(platforms: all), but the rule a.example/a:v1 (images.yaml:1:12) writes it from "
             "a.example/a:v1"}}),
    CaseName());

TEST(ImagesConflict, IsNoneWhereItCannotBeSeenOrDoesNotMatter) {
  const Loaded loaded = load_texts({"", R"(
nginx:v1: r.example/x
docker.io/library/nginx:v1: r.example/x
a.example/a: r.example/y
b.example/b: r.example/y
c.example/c:/v/: r.example/y
d.example/d:v1: r.example/y
a.example/a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: r.example/z
b.example/b@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: r.example/z
)"});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.rules.size(), 8U);
}

TEST(Rules, KnowTheirPlace) {
  const Loaded loaded =
      load_texts({"", "\na.example/a: r.example/a\n  \nb.example/b:v1: r.example/b\n"});
  ASSERT_EQ(loaded.config.rules.size(), 2U);
  EXPECT_EQ(loaded.config.rules[1].index, 1U);
  EXPECT_EQ(loaded.config.rules[1].mark.line, 4);
  EXPECT_EQ(loaded.config.rules[1].mark.column, 1);
  EXPECT_EQ(loaded.config.rules[1].text, "b.example/b:v1");
}

}  // namespace
}  // namespace image_syncer
