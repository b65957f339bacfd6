// Where a sync file takes rules, credentials, hook mappings and pending images from.
#include "load_helper.hpp"
#include <image_syncer/config/sync_file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Texts = std::vector<std::pair<std::string, std::string>>;

const std::string both_files =
    "sync: {filePosition: {auth: '@/auth.yaml', images: '@/images.yaml'}}\n";

TEST(SyncFileRules, ComeFromTheFileItselfFirst) {
  const LoadedDaemon loaded =
      load_daemon_texts({{"sync.yaml", both_files + "images: {quay.io/a/b: r.example/a/b}\n"},
                         {"auth.yaml", "quay.io: {username: u, password: p}\n"},
                         {"images.yaml", "quay.io/c/d: r.example/c/d\n"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(rule_lines(loaded.config.rules),
              ElementsAre("quay.io/a/b:* -> r.example/a/b", "quay.io/c/d:* -> r.example/c/d"));
  EXPECT_EQ(loaded.config.rules[1].index, 1U);
  EXPECT_THAT(loaded.config.files, ElementsAre("sync.yaml", "auth.yaml", "images.yaml"));
}

TEST(SyncFileRules, MustNotDisputeATagAcrossFiles) {
  const LoadedDaemon loaded =
      load_daemon_texts({{"sync.yaml", both_files + "images: {a.example/a:v1: r.example/x}\n"},
                         {"auth.yaml", "quay.io: {username: u, password: p}\n"},
                         {"images.yaml", "b.example/b:v1: r.example/x\n"}});
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_THAT(loaded.errors[0],
              HasSubstr("images.yaml:1:1: b.example/b:v1: would write r.example/x:v1 from "
                        "b.example/b:v1, but the rule a.example/a:v1 ("));
  EXPECT_THAT(loaded.errors[0], HasSubstr("sync.yaml:2:10) writes it"));
}

TEST(SyncFileRules, MustNotUseVariablesOfItsCredentials) {
  const LoadedDaemon loaded = load_daemon_text(
      "auth: {username: u, password: $BASIC}\n"
      "webhooks: {harbor: {secret: $HOOK}}\n"
      "registries: {quay.io: {username: u, password: $REGISTRY}}\n"
      "rabbitmq: {info: [{password: $RABBIT}]}\n"
      "images:\n"
      "  a.example/a: r.example/$BASIC\n"
      "  a.example/b: r.example/$HOOK\n"
      "  a.example/c: r.example/$REGISTRY\n"
      "  a.example/d: r.example/$RABBIT\n",
      environment_of({{"BASIC", "hush-basic"},
                      {"HOOK", "hush-hook"},
                      {"REGISTRY", "hush-registry"},
                      {"RABBIT", "hush-rabbit"}}));
  EXPECT_THAT(loaded.errors,
              ElementsAre(HasSubstr("rabbitmq: warning"),
                          HasSubstr("a.example/a: variable BASIC holds a credential"),
                          HasSubstr("a.example/b: variable HOOK holds a credential"),
                          HasSubstr("a.example/c: variable REGISTRY holds a credential"),
                          HasSubstr("a.example/d: variable RABBIT holds a credential")));
}

TEST(SyncFileRegistries, ArePutTogether) {
  const LoadedDaemon loaded = load_daemon_texts(
      {{"sync.yaml", both_files + "registries: {r.example: {insecure: true}}\n"},
       {"auth.yaml",
        "quay.io: {username: u, password: p}\nr.example/team: {username: t, password: "
        "p, insecure: true}\n"},
       {"images.yaml", "quay.io/c/d: r.example/c/d\n"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const RegistryEntries& registries = loaded.config.registries;
  EXPECT_EQ(registries.all().size(), 3U);
  ASSERT_NE(registries.credentials_for({"r.example", "team/app"}), nullptr);
  EXPECT_EQ(registries.credentials_for({"r.example", "team/app"})->username, "t");
}

TEST(SyncFileRegistries, AreNamedOnceInBothPlaces) {
  const LoadedDaemon loaded = load_daemon_texts(
      {{"sync.yaml", both_files + "registries: {docker.io: {username: u, password: p}}\n"},
       {"auth.yaml", "index.docker.io: {username: u, password: p}\n"},
       {"images.yaml", "quay.io/c/d: r.example/c/d\n"}});
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_THAT(loaded.errors[0], HasSubstr("auth.yaml:1:1: index.docker.io: the same registry as "));
  EXPECT_THAT(loaded.errors[0], HasSubstr("sync.yaml:2:14: both mean docker.io"));
}

TEST(SyncFileRegistries, WarnOfSettingsWithoutEffectAcrossFiles) {
  const LoadedDaemon loaded = load_daemon_texts(
      {{"sync.yaml", both_files + "registries: {r.example: {maxConcurrent: 3}}\n"},
       {"auth.yaml", "r.example/team: {username: u, password: p, maxConcurrent: 9}\n"},
       {"images.yaml", "quay.io/c/d: r.example/c/d\n"}});
  EXPECT_THAT(loaded.warnings,
              ElementsAre(HasSubstr("auth.yaml:1:1: r.example/team: connection settings")));
}

TEST(SyncFileRegistries, MustHaveTheAuthFileThatIsNamed) {
  const LoadedDaemon loaded =
      load_daemon_text("sync: {filePosition: {auth: '@/none.yaml'}}\nimages: {a: r.example/a}\n");
  EXPECT_THAT(loaded.errors,
              ElementsAre("sync.yaml:1:29: sync.filePosition.auth: there is no file none.yaml"));
}

TEST(SyncFile, TellsTheComplaintsOfAllFiles) {
  const LoadedDaemon loaded =
      load_daemon_texts({{"sync.yaml", both_files + "db: {file: none}\nimages: {a: []}\n"},
                         {"auth.yaml", "r.example: {insecure: 5}\n"},
                         {"images.yaml", "quay.io/c/d: {}\n"}});
  EXPECT_THAT(loaded.errors,
              ElementsAre(HasSubstr("sync.yaml:2:12: db.file: "),
                          HasSubstr("sync.yaml:3:13: images.a: "),
                          HasSubstr("auth.yaml:1:23: r.example.insecure: "),
                          HasSubstr("images.yaml:1:14: quay.io/c/d: ")));
}

TEST(SyncFile, NamesEveryFileThatWasRead) {
  const LoadedDaemon loaded = load_daemon_texts(
      {{"sync.yaml",
        both_files + "auth: {username: u, password: '${file:@/basic}'}\n"
                     "registries: {q.example: {username: u, password: '${file:@/q}'}}\n"},
       {"auth.yaml", "r.example: {username: u, password: p}\n"},
       {"images.yaml", "quay.io/c/d: r.example/c/d\n"},
       {"basic", "x\n"},
       {"q", "y\n"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.config.files,
              ElementsAre("sync.yaml", "auth.yaml", "images.yaml", "basic", "q"));
}

struct NothingCase {
  std::string name;
  std::string sync;
  std::string images;  ///< empty: there is no file
  std::size_t warnings = 0;
  std::string images_name = "images.yaml";
};

class ImagesFile : public ::testing::TestWithParam<NothingCase> {};

TEST_P(ImagesFile, MayBeMissingOrEmpty) {
  Texts files = {
      {"sync.yaml",
       "sync: {filePosition: {images: '@/" + GetParam().images_name + "'}}\n" + GetParam().sync}};
  if (!GetParam().images.empty()) {
    files.emplace_back(GetParam().images_name, GetParam().images);
  }
  const LoadedDaemon loaded = load_daemon_texts(files);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.warnings.size(), GetParam().warnings);
  for (const std::string& warning : loaded.warnings) {
    EXPECT_THAT(warning, HasSubstr("there is nothing to do: no rules here or in "));
  }
  EXPECT_THAT(loaded.config.files, ElementsAre("sync.yaml", "./auth.yaml", GetParam().images_name));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ImagesFile,
    ::testing::Values(NothingCase{"missing", "", "", 1},
                      NothingCase{
                          "missing_with_a_mapping",
                          "registry: {reg: [{sourceName: q.example, namespace: n, destinationName: "
                          "r.example}]}\n",
                          ""},
                      NothingCase{"missing_with_a_sender", "webhooks: {harbor: {secret: s}}\n", ""},
                      NothingCase{"missing_with_a_rule", "images: {a: r.example/a}\n", ""},
                      NothingCase{"empty", "", "# nothing\n", 1},
                      NothingCase{"empty_map", "", "{}", 1, "images.json"},
                      NothingCase{"nothing_left_in_the_fork", "", "null\n", 1, "images.json"},
                      NothingCase{"empty_inline", "images: {}\n", "", 1}),
    CaseName());

struct MappingCase {
  std::string name;
  std::string entry;
  std::string result;   ///< source | namespaces | destinations
  std::string warning;  ///< part of the only one
};

std::string mapping_text(const HookMapping& mapping) {
  std::string text = mapping.source_name + " |";
  for (const std::string& item : mapping.namespaces) {
    text += " " + item;
  }
  text += " |";
  for (const std::string& item : mapping.destinations) {
    text += " " + item;
  }
  return text;
}

class Mapping : public ::testing::TestWithParam<MappingCase> {};

TEST_P(Mapping, IsNormalised) {
  const LoadedDaemon loaded =
      load_daemon_text("registry:\n  reg:\n    - " + GetParam().entry + "\n");
  ASSERT_THAT(loaded.errors, IsEmpty());
  ASSERT_EQ(loaded.config.hook_mappings.size(), 1U);
  EXPECT_EQ(mapping_text(loaded.config.hook_mappings[0]), GetParam().result);
  if (GetParam().warning.empty()) {
    EXPECT_THAT(loaded.warnings, IsEmpty());
  } else {
    EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr(GetParam().warning)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Mapping,
    ::testing::Values(
        MappingCase{"plain",
                    "{sourceName: quay.io, namespace: coreos, destinationName: r.example}",
                    "quay.io | coreos | r.example",
                    ""},
        MappingCase{"comma_lists",
                    "{sourceName: quay.io, namespace: 'a, b,,a', destinationName: 'r.example/ , "
                    "s.example:5000/x/'}",
                    "quay.io | a b | r.example s.example:5000/x",
                    ""},
        MappingCase{"lists",
                    "{sourceName: ' quay.io/ ', namespace: [a, 'b, c'], destinationName: "
                    "[r.example/x/y, s.example]}",
                    "quay.io | a b c | r.example/x/y s.example",
                    ""},
        MappingCase{"names_of_docker_hub",
                    "{sourceName: registry-1.docker.io, namespace: a, destinationName: "
                    "'index.docker.io/alice, docker.io'}",
                    "docker.io | a | docker.io/alice docker.io",
                    ""},
        MappingCase{"upper_case_host",
                    "{sourceName: Quay.IO, namespace: a, destinationName: R.Example/x}",
                    "quay.io | a | r.example/x",
                    ""},
        MappingCase{"ipv6",
                    "{sourceName: '[::1]:5000', namespace: a, destinationName: '[::1]:5001/x'}",
                    "[::1]:5000 | a | [::1]:5001/x",
                    ""},
        MappingCase{"source_without_dot",
                    "{sourceName: myreg, namespace: a, destinationName: r.example}",
                    "myreg | a | r.example",
                    "registry.reg[0].sourceName: has no dot and no port"},
        MappingCase{"destination_without_dot",
                    "{sourceName: quay.io, namespace: a, destinationName: alice}",
                    "quay.io | a | docker.io/alice",
                    "registry.reg[0].destinationName: \"alice\" names no registry"}),
    CaseName());

struct BadMappingCase {
  std::string name;
  std::string registry;
  std::string complaint;  ///< part of the only one
};

class BadMapping : public ::testing::TestWithParam<BadMappingCase> {};

TEST_P(BadMapping, IsAnError) {
  const LoadedDaemon loaded = load_daemon_text("registry: {reg: " + GetParam().registry + "}\n");
  EXPECT_THAT(loaded.errors, ElementsAre(HasSubstr(GetParam().complaint)));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadMapping,
    ::testing::Values(
        BadMappingCase{
            "no_list", "{a: b}", "sync.yaml:1:17: registry.reg: expected a list of {sourceName"},
        BadMappingCase{"text", "[quay.io]", "registry.reg[0]: expected a map, found text"},
        BadMappingCase{"nothing", "[null]", "registry.reg: entry 1 is empty"},
        BadMappingCase{"no_source",
                       "[{namespace: n, destinationName: r.example}]",
                       "registry.reg[0].sourceName: is missing"},
        BadMappingCase{"no_namespace",
                       "[{sourceName: q.example, destinationName: r.example}]",
                       "registry.reg[0].namespace: is missing"},
        BadMappingCase{"blank_namespace",
                       "[{sourceName: q.example, namespace: ' , ', destinationName: r.example}]",
                       "registry.reg[0].namespace: is missing"},
        BadMappingCase{"no_destination",
                       "[{sourceName: q.example, namespace: n}]",
                       "registry.reg[0].destinationName: is missing"},
        BadMappingCase{
            "second_entry",
            "[{sourceName: q.example, namespace: n, destinationName: r.example}, {sourceName: "
            "q.example/n, namespace: n, destinationName: r.example}]",
            "registry.reg[1].sourceName: \"q.example/n\" is more than a registry"},
        BadMappingCase{"source_url",
                       "[{sourceName: 'https://q.example', namespace: n, destinationName: "
                       "r.example}]",
                       "registry.reg[0].sourceName: write the registry without http://"},
        BadMappingCase{"deep_namespace",
                       "[{sourceName: q.example, namespace: a/b, destinationName: r.example}]",
                       "registry.reg[0].namespace: \"a/b\" has a slash"},
        BadMappingCase{"upper_case_namespace",
                       "[{sourceName: q.example, namespace: Team, destinationName: r.example}]",
                       "registry.reg[0].namespace: \"Team\" is no namespace"},
        BadMappingCase{"destination_url",
                       "[{sourceName: q.example, namespace: n, destinationName: "
                       "'http://r.example'}]",
                       "registry.reg[0].destinationName: write the registry without http://"},
        BadMappingCase{"destination_with_tag",
                       "[{sourceName: q.example, namespace: n, destinationName: 'r.example/a:v1'}]",
                       "registry.reg[0].destinationName: \"r.example/a:v1\" is not an image "
                       "reference"},
        BadMappingCase{"destination_of_slashes",
                       "[{sourceName: q.example, namespace: n, destinationName: /}]",
                       "registry.reg[0].destinationName: "}),
    CaseName());

LoadedDaemon load_pending(const std::string& text) {
  return load_daemon_texts(
      {{"sync.yaml", "sync: {filePosition: {images: '@/images.json'}}\n"}, {"images.json", text}});
}

std::vector<std::string> pending_lines(const LoadedDaemon& loaded) {
  std::vector<std::string> lines;
  if (loaded.config.pending) {
    for (const PendingImages::Image& image : loaded.config.pending->images) {
      lines.push_back(image.source.str() + " -> " + image.target.str());
    }
  }
  return lines;
}

TEST(PendingFile, GivesItsImages) {
  const LoadedDaemon loaded = load_pending(R"({
  "quay.io/coreos/etcd:1.0.3&r.example": 0,
  "index.docker.io/library/nginx:1&s.example:5000/mirror/": 12,
  "quay.io/a/b/c:v1&docker.io": 2
})");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(pending_lines(loaded),
              ElementsAre("quay.io/coreos/etcd:1.0.3 -> r.example/coreos/etcd:1.0.3",
                          "docker.io/library/nginx:1 -> s.example:5000/mirror/library/nginx:1",
                          "quay.io/a/b/c:v1 -> docker.io/a/b/c:v1"));
  EXPECT_THAT(loaded.config.pending->file, HasSubstr("/images.json"));
  EXPECT_THAT(loaded.config.rules, IsEmpty());
}

TEST(PendingFile, LeavesOutBadEntriesWithAWarning) {
  const LoadedDaemon loaded = load_pending(R"({
  "quay.io/a/b:v1&r.example": 0,
  "quay.io/a/b:v1": 0,
  "nginx:1&r.example": 0,
  "quay.io/a/b&r.example": 0,
  "quay.io/A/b:v1&r.example": 0,
  "quay.io/a/b:v1&": 0,
  "quay.io/a/b:${HOME}&r.example": 0,
  "quay.io/c/d:v1&r.example": "x"
})");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.warnings.size(), 7U);
  EXPECT_THAT(loaded.warnings, testing::Each(HasSubstr(": left out of the pending images: ")));
  EXPECT_THAT(loaded.warnings[0], testing::StartsWith("images.json:3:3: quay.io/a/b:v1: "));
  EXPECT_THAT(pending_lines(loaded), ElementsAre("quay.io/a/b:v1 -> r.example/a/b:v1"));
}

TEST(PendingFile, HasAHashOfItsEntries) {
  const auto hash = [](const std::string& text) {
    const LoadedDaemon loaded = load_pending(text);
    return loaded.config.pending ? loaded.config.pending->content_hash : "";
  };
  const std::string one = hash(R"({"quay.io/a/b:v1&r.example": 0, "quay.io/a/b:v2&r.example": 1})");
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(hash(R"({"quay.io/a/b:v2&r.example": 3,   "quay.io/a/b:v1&r.example": 3})"), one);
  EXPECT_NE(hash(R"({"quay.io/a/b:v1&r.example": 0})"), one);
}

TEST(PendingFile, IsToldFromRules) {
  EXPECT_FALSE(load_pending(R"({"quay.io/a/b:/x&y/": "r.example/a/b"})").config.pending);
  const LoadedDaemon wrong = load_pending(R"({"quay.io/a/b": 5})");
  EXPECT_THAT(wrong.errors,
              ElementsAre("images.json:1:17: quay.io/a/b: expected a destination, found 5"));
}

}  // namespace
}  // namespace image_syncer
