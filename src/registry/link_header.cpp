#include "registry/link_header.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <string_view>

namespace image_syncer {

namespace {

struct Link {
  std::string_view target;
  std::optional<std::string> relations;  // of the first `rel`; the others do not count (RFC 8288)
};

/// Reads one header line, link by link.
class LineReader {
 public:
  explicit LineReader(std::string_view line)
      : rest_(line) {}

  /// Absent at the end of the line.
  std::optional<Link> read_link() {
    while (!rest_.empty()) {
      skip(" \t,");
      const std::size_t end = rest_.find('>');
      if (!take('<') || end == std::string_view::npos) {
        read_until(",");
        continue;
      }
      Link link{rest_.substr(0, end - 1), std::nullopt};
      rest_.remove_prefix(end);
      while (!rest_.empty() && rest_.front() != ',') {
        read_parameter(link);
      }
      return link;
    }
    return std::nullopt;
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  /// The text up to one of `ends` outside quotes, without the quotes and backslashes.
  std::string read_until(std::string_view ends) {
    std::string text;
    bool quoted = false;
    while (!rest_.empty() && (quoted || ends.find(rest_.front()) == std::string_view::npos)) {
      const bool escaped = quoted && rest_.size() > 1 && take('\\');
      if (!escaped && take('"')) {
        quoted = !quoted;
        continue;
      }
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return text;
  }

  /// `; name` or `; name = value`.
  void read_parameter(Link& link) {
    skip(" \t;");
    const std::string name = read_until("=;,");
    std::string value = take('=') ? read_until(";,") : std::string();
    if (!link.relations && equals_ignore_case(trim(name), "rel")) {
      link.relations = std::move(value);
    }
  }

  std::string_view rest_;
};

bool is_next(const Link& link) {
  const std::string relations = link.relations.value_or("");
  const auto words = split(relations, ' ');
  return !link.target.empty() && std::any_of(words.begin(), words.end(), [](std::string_view word) {
    return equals_ignore_case(trim(word), "next");
  });
}

}  // namespace

std::optional<std::string> next_link(const std::vector<std::string>& header_values) {
  for (const std::string& line : header_values) {
    LineReader reader(line);
    while (const auto link = reader.read_link()) {
      if (is_next(*link)) {
        return std::string(link->target);
      }
    }
  }
  return std::nullopt;
}

}  // namespace image_syncer
