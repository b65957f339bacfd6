#include "config/document.hpp"
#include "config/tree_builder.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // parser.h only declares it
#include <yaml-cpp/parser.h>

#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace image_syncer {

namespace {

Position position_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// yaml-cpp's events, turned into a tree. They come before yaml-cpp has built anything, so that a
/// document that is too deep or too large is stopped while it is read.
class YamlHandler final : public YAML::EventHandler {
 public:
  explicit YamlHandler(FileComplaints& complaints)
      : builder_(complaints) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(has_document_, true)) {
      throw SyntaxError(position_of(mark),
                        "a second document begins here: everything must stand in one");
    }
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<Node>();
    node->position = position_of(mark);
    add(node, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) {
      throw SyntaxError(position_of(mark), "an alias within what it stands for");
    }
    builder_.add(named->second, position_of(mark));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::scalar;
    node->position = position_of(mark);
    node->text = value;
    node->quoted = tag == "!" || tag == kTextTag;
    add(node, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(NodeKind::sequence, mark, tag, anchor);
  }

  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(NodeKind::map, mark, tag, anchor);
  }

  void OnMapEnd() override { end(); }

  /// Absent when the text holds comments only.
  [[nodiscard]] NodePtr root() const { return builder_.root(); }

 private:
  static constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

  /// Untagged values come as "?" (plain) and "!" (quoted).
  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1 && !tag.starts_with("tag:yaml.org,2002:")) {
      throw SyntaxError(position_of(mark), "unknown YAML tag " + tag);
    }
  }

  void begin(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(mark, tag);
    builder_.begin(kind, position_of(mark));
    open_anchors_.push_back(anchor);
  }

  void end() {
    const NodePtr ended = builder_.end();
    remember(open_anchors_.back(), ended);
    open_anchors_.pop_back();
  }

  void add(const NodePtr& node, YAML::anchor_t anchor) {
    builder_.add(node, node->position);
    remember(anchor, node);
  }

  void remember(YAML::anchor_t anchor, const NodePtr& node) {
    if (anchor != YAML::NullAnchor) {
      anchors_[anchor] = node;
    }
  }

  TreeBuilder builder_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
  std::vector<YAML::anchor_t> open_anchors_;
  bool has_document_ = false;
};

/// yaml-cpp 0.7 takes an unclosed quote for closed where a line end is the last thing in the file,
/// so that the rest of the file would silently become part of a value. With a comment at the end it
/// notices.
std::string with_end_mark(std::string_view text) {
  std::string marked(text);
  if (marked.ends_with(' ') || marked.ends_with('\t') || marked.ends_with('\r')) {
    marked += '\n';
  }
  if (marked.ends_with('\n')) {
    marked += '#';
  }
  return marked;
}

/// A long list of tags meets a limit of YAML that hardly anybody knows (YAML 1.2 §7.4.2).
std::string hint(const YAML::Exception& error) {
  constexpr int kMaxKeyOnOneLine = 1024;
  const bool is_long_key =
      error.msg == YAML::ErrorMsg::MAP_VALUE && error.mark.column > kMaxKeyOnOneLine;
  return is_long_key
             ? " (a key of more than 1024 characters begins with \"? \", and its \": \" on the "
               "next line)"
             : "";
}

}  // namespace

NodePtr read_yaml(std::string_view text, FileComplaints& complaints) {
  std::istringstream stream(with_end_mark(text));
  YamlHandler handler(complaints);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
  } catch (const YAML::Exception& error) {
    throw SyntaxError(position_of(error.mark), "not valid YAML: " + error.msg + hint(error));
  }
  const NodePtr root = handler.root();
  return root ? root : std::make_shared<Node>();
}

}  // namespace image_syncer
