#include "transfer/image_content.hpp"

#include "transfer/worker.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace image_syncer {
namespace {

// A config blob is read only for its platform; none comes near this.
constexpr std::uint64_t kMaxConfigBytes = 4ULL * 1024 * 1024;
// Of manifests in one image: far above any real index, low enough to bound memory.
constexpr std::size_t kMaxManifests = 10'000;

/// Config and layer types are no manifests, whatever an index says of them.
bool is_blob_media_type(const std::string& media_type) {
  return media_type.find(".layer.") != std::string::npos ||
         media_type.find(".rootfs.") != std::string::npos ||
         media_type.find(".config.") != std::string::npos ||
         media_type.find(".container.image.") != std::string::npos;
}

/// Reads one image, level by level from the root.
class ImageReader {
 public:
  ImageReader(Worker& worker, Reference source, const PlatformFilter& filter, bool include_foreign)
      : worker_(worker),
        source_(std::move(source)),
        registry_(worker.context().registry(source_.repository.registry)),
        filter_(filter),
        include_foreign_(include_foreign) {}

  ImageContent read();

 private:
  void read_level(const std::vector<Descriptor>& wanted);
  [[nodiscard]] std::vector<Descriptor> next_level(const std::vector<Descriptor>& read) const;
  [[nodiscard]] std::vector<Descriptor> wanted_children(const Manifest& index) const;
  void read_platforms(const std::vector<Descriptor>& read);
  [[nodiscard]] bool fits(const Descriptor& child) const;
  /// The manifest as it is to arrive; absent when nothing in it fits.
  [[nodiscard]] std::optional<Manifest> filtered(const Manifest& manifest);
  [[nodiscard]] std::size_t collect(const Manifest& manifest);
  void add_blob(const Descriptor& blob);
  void add_to_level(std::size_t height, const Manifest& manifest);
  void read_sizes();

  Worker& worker_;
  Reference source_;
  Registry& registry_;
  const PlatformFilter& filter_;
  bool include_foreign_;
  std::map<Digest, Manifest> manifests_;                 // as read
  std::map<Digest, std::optional<Platform>> platforms_;  // of manifests, from their configs
  std::map<Digest, Manifest> rewritten_;                 // by the digest of the result
  std::map<Digest, std::size_t> heights_;                // of what was collected
  std::set<Digest> blobs_seen_;
  ImageContent content_;
};

ImageContent ImageReader::read() {
  std::vector<Descriptor> level(1);
  level.front().digest = *source_.digest;
  for (int depth = 0; !level.empty(); ++depth) {
    if (depth > kMaxIndexDepth) {
      throw Error("the index nests deeper than " + std::to_string(kMaxIndexDepth) + " levels");
    }
    read_level(level);
    if (!filter_.empty()) {
      read_platforms(level);
    }
    level = next_level(level);
  }
  const Manifest& root = manifests_.at(*source_.digest);
  std::optional<Manifest> kept = filter_.empty() ? std::optional(root) : filtered(root);
  if (!kept) {
    content_.nothing_left = true;
    return std::move(content_);
  }
  static_cast<void>(collect(*kept));
  read_sizes();
  return std::move(content_);
}

void ImageReader::read_level(const std::vector<Descriptor>& wanted) {
  if (manifests_.size() + wanted.size() > kMaxManifests) {
    throw Error("the image has more than " + std::to_string(kMaxManifests) + " manifests");
  }
  std::vector<std::unique_ptr<GetManifest>> gets;
  gets.reserve(wanted.size());
  for (const Descriptor& descriptor : wanted) {
    gets.push_back(
        registry_.get_manifest({source_.repository, "", descriptor.digest}, Side::source));
  }
  worker_.run_all(gets);
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const Descriptor& descriptor = wanted[index];
    std::optional<Manifest>& manifest = gets[index]->result();
    if (manifest) {
      if (descriptor.size && *descriptor.size != manifest->bytes().size()) {
        throw Error("manifest " + descriptor.digest.str() + " has " +
                    std::to_string(manifest->bytes().size()) + " bytes, the index says " +
                    std::to_string(*descriptor.size));
      }
      manifests_.emplace(descriptor.digest, std::move(*manifest));
    } else if (is_manifest_media_type(descriptor.media_type) || descriptor.media_type.empty()) {
      throw Error("manifest " + descriptor.digest.str() + " is not at the source" +
                  (descriptor.digest == *source_.digest ? "" : ", although the index names it"));
    }
    // Otherwise a child of unknown kind: whatever is no manifest there is copied as a blob.
  }
}

std::vector<Descriptor> ImageReader::next_level(const std::vector<Descriptor>& read) const {
  std::vector<Descriptor> level;
  std::set<Digest> queued;
  for (const Descriptor& descriptor : read) {
    const auto manifest = manifests_.find(descriptor.digest);
    if (manifest == manifests_.end()) {
      continue;
    }
    for (const Descriptor& child : wanted_children(manifest->second)) {
      const bool known = manifests_.contains(child.digest) || !queued.insert(child.digest).second;
      if (!known && !is_blob_media_type(child.media_type)) {
        level.push_back(child);
      }
    }
  }
  return level;
}

// What the descriptors exclude need not be read. Attestations go with what they attest.
std::vector<Descriptor> ImageReader::wanted_children(const Manifest& index) const {
  if (filter_.empty()) {
    return index.children();
  }
  std::set<Digest> wanted;
  for (const Descriptor& child : index.children()) {
    const bool judged = child.platform && !is_index_media_type(child.media_type);
    if (!child.attests && (!judged || fits(child))) {
      wanted.insert(child.digest);
    }
  }
  std::vector<Descriptor> children = index.children();
  std::erase_if(children, [&](const Descriptor& child) {
    return !wanted.contains(child.attests.value_or(child.digest));
  });
  return children;
}

void ImageReader::read_platforms(const std::vector<Descriptor>& read) {
  std::vector<Digest> owners;
  std::vector<std::unique_ptr<GetBlob>> gets;
  for (const Descriptor& descriptor : read) {
    const auto manifest = manifests_.find(descriptor.digest);
    if (manifest == manifests_.end() || descriptor.platform || !manifest->second.config()) {
      continue;
    }
    const Descriptor& config = *manifest->second.config();
    if (!config.data.empty()) {
      platforms_[descriptor.digest] = platform_of_config(config.data);
    } else if (config.size && *config.size <= kMaxConfigBytes) {
      owners.push_back(descriptor.digest);
      gets.push_back(registry_.get_blob(source_.repository, config));
    }
  }
  worker_.run_all(gets);
  for (std::size_t index = 0; index < owners.size(); ++index) {
    platforms_[owners[index]] = platform_of_config(*gets[index]->result());
  }
}

bool ImageReader::fits(const Descriptor& child) const {
  if (child.platform) {
    return filter_.matches(*child.platform);
  }
  const auto known = platforms_.find(child.digest);
  // Neither descriptor nor config name a platform: an artifact, which no platform filter concerns.
  return known == platforms_.end() || !known->second || filter_.matches(*known->second);
}

std::optional<Manifest> ImageReader::filtered(const Manifest& manifest) {
  if (!manifest.is_index()) {
    Descriptor self;
    self.digest = manifest.digest();
    return fits(self) ? std::optional(manifest) : std::nullopt;
  }
  std::set<Digest> kept;
  std::map<Digest, ReplacedChild> replaced;
  for (const Descriptor& child : manifest.children()) {
    if (child.attests) {
      continue;
    }
    const auto found = manifests_.find(child.digest);
    if (found == manifests_.end() || !found->second.is_index()) {
      if (fits(child)) {
        kept.insert(child.digest);
      }
      continue;
    }
    const std::optional<Manifest> nested = filtered(found->second);
    if (nested) {
      kept.insert(child.digest);
      if (nested->digest() != child.digest) {
        replaced[child.digest] = {nested->digest(), nested->bytes().size()};
      }
    }
  }
  for (const Descriptor& child : manifest.children()) {
    if (child.attests && kept.contains(*child.attests)) {
      kept.insert(child.digest);
    }
  }
  if (kept.empty()) {
    return std::nullopt;
  }
  content_.filtered += manifest.children().size() - kept.size();
  if (kept.size() == manifest.children().size() && replaced.empty()) {
    return manifest;
  }
  Manifest result = rewrite_index(manifest, {kept.begin(), kept.end()}, replaced);
  rewritten_.emplace(result.digest(), result);
  return result;
}

// Returns the manifest's height: 0 without children, else one more than its highest child.
std::size_t ImageReader::collect(const Manifest& manifest) {
  if (const auto known = heights_.find(manifest.digest()); known != heights_.end()) {
    return known->second;
  }
  std::size_t height = 0;
  for (const Descriptor& child : manifest.children()) {
    const auto rewritten = rewritten_.find(child.digest);
    const auto read = manifests_.find(child.digest);
    if (rewritten != rewritten_.end()) {
      height = std::max(height, collect(rewritten->second) + 1);
    } else if (read != manifests_.end()) {
      height = std::max(height, collect(read->second) + 1);
    } else {
      add_blob(child);
    }
  }
  for (const Descriptor& blob : manifest.blobs()) {
    add_blob(blob);
  }
  heights_.emplace(manifest.digest(), height);
  add_to_level(height, manifest);
  return height;
}

void ImageReader::add_to_level(std::size_t height, const Manifest& manifest) {
  if (content_.levels.size() <= height) {
    content_.levels.resize(height + 1);
  }
  content_.levels[height].push_back(manifest);
}

void ImageReader::add_blob(const Descriptor& blob) {
  if (blob.is_foreign() && !include_foreign_) {
    return;
  }
  if (blobs_seen_.insert(blob.digest).second) {
    content_.blobs.push_back(blob);
  }
}

// Docker schema1 does not state the sizes of its layers.
void ImageReader::read_sizes() {
  std::vector<Descriptor*> unknown;
  std::vector<std::unique_ptr<ResultExchange<std::uint64_t>>> heads;
  for (Descriptor& blob : content_.blobs) {
    if (!blob.size) {
      unknown.push_back(&blob);
      heads.push_back(registry_.blob_size(source_.repository, blob.digest));
    }
  }
  worker_.run_all(heads);
  for (std::size_t index = 0; index < unknown.size(); ++index) {
    unknown[index]->size = heads[index]->result();
  }
}

}  // namespace

ImageContent read_image(Worker& worker,
                        const Reference& source,
                        const PlatformFilter& filter,
                        bool include_foreign) {
  return ImageReader(worker, source, filter, include_foreign).read();
}

}  // namespace image_syncer
