#include <image_syncer/image/json_text.hpp>
#include <image_syncer/image/manifest.hpp>

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

// The index is edited as text: pieces are cut out, and where a nested index was filtered, its
// digest and size are put in. Everything else, order, blanks and the spelling of numbers included,
// stays because it is not touched, so the result depends on the source's bytes alone.

namespace image_syncer {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Where `part`, a view into `whole`, begins in it.
std::size_t offset_in(std::string_view whole, std::string_view part) {
  return static_cast<std::size_t>(part.data() - whole.data());
}

/// The member `"data": value` of an object, with one comma: its begin and end in `object`.
std::pair<std::size_t, std::size_t> member_range(std::string_view object, std::string_view value) {
  // The key is known, so it holds no escaped quote that could be taken for its begin.
  const std::size_t key_end = object.rfind('"', offset_in(object, value) - 1);
  std::size_t begin = object.rfind('"', key_end - 1);
  std::size_t end = object.find_first_not_of(kBlanks, offset_in(object, value) + value.size());
  if (object[end] == ',') {
    end = object.find_first_not_of(kBlanks, end + 1);
  } else if (const std::size_t before = object.find_last_not_of(kBlanks, begin - 1);
             object[before] == ',') {
    begin = before;
  }
  return {begin, end};
}

struct Edit {
  std::size_t begin;
  std::size_t end;
  std::string text;
};

std::string apply(std::string_view text, std::vector<Edit> edits) {
  std::sort(
      edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string result;
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    result.append(text.substr(done, edit.begin - done)).append(edit.text);
    done = edit.end;
  }
  return result.append(text.substr(done));
}

/// The descriptor with another digest and size. `data` held the former content: it goes.
std::string with_replacement(const JsonText& descriptor, const ReplacedChild& child) {
  const std::string_view whole = descriptor.text();
  std::vector<Edit> edits;
  for (const auto& [name, value] : descriptor.fields({"digest", "size", "data"})) {
    const std::size_t begin = offset_in(whole, value.text());
    const std::size_t end = begin + value.text().size();
    if (name == "digest") {
      edits.push_back({begin, end, "\"" + child.digest.str() + "\""});
    } else if (name == "size") {
      edits.push_back({begin, end, std::to_string(child.size)});
    } else {
      const auto [first, last] = member_range(whole, value.text());
      edits.push_back({first, last, {}});
    }
  }
  return apply(whole, std::move(edits));
}

}  // namespace

Manifest rewrite_index(const Manifest& index,
                       const std::vector<Digest>& keep,
                       const std::map<Digest, ReplacedChild>& replace) {
  assert(index.is_index() && !index.bytes().empty());
  const std::string_view document = index.bytes();
  const JsonText manifests = JsonText::parse(document).fields({"manifests"}).at("manifests");
  if (!manifests.is_array()) {
    return index;  // null: nothing to leave out
  }
  const std::vector<JsonText> elements = manifests.elements();
  const std::string_view array = manifests.text();
  const auto end_of = [&](std::size_t i) {
    return offset_in(array, elements[i].text()) + elements[i].text().size();
  };
  // Between two elements stands what stands between the first two of the source.
  std::string_view separator = ",";
  if (elements.size() > 1) {
    separator = array.substr(end_of(0), offset_in(array, elements[1].text()) - end_of(0));
  }
  const std::unordered_set<Digest> wanted(keep.begin(), keep.end());
  std::string kept;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Digest& digest = index.children()[i].digest;
    if (!wanted.contains(digest)) {
      continue;
    }
    if (!kept.empty()) {
      kept += separator;
    }
    const auto replacement = replace.find(digest);
    kept += replacement == replace.end() ? std::string(elements[i].text())
                                         : with_replacement(elements[i], replacement->second);
  }
  std::string edited = "[]";
  if (!kept.empty()) {
    edited = std::string(array.substr(0, offset_in(array, elements.front().text()))) + kept +
             std::string(array.substr(end_of(elements.size() - 1)));
  }
  const std::size_t begin = offset_in(document, array);
  return Manifest::parse(apply(document, {{begin, begin + array.size(), std::move(edited)}}),
                         index.media_type());
}

}  // namespace image_syncer
