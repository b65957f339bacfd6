#include <image_syncer/image/json_text.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Takes part in a parse without keeping anything, counts levels and keeps the complaint.
class Checker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }

  bool boolean(bool /*value*/) override { return true; }

  bool number_integer(number_integer_t /*value*/) override { return true; }

  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }

  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }

  bool string(string_t& /*value*/) override { return true; }

  bool binary(binary_t& /*value*/) override { return true; }

  bool key(string_t& /*value*/) override { return true; }

  bool start_object(std::size_t /*elements*/) override { return enter(); }

  bool start_array(std::size_t /*elements*/) override { return enter(); }

  bool end_object() override {
    --depth_;
    return true;
  }

  bool end_array() override {
    --depth_;
    return true;
  }

  bool parse_error(std::size_t /*position*/,
                   const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    complaint_ = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    complaint_.erase(0, std::min(complaint_.find("] "), complaint_.size() - 2) + 2);
    return false;
  }

  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  bool enter() {
    if (++depth_ > JsonText::kMaxDepth) {
      complaint_ = "it is nested deeper than " + std::to_string(JsonText::kMaxDepth) + " levels";
      return false;
    }
    return true;
  }

  int depth_ = 0;
  std::string complaint_;
};

// What follows walks over text that has been checked.

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kBlanks, at), text.size());
}

/// `at` is at the opening quote; gives the place after the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; (at = text.find_first_of("\"\\", at)) != std::string_view::npos;) {
    if (text[at] == '"') {
      return at + 1;
    }
    at += 2;
  }
  return text.size();
}

/// Not recursive: the depth is known to be bounded, but there is no need to lean on it.
std::size_t skip_nested(std::string_view text, std::size_t at) {
  int depth = 0;
  while ((at = text.find_first_of("\"{}[]", at)) != std::string_view::npos) {
    if (text[at] == '"') {
      at = skip_string(text, at);
      continue;
    }
    depth += text[at] == '{' || text[at] == '[' ? 1 : -1;
    ++at;
    if (depth == 0) {
      return at;
    }
  }
  return text.size();
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '"':
      return skip_string(text, at);
    case '{':
    case '[':
      return skip_nested(text, at);
    default:
      return std::min(text.find_first_of(",]} \t\r\n", at), text.size());
  }
}

/// From the end of an element or member to the begin of the next; to the closing bracket, or one
/// before the end, when there is none.
std::size_t skip_comma(std::string_view text, std::size_t at) {
  at = skip_blanks(text, at);
  return text[at] == ',' ? skip_blanks(text, at + 1) : at;
}

std::string unescape(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) {
    return std::string(quoted.substr(1, quoted.size() - 2));
  }
  return nlohmann::json::parse(quoted).get<std::string>();
}

/// Calls `visit(key, text of the value)` for the members of an object.
template <typename Visit>
void for_each_member(std::string_view object, const Visit& visit) {
  for (std::size_t at = skip_blanks(object, 1); object[at] != '}';) {
    const std::size_t key_end = skip_string(object, at);
    const std::size_t begin = skip_blanks(object, skip_blanks(object, key_end) + 1);
    const std::size_t end = skip_value(object, begin);
    visit(unescape(object.substr(at, key_end - at)), object.substr(begin, end - begin));
    at = skip_comma(object, end);
  }
}

}  // namespace

JsonText JsonText::parse(std::string_view text) {
  // The parser takes a NUL for the end of the text, and skips a byte order mark.
  if (text.find('\0') != std::string_view::npos) {
    throw Error("not JSON: it holds a NUL byte");
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    throw Error("not JSON: it begins with a byte order mark");
  }
  Checker checker;
  if (!nlohmann::json::sax_parse(text, &checker)) {
    throw Error("not JSON: " + printable(checker.complaint(), 200));
  }
  return JsonText(trim(text));
}

JsonFields JsonText::fields(std::initializer_list<std::string_view> names) const {
  assert(is_object());
  JsonFields found;
  for_each_member(text_, [&](const std::string& key, std::string_view value) {
    const auto* const name = std::find(names.begin(), names.end(), key);
    if (name != names.end() && !found.try_emplace(*name, JsonText(value)).second) {
      throw Error("the key \"" + key + "\" is there twice");
    }
  });
  return found;
}

std::vector<std::string> JsonText::names() const {
  assert(is_object());
  std::vector<std::string> found;
  for_each_member(text_, [&](std::string key, std::string_view /*value*/) {
    if (found.size() == kMaxElements) {
      throw Error("an object has more than " + std::to_string(kMaxElements) + " members");
    }
    found.push_back(std::move(key));
  });
  return found;
}

std::vector<JsonText> JsonText::elements() const {
  assert(is_array());
  std::vector<JsonText> found;
  for (std::size_t at = skip_blanks(text_, 1); text_[at] != ']';) {
    const std::size_t end = skip_value(text_, at);
    if (found.size() == kMaxElements) {
      throw Error("an array has more than " + std::to_string(kMaxElements) + " elements");
    }
    found.push_back(JsonText(text_.substr(at, end - at)));
    at = skip_comma(text_, end);
  }
  return found;
}

std::optional<std::string> JsonText::as_string() const {
  return is_string() ? std::optional(unescape(text_)) : std::nullopt;
}

std::optional<std::uint64_t> JsonText::as_size() const {
  std::int64_t number = -1;
  const char* const last = text_.data() + text_.size();
  const auto [end, error] = std::from_chars(text_.data(), last, number);
  if (error != std::errc() || end != last || text_.front() == '-') {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(number);
}

}  // namespace image_syncer
