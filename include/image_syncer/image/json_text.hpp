#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

class JsonText;
/// Members by name; one that is `null` is among them.
using JsonFields = std::map<std::string_view, JsonText>;

/// A value in a JSON text, as the piece of text that it is. Manifests and bodies of webhooks are
/// read this way rather than through a tree of values: a hostile 8 MiB body would become some 500
/// MiB of tree, or overflow the stack where a deep one is destroyed; and an index can be rewritten
/// by cutting pieces out, which leaves everything else as it was, byte for byte. A view: the text
/// must outlive it.
class JsonText {
 public:
  /// Checks that `text` is one JSON value (RFC 8259) with at most kMaxDepth levels. Throws `Error`
  /// that says where it is not.
  [[nodiscard]] static JsonText parse(std::string_view text);

  static constexpr int kMaxDepth = 100;
  static constexpr std::size_t kMaxElements = 65536;

  [[nodiscard]] bool is_object() const { return text_.front() == '{'; }

  [[nodiscard]] bool is_array() const { return text_.front() == '['; }

  [[nodiscard]] bool is_string() const { return text_.front() == '"'; }

  [[nodiscard]] bool is_null() const { return text_.front() == 'n'; }

  /// The members of an object that are in `names`. Throws `Error` when one of them is there twice:
  /// readers differ on which one counts, so what is checked might not be what is used. `names` are
  /// views that outlive the result (literals).
  [[nodiscard]] JsonFields fields(std::initializer_list<std::string_view> names) const;
  /// The names of an object's members, in their order. Throws `Error` when they are more than
  /// kMaxElements.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The elements of an array. Throws `Error` when they are more than kMaxElements.
  [[nodiscard]] std::vector<JsonText> elements() const;
  /// A string, unescaped; absent for other values.
  [[nodiscard]] std::optional<std::string> as_string() const;
  /// A whole number from 0 to 2^63 - 1 written without fraction and exponent; absent for others.
  [[nodiscard]] std::optional<std::uint64_t> as_size() const;

  /// The value as it is written, without blanks around it.
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  explicit JsonText(std::string_view text)
      : text_(text) {}

  std::string_view text_;
};

}  // namespace image_syncer
