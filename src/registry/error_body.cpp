#include "registry/error_body.hpp"

#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace image_syncer {

namespace {

using nlohmann::json;

constexpr std::size_t kLargestJson = 256UL * 1024;
constexpr std::size_t kReadAsText = 2048;
constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kLongestCode = 64;
constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kMostCodes = 8;
constexpr int kDeepest = 16;

/// The same text on one line, with single blanks.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kReadAsText)) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return std::string(trim(line));
}

template <typename T>
void add_once(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(std::move(value));
  }
}

void find_digests(std::string_view text, std::vector<Digest>& digests) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 2> kForms = {
      {{"sha256:", 7 + 64}, {"sha512:", 7 + 128}}};
  for (const auto& [prefix, length] : kForms) {
    for (std::size_t at = text.find(prefix); at != std::string_view::npos;
         at = text.find(prefix, at + 1)) {
      if (auto digest = Digest::try_parse(text.substr(at, length))) {
        add_once(digests, *std::move(digest));
      }
    }
  }
}

/// A string as it is, other values as JSON; nothing for null and for what is empty.
std::string text_of(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_null() || (value.is_structured() && value.empty())) {
    return {};
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Message and detail in full.
std::string all_text(const json& entry) {
  std::string text;
  for (const char* name : {"message", "detail", "details"}) {
    const auto found = entry.find(name);
    if (found != entry.end()) {
      text += text_of(*found) + " ";
    }
  }
  return text;
}

/// The first of the members that says something.
std::string first_text(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end()) {
      if (std::string text = one_line(text_of(*found)); !text.empty()) {
        return text;
      }
    }
  }
  return {};
}

std::string code_of(const json& entry) {
  const auto found = entry.find("code");
  if (found == entry.end() || !found->is_string()) {
    return {};
  }
  std::string code = printable(trim(found->get_ref<const std::string&>()), kLongestCode);
  std::transform(code.begin(), code.end(), code.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return code;
}

/// Collects what the entries of an envelope say.
class EnvelopeReader {
 public:
  explicit EnvelopeReader(ErrorBody& body)
      : body_(body) {}

  void read_errors(const json& errors) {
    if (!errors.is_array()) {
      read_entry(errors);
      return;
    }
    std::size_t count = 0;
    for (const json& entry : errors) {
      if (++count > kMostEntries) {
        break;
      }
      read_entry(entry);
    }
  }

 private:
  void read_entry(const json& entry) {
    if (!entry.is_object()) {
      add_message(one_line(text_of(entry)));
      return;
    }
    const std::string code = code_of(entry);
    if (!code.empty() && body_.codes.size() < kMostCodes) {
      add_once(body_.codes, code);
    }
    std::string message = first_text(entry, {"message", "error_description"});
    const std::string detail = first_text(entry, {"detail", "details"});
    if (code == "MANIFEST_BLOB_UNKNOWN" || code == "BLOB_UNKNOWN") {
      find_digests(all_text(entry), body_.digests);
    }
    if (message.empty()) {
      message = detail;
    } else if (!detail.empty() && detail != message) {
      message += " (" + detail + ")";
    }
    add_message(message);
  }

  void add_message(const std::string& message) {
    const bool is_full = body_.message.size() > kLongestMessage;
    if (is_full || message.empty() || body_.message.find(message) != std::string::npos) {
      return;
    }
    body_.message += (body_.message.empty() ? "" : "; ") + message;
  }

  ErrorBody& body_;
};

/// False when `text` is no JSON object or array.
bool read_json(std::string_view text, ErrorBody& body) {
  if (text.size() > kLargestJson) {
    return false;
  }
  const json::parser_callback_t bounded = [](int depth, json::parse_event_t, json&) {
    return depth <= kDeepest;
  };
  const json document = json::parse(text, bounded, false);
  if (document.is_discarded() || !document.is_structured()) {
    return false;
  }
  EnvelopeReader reader(body);
  if (!document.is_object()) {
    reader.read_errors(document);
    return true;
  }
  const auto errors = document.find("errors");
  if (errors != document.end()) {
    reader.read_errors(*errors);
  }
  if (body.codes.empty() && body.message.empty()) {
    reader.read_errors(document);  // the object itself is the entry
  }
  const auto error = document.find("error");
  if (error != document.end() && body.message.empty()) {
    reader.read_errors(*error);
  }
  return true;
}

/// What stands between `<name…>` and `</name`, upper or lower case; markup inside is kept.
std::string element(std::string_view text, std::string_view name) {
  const std::string lower = to_lower(text);
  const std::string open = "<" + std::string(name);
  for (std::size_t at = lower.find(open); at != std::string::npos; at = lower.find(open, at + 1)) {
    const std::size_t after_name = at + open.size();
    if (after_name >= lower.size() ||
        std::string_view(" \t\r\n>").find(lower[after_name]) == std::string_view::npos) {
      continue;  // <codec> is not <code>
    }
    const std::size_t begin = lower.find('>', after_name);
    const std::size_t end = lower.find("</" + std::string(name), after_name);
    if (begin != std::string::npos && end != std::string::npos && begin < end) {
      return one_line(text.substr(begin + 1, end - begin - 1));
    }
  }
  return {};
}

void read_markup(std::string_view text, ErrorBody& body) {
  if (std::string code = element(text, "code"); !code.empty()) {
    body.codes.push_back(printable(code, kLongestCode));
  }
  body.message = element(text, "message");
  if (body.message.empty()) {
    body.message = element(text, "title");
  }
}

}  // namespace

ErrorBody parse_error_body(std::string_view body) {
  ErrorBody result;
  const std::string_view text = trim(body);
  if (!read_json(text, result)) {
    const std::string_view beginning = text.substr(0, kReadAsText);
    if (beginning.starts_with('<')) {
      read_markup(beginning, result);
    }
    if (result.message.empty() && result.codes.empty()) {
      result.message = one_line(beginning);
    }
  }
  result.message = std::string(trim(printable(result.message, kLongestMessage)));
  return result;
}

}  // namespace image_syncer
