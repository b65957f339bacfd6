#include "config/pending_file.hpp"

#include "config/fields.hpp"
#include "config/hook_mappings.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace image_syncer {

namespace {

constexpr char kSeparator = '&';

/// The number is that of a mapping in the fork's configuration, which says nothing to us.
bool is_entry(const MapEntry& entry) {
  return entry.value->kind == NodeKind::scalar && !entry.value->quoted &&
         parse_integer(entry.value->text).has_value() &&
         entry.key.find(kSeparator) != std::string::npos;
}

/// `registry/path:tag&destination` → `destination/path:tag`. Throws `Error`.
PendingImages::Image parse_entry(const std::string& key) {
  const std::size_t separator = key.rfind(kSeparator);
  const std::string_view name = trim(std::string_view(key).substr(0, separator));
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    throw Error("the image has no registry");
  }
  PendingImages::Image image;
  image.source = parse_reference(name);
  if (image.source.tag.empty() || image.source.digest) {
    throw Error("the image has no tag");
  }
  const std::string target = parse_repository_prefix(std::string_view(key).substr(separator + 1)) +
                             "/" + std::string(name.substr(slash + 1));
  image.target = parse_reference(target);
  return image;
}

std::string hash_of(const Node& root) {
  std::vector<std::string> keys;
  keys.reserve(root.entries.size());
  for (const MapEntry& entry : root.entries) {
    keys.push_back(entry.key);
  }
  std::sort(keys.begin(), keys.end());
  Hasher hasher(HashAlgorithm::sha256);
  for (const std::string& key : keys) {
    hasher.update(key + "\n");
  }
  return hasher.finish();
}

}  // namespace

bool is_pending_file(const Node& root) {
  return root.kind == NodeKind::map &&
         std::any_of(root.entries.begin(), root.entries.end(), is_entry);
}

PendingImages read_pending_file(const Node& root,
                                const std::string& path,
                                FileComplaints& complaints) {
  PendingImages pending;
  pending.file = path;
  pending.content_hash = hash_of(root);
  for (const MapEntry& entry : root.entries) {
    try {
      if (!is_entry(entry)) {
        throw Error("expected \"registry/path:tag&destination\": number");
      }
      pending.images.push_back(parse_entry(entry.key));
    } catch (const Error& error) {
      complaints.warn(
          entry.position, entry.key, "left out of the pending images: " + error.message());
    }
  }
  return pending;
}

}  // namespace image_syncer
