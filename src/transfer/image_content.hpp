#pragma once

#include <image_syncer/image/manifest.hpp>
#include <image_syncer/image/platform.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

class Worker;

/// What has to be at a target before an image's tag may be written.
struct ImageContent {
  /// Every manifest of the image, those without children first, then by height; the last is the one
  /// that the tag names.
  std::vector<std::vector<Manifest>> levels;
  /// Every blob, each digest once, sizes known.
  std::vector<Descriptor> blobs;
  /// Children left out by the platform filter.
  std::size_t filtered = 0;
  /// Nothing fits the filter: everything else is empty.
  bool nothing_left = false;

  [[nodiscard]] const Manifest& root() const { return levels.back().back(); }
};

/// Reads an image from its source: the manifest, its children down to the leaves, and the sizes of
/// blobs that do not state them; under a filter leaves out what does not fit and rewrites the
/// indexes. `source` names the manifest by digest. Requests of a level run together. Throws what
/// the requests throw, and `Error` when something is missing or not acceptable.
[[nodiscard]] ImageContent read_image(Worker& worker,
                                      const Reference& source,
                                      const PlatformFilter& filter,
                                      bool include_foreign);

}  // namespace image_syncer
