#include "config/document.hpp"

#include "load_helper.hpp"
#include "support/scratch_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What reading a file gave: the tree in short form, or complaints without the folder's name.
struct ReadResult {
  std::string tree;
  std::vector<std::string> errors;
};

/// `{key@1:1: text@1:4}`; quoted scalars in quotes.
std::string show(const Node& node) {
  const std::string place =
      "@" + std::to_string(node.position.line) + ":" + std::to_string(node.position.column);
  std::string text;
  switch (node.kind) {
    case NodeKind::null:
      return "null";
    case NodeKind::scalar:
      return (node.quoted ? "'" + node.text + "'" : node.text) + place;
    case NodeKind::sequence:
      for (const NodePtr& item : node.items) {
        text += (text.empty() ? "" : ", ") + show(*item);
      }
      return "[" + text + "]" + place;
    case NodeKind::map:
      for (const MapEntry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.key + "@" + std::to_string(entry.position.line) +
                ":" + std::to_string(entry.position.column) + ": " + show(*entry.value);
      }
      return "{" + text + "}" + place;
  }
  return text;
}

ReadResult read(const ScratchDir& folder, const std::string& name) {
  Complaints complaints;
  FileComplaints about(name, complaints);
  ReadResult result;
  if (const NodePtr root = read_document(folder.file(name).string(), about)) {
    result.tree = show(*root);
  }
  try {
    complaints.throw_errors();
  } catch (const ConfigError& error) {
    for (const Complaint& complaint : error.complaints()) {
      result.errors.push_back(complaint.str());
    }
  }
  return result;
}

ReadResult read_text(const std::string& name, const std::string& text) {
  const ScratchDir folder;
  folder.write(name, text);
  return read(folder, name);
}

struct TreeCase {
  std::string name;
  std::string file;
  std::string text;
  std::string tree;
};

class Document : public ::testing::TestWithParam<TreeCase> {};

TEST_P(Document, BecomesATree) {
  const ReadResult result = read_text(GetParam().file, GetParam().text);
  EXPECT_THAT(result.errors, ::testing::IsEmpty());
  EXPECT_EQ(result.tree, GetParam().tree);
}

INSTANTIATE_TEST_SUITE_P(
    Yaml,
    Document,
    ::testing::Values(
        TreeCase{"block",
                 "a.yaml",
                 "a: b\nc:\n  - d\n  - 'e'\n",
                 "{a@1:1: b@1:4, c@2:1: [d@3:5, 'e'@4:5]@3:3}@1:1"},
        TreeCase{"flow",
                 "a.yml",
                 "{a: [1, true], b: }",
                 "{a@1:2: [1@1:6, true@1:9]@1:5, b@1:16: null}@1:1"},
        TreeCase{"upper_case_suffix", "a.YAML", "a: b", "{a@1:1: b@1:4}@1:1"},
        TreeCase{"byte_order_mark",
                 "a.yaml",
                 "\xEF\xBB\xBF"
                 "a: b",
                 "{a@1:1: b@1:4}@1:1"},
        TreeCase{
            "carriage_returns", "a.yaml", "a: b\r\nc: d\r\n", "{a@1:1: b@1:4, c@2:1: d@2:4}@1:1"},
        TreeCase{"key_with_colons",
                 "a.yaml",
                 "localhost:5000/a:v1: x",
                 "{localhost:5000/a:v1@1:1: x@1:22}@1:1"},
        TreeCase{
            "alias", "a.yaml", "a: &x [b]\nc: *x", "{a@1:1: [b@1:8]@1:4, c@2:1: [b@1:8]@1:4}@1:1"},
        TreeCase{"merge",
                 "a.yaml",
                 "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3",
                 "{a@1:1: {k@1:8: 1@1:11, l@1:14: 2@1:17}@1:4, "
                 "b@2:1: {k@4:3: 3@4:6, l@1:14: 2@1:17}@3:3}@1:1"},
        TreeCase{"quoted_merge_key_is_a_key", "a.yaml", "\"<<\": x", "{<<@1:1: x@1:7}@1:1"},
        TreeCase{"document_marks", "a.yaml", "---\na: b\n...\n", "{a@2:1: b@2:4}@2:1"},
        TreeCase{"block_text",
                 "a.yaml",
                 "a: |\n  b\nc: |\n  d\n",
                 "{a@1:1: 'b\n'@1:4, c@3:1: 'd\n'@3:4}@1:1"},
        TreeCase{"long_key_in_two_lines",
                 "a.yaml",
                 "? " + std::string(1100, 'k') + "\n: b\n",
                 "{" + std::string(1100, 'k') + "@1:3: b@2:3}@1:1"},
        TreeCase{"text_tag", "a.yaml", "a: !!str 5", "{a@1:1: '5'@1:4}@1:1"},
        TreeCase{"utf8", "a.yaml", "ä: ö", "{ä@1:1: ö@1:5}@1:1"},
        TreeCase{"null_words",
                 "a.yaml",
                 "a: ~\nb: null\nc: ''",
                 "{a@1:1: null, b@2:1: null, c@3:1: ''@3:4}@1:1"},
        TreeCase{"comments_only", "a.yaml", "# nothing\n", "null"},
        TreeCase{"empty", "a.yaml", "", "null"}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Json,
    Document,
    ::testing::Values(
        TreeCase{"map",
                 "a.json",
                 "{\"a\": \"b\",\n \"c\": [1, true, null, -1.5e3]}",
                 "{a@1:2: 'b'@1:7, c@2:2: [1@2:8, true@2:11, null, -1.5e3@2:23]@2:7}@1:1"},
        TreeCase{"line_comments",
                 "a.json",
                 "// a, b: \"c\"\n{ // x\n\"a\": // y\n \"b\" // z\n}\n// end",
                 "{a@3:1: 'b'@4:2}@2:1"},
        TreeCase{"block_comments",
                 "a.json",
                 "/* { */ {\"a\" /* : */ : /* \"x\" */ 5 /* , */}",
                 "{a@1:10: 5@1:34}@1:9"},
        TreeCase{"byte_order_mark", "a.json", "\xEF\xBB\xBF{\"a\": 1}", "{a@1:2: 1@1:7}@1:1"},
        TreeCase{"escapes",
                 "a.json",
                 R"({"a\n\"b": "\u00e4\ud83d\ude00", "c": 1})",
                 "{a\n\"b@1:2: 'ä😀'@1:12, c@1:34: 1@1:39}@1:1"},
        TreeCase{"nested",
                 "a.json",
                 "{\"a\":{\"b\":[[],{}]}}",
                 "{a@1:2: {b@1:7: [[]@1:12, {}@1:15]@1:11}@1:6}@1:1"},
        TreeCase{"number_before_bracket", "a.json", "[[5],6]", "[[5@1:3]@1:2, 6@1:6]@1:1"},
        TreeCase{"number_before_comment", "a.json", "[5//x\n]", "[5@1:2]@1:1"},
        TreeCase{"merge_key_is_a_key",
                 "a.json",
                 "{\"<<\": {\"a\": 1}}",
                 "{<<@1:2: {a@1:9: 1@1:14}@1:8}@1:1"},
        TreeCase{"long_key",
                 "a.json",
                 "{\"" + std::string(5000, 'k') + "\": 1}",
                 "{" + std::string(5000, 'k') + "@1:2: 1@1:5006}@1:1"},
        TreeCase{"blank", "a.json", " \n", "null"}),
    CaseName());

struct BadCase {
  std::string name;
  std::string file;
  std::string text;
  std::vector<std::string> errors;
};

class BadDocument : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadDocument, IsComplainedAbout) {
  EXPECT_EQ(read_text(GetParam().file, GetParam().text).errors, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Yaml,
    BadDocument,
    ::testing::Values(
        BadCase{"second_document",
                "a.yaml",
                "a: b\n---\nc: d\n",
                {"a.yaml:2:1: a second document begins here: everything must stand in one"}},
        BadCase{"duplicate_keys",
                "a.yaml",
                "a: {x: 1, x: 2}\na: 3\n",
                {"a.yaml:1:11: a.x: duplicate key, first used in line 1",
                 "a.yaml:2:1: a: duplicate key, first used in line 1"}},
        BadCase{"unclosed_flow",
                "a.yaml",
                "a: [b\n",
                {"a.yaml:2:1: not valid YAML: end of sequence flow not found"}},
        BadCase{"unclosed_quote",
                "a.yaml",
                "a: \"b\n",
                {"a.yaml:2:2: not valid YAML: illegal EOF in scalar"}},
        BadCase{"unclosed_quote_and_blanks",
                "a.yaml",
                "a: 'b\n \t ",
                {"a.yaml:3:2: not valid YAML: illegal EOF in scalar"}},
        BadCase{"unclosed_quote_at_the_end",
                "a.yaml",
                "a: \"b",
                {"a.yaml:1:6: not valid YAML: illegal EOF in scalar"}},
        BadCase{
            "tab", "a.yaml", "a:\n\t- b\n", {"a.yaml:2:2: not valid YAML: illegal block entry"}},
        BadCase{
            "two_values", "a.yaml", "a: b: c\n", {"a.yaml:1:5: not valid YAML: illegal map value"}},
        BadCase{
            "long_key",
            "a.yaml",
            std::string(1100, 'k') + ": b\n",
            {"a.yaml:1:1101: not valid YAML: illegal map value (a key of more than 1024 characters "
             "begins with \"? \", and its \": \" on the next line)"}},
        BadCase{"key_is_a_list",
                "a.yaml",
                "[a]: b\n",
                {"a.yaml:1:1: a key must be text, found a list"}},
        BadCase{
            "key_is_null", "a.yaml", "~: b\n", {"a.yaml:1:1: a key must be text, found nothing"}},
        BadCase{"unknown_alias",
                "a.yaml",
                "a: *x\n",
                {"a.yaml:1:4: not valid YAML: the referenced anchor is not defined"}},
        BadCase{"alias_in_itself",
                "a.yaml",
                "a: &x [*x]\n",
                {"a.yaml:1:8: an alias within what it stands for"}},
        BadCase{"merge_of_text",
                "a.yaml",
                "a:\n  <<: b\n",
                {"a.yaml:2:7: << takes a map or a list of maps"}},
        BadCase{"own_tag", "a.yaml", "a: !env X\n", {"a.yaml:1:4: unknown YAML tag !env"}},
        BadCase{"nul",
                "a.yaml",
                std::string("a: b\nc: \0d\n", 11),
                {"a.yaml:2:4: control character 0x00: not a text file"}},
        BadCase{"end_of_transmission",
                "a.yaml",
                "a: b\x04\nc: d\n",
                {"a.yaml:1:5: control character 0x04: not a text file"}},
        BadCase{"not_utf8", "a.yaml", "a: \xFF\n", {"a.yaml:1:4: byte 0xFF: not UTF-8 text"}},
        BadCase{"overlong", "a.yaml", "a: \xC0\xAF\n", {"a.yaml:1:4: byte 0xC0: not UTF-8 text"}},
        BadCase{
            "surrogate", "a.yaml", "a: \xED\xA0\x80\n", {"a.yaml:1:4: byte 0xED: not UTF-8 text"}},
        BadCase{"cut_sequence", "a.yaml", "a: \xE2\x82", {"a.yaml:1:4: byte 0xE2: not UTF-8 text"}},
        BadCase{"utf16",
                "a.yaml",
                std::string("\xFF\xFE"
                            "a\0",
                            4),
                {"a.yaml:1:1: byte 0xFF: not UTF-8 text"}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Json,
    BadDocument,
    ::testing::Values(
        BadCase{"duplicate_keys",
                "a.json",
                "{\"a\": {\"x\": 1,\n\"x\": 2}, \"a\": 3}",
                {"a.json:2:1: a.x: duplicate key, first used in line 1",
                 "a.json:2:10: a: duplicate key, first used in line 1"}},
        BadCase{"trailing_comma",
                "a.json",
                "{\"a\": 1,\n}",
                {"a.json:2:1: not valid JSON: unexpected '}'; expected string literal"}},
        BadCase{"missing_colon",
                "a.json",
                "{\"a\" 1}",
                {"a.json:1:6: not valid JSON: unexpected number literal; expected ':'"}},
        BadCase{"unclosed",
                "a.json",
                "{\"a\": 1",
                {"a.json:1:8: not valid JSON: unexpected end of input; expected '}'"}},
        BadCase{"bare_word", "a.json", "{a: 1}", {"a.json:1:2: not valid JSON: invalid literal"}},
        BadCase{
            "secret_is_not_quoted",
            "a.json",
            "{\"password\": \"hunter2\\q\"}",
            {"a.json:1:23: not valid JSON: invalid string: forbidden character after backslash"}},
        BadCase{"second_value",
                "a.json",
                "{} {}",
                {"a.json:1:4: not valid JSON: unexpected '{'; expected end of input"}},
        BadCase{"huge_number",
                "a.json",
                "{\"a\": 1e999}",
                {"a.json:1:11: not valid JSON: a number out of range"}},
        BadCase{"unclosed_comment",
                "a.json",
                "{} /* x",
                {"a.json:1:8: not valid JSON: invalid comment; missing closing '*/'"}},
        BadCase{"nul",
                "a.json",
                std::string("{\0}", 3),
                {"a.json:1:2: control character 0x00: not a text file"}},
        BadCase{"not_utf8", "a.json", "{\"\xFF\": 1}", {"a.json:1:3: byte 0xFF: not UTF-8 text"}}),
    CaseName());

std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

TEST(HostileDocument, DeepNestingIsRefused) {
  constexpr std::size_t kDeep = 100'000;
  EXPECT_THAT(read_text("a.json", repeat("[", kDeep)).errors,
              ElementsAre("a.json:1:33: nested more than 32 levels deep"));
  EXPECT_THAT(read_text("b.json", repeat("{\"a\":", kDeep)).errors,
              ElementsAre("b.json:1:161: nested more than 32 levels deep"));
  EXPECT_THAT(read_text("a.yaml", repeat("[", 1000) + repeat("]", 1000)).errors,
              ElementsAre("a.yaml:1:33: nested more than 32 levels deep"));
  EXPECT_THAT(read_text("b.yaml", repeat("- ", kDeep)).errors,
              ElementsAre("b.yaml:1:65: nested more than 32 levels deep"));
}

TEST(HostileDocument, AliasesDoNotExplode) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 20; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" +
            repeat(below + ", ", 9) + below + "]\n";
  }
  EXPECT_THAT(read_text("a.yaml", text).errors,
              ElementsAre(HasSubstr(": more than 2000000 values")));
}

TEST(HostileDocument, MergesDoNotExplode) {
  std::string text = "a0: &a0 {k: v, l: v}\n";
  for (int level = 1; level < 40; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " {<<: [" + below +
            ", " + below + "], x: " + below + ", y: " + below + "}\n";
  }
  EXPECT_THAT(read_text("a.yaml", text).errors,
              ElementsAre(HasSubstr(": more than 2000000 values")));
}

TEST(HostileDocument, ALargeFileIsRefusedUnread) {
  const ScratchDir folder;
  folder.write("a.yaml", "a: b\n");
  std::filesystem::resize_file(folder.file("a.yaml"), kMaxConfigBytes + 1);
  EXPECT_THAT(read(folder, "a.yaml").errors, ElementsAre(HasSubstr("a.yaml")));
}

TEST(DocumentFile, MustHaveAKnownSuffix) {
  for (const std::string name : {"a.txt", "a", "yaml", ".yaml"}) {
    EXPECT_THAT(
        read_text(name, "a: b").errors,
        ElementsAre(name + ": unknown kind of file: its name must end in .yaml, .yml or .json"));
  }
}

TEST(DocumentFile, MustBeAFile) {
  const ScratchDir folder;
  std::filesystem::create_directory(folder.file("folder.yaml"));
  EXPECT_THAT(read(folder, "missing.yaml").errors, ElementsAre(HasSubstr("missing.yaml")));
  EXPECT_THAT(read(folder, "folder.yaml").errors, ElementsAre(HasSubstr("folder.yaml")));
}

}  // namespace
}  // namespace image_syncer
