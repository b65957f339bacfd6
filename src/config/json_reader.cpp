#include "config/document.hpp"
#include "config/text_check.hpp"
#include "config/tree_builder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace image_syncer {

namespace {

using nlohmann::json;

/// Reads characters for the parser and counts them, because its events carry no position.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* count)
      : at_(at),
        count_(count) {}

  reference operator*() const { return *at_; }

  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }

  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }

 private:
  const char* at_;
  std::size_t* count_;
};

/// nlohmann's SAX events, turned into a tree.
class JsonHandler {
 public:
  JsonHandler(std::string_view text, FileComplaints& complaints)
      : text_(text),
        lines_(text),
        builder_(complaints) {}

  void parse() {
    const char* const begin = text_.data();
    json::sax_parse(CountingIterator(begin, &consumed_),
                    CountingIterator(begin + text_.size(), &consumed_),
                    this,
                    nlohmann::detail::input_format_t::json,
                    /*strict=*/true,
                    /*ignore_comments=*/true);
  }

  [[nodiscard]] NodePtr root() const { return builder_.root(); }

  // The names and parameters are nlohmann's.
  bool null() {
    auto node = std::make_shared<Node>();
    node->position = lines_.at(token_start());
    return leaf(node, consumed_);
  }

  bool boolean(bool value) { return scalar(value ? "true" : "false", false, consumed_); }

  bool number_integer(json::number_integer_t /*value*/) { return number(); }

  bool number_unsigned(json::number_unsigned_t /*value*/) { return number(); }

  bool number_float(json::number_float_t /*value*/, const std::string& /*text*/) {
    return number();
  }

  bool string(const std::string& value) { return scalar(value, true, consumed_); }

  bool key(const std::string& value) { return string(value); }

  static bool binary(const json::binary_t& /*value*/) { return false; }  // not in JSON

  bool start_object(std::size_t /*size*/) { return begin(NodeKind::map); }

  bool end_object() { return end(); }

  bool start_array(std::size_t /*size*/) { return begin(NodeKind::sequence); }

  bool end_array() { return end(); }

  [[noreturn]] bool parse_error(std::size_t position,
                                const std::string& /*token*/,
                                const nlohmann::detail::exception& error) const {
    throw SyntaxError(lines_.at(position == 0 ? 0 : position - 1),
                      "not valid JSON: " + reason(error.what()));
  }

 private:
  /// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing
  /// value - invalid literal; last read: 'x'" without what we say better, and without what was
  /// read, which may be half a password.
  static std::string reason(std::string_view what) {
    const std::size_t start = what.find(" - ");
    if (start == std::string_view::npos) {
      return "a number out of range";  // the only other error of the parser
    }
    what.remove_prefix(start + 3);
    return std::string(what.substr(0, what.find("; last read: ")));
  }

  /// Where the token begins that has just been read: the first character after the one before that
  /// is no blank, comment or separator.
  [[nodiscard]] std::size_t token_start() const {
    std::size_t at = token_end_;
    while (at < text_.size()) {
      if (text_.substr(at).starts_with("//")) {
        at = text_.find('\n', at);
      } else if (text_.substr(at).starts_with("/*")) {
        at = text_.find("*/", at) + 2;
      } else if (std::string_view(" \t\r\n,:").find(text_[at]) != std::string_view::npos) {
        ++at;
      } else {
        break;
      }
    }
    return at;
  }

  /// Taken from the text: the events carry the value only, and come one character late.
  bool number() {
    const std::size_t start = token_start();
    const std::size_t end =
        std::min(text_.find_first_not_of("+-.0123456789eE", start), text_.size());
    return scalar(std::string(text_.substr(start, end - start)), false, end);
  }

  bool scalar(std::string text, bool quoted, std::size_t end) {
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::scalar;
    node->position = lines_.at(token_start());
    node->text = std::move(text);
    node->quoted = quoted;
    return leaf(node, end);
  }

  bool leaf(const NodePtr& node, std::size_t end) {
    token_end_ = end;
    builder_.add(node, node->position);
    return true;
  }

  bool begin(NodeKind kind) {
    builder_.begin(kind, lines_.at(consumed_ - 1));
    token_end_ = consumed_;
    return true;
  }

  bool end() {
    builder_.end();
    token_end_ = consumed_;
    return true;
  }

  std::string_view text_;
  LineIndex lines_;
  TreeBuilder builder_;
  std::size_t consumed_ = 0;
  std::size_t token_end_ = 0;
};

}  // namespace

NodePtr read_json(std::string_view text, FileComplaints& complaints) {
  JsonHandler handler(text, complaints);
  handler.parse();
  return handler.root();
}

}  // namespace image_syncer
