#include "registry/tag_list.hpp"

#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <unordered_set>
#include <utility>

namespace image_syncer {

namespace {

using nlohmann::json;

/// Hears the parts of the document and keeps the strings of the list `tags` at the top.
class TagListener : public json::json_sax_t {
 public:
  std::vector<std::string> take_tags() { return std::move(tags_); }

  [[nodiscard]] bool is_tag_list() const { return is_object_ && !is_malformed_; }

  bool null() override {
    at_tags_ = false;
    return true;
  }

  bool boolean(bool /*value*/) override { return hear_other(); }

  bool number_integer(number_integer_t /*value*/) override { return hear_other(); }

  bool number_unsigned(number_unsigned_t /*value*/) override { return hear_other(); }

  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return hear_other();
  }

  bool binary(binary_t& /*value*/) override { return hear_other(); }

  bool string(string_t& value) override {
    if (in_tags_ && depth_ == 2) {
      if (is_valid_tag(value)) {
        tags_.push_back(std::move(value));
      }
      return true;
    }
    return hear_other();
  }

  bool start_object(std::size_t /*elements*/) override {
    is_object_ = is_object_ || depth_ == 0;
    hear_other();
    ++depth_;
    return true;
  }

  bool end_object() override {
    --depth_;
    return true;
  }

  bool key(string_t& name) override {
    at_tags_ = depth_ == 1 && name == "tags";
    return true;
  }

  bool start_array(std::size_t /*elements*/) override {
    in_tags_ = in_tags_ || at_tags_;
    at_tags_ = false;
    ++depth_;
    return true;
  }

  bool end_array() override {
    --depth_;
    in_tags_ = in_tags_ && depth_ > 1;
    return true;
  }

  bool parse_error(std::size_t /*position*/,
                   const std::string& /*last_token*/,
                   const json::exception& /*error*/) override {
    return false;
  }

 private:
  /// A value that is no tag; wrong when it stands in place of the list.
  bool hear_other() {
    is_malformed_ = is_malformed_ || at_tags_;
    at_tags_ = false;
    return true;
  }

  std::vector<std::string> tags_;
  std::size_t depth_ = 0;
  bool is_object_ = false;
  bool is_malformed_ = false;
  bool at_tags_ = false;  // the next value is that of `tags`
  bool in_tags_ = false;
};

/// Removes all but the first of equal tags.
void remove_repeated(std::vector<std::string>& tags) {
  // The views are of strings that must not move yet: first find, then remove.
  std::unordered_set<std::string_view> seen;
  seen.reserve(tags.size());
  std::vector<bool> is_repeated;
  is_repeated.reserve(tags.size());
  for (const std::string& tag : tags) {
    is_repeated.push_back(!seen.insert(tag).second);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (!is_repeated[i]) {
      if (kept != i) {
        tags[kept] = std::move(tags[i]);
      }
      ++kept;
    }
  }
  tags.resize(kept);
}

}  // namespace

std::vector<std::string> parse_tag_list(std::string_view body) {
  TagListener listener;
  const bool is_json = json::sax_parse(body, &listener);
  if (!is_json || !listener.is_tag_list()) {
    throw Error(
        "the answer is not a tag list: \"" + printable(trim(body).substr(0, 256), 100) + "\"",
        Retry::later);
  }
  std::vector<std::string> tags = listener.take_tags();
  remove_repeated(tags);
  return tags;
}

}  // namespace image_syncer
