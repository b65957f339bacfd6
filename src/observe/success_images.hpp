#pragma once

#include <image_syncer/util/files.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// The file of `--output-success-images`: a map source reference → list of target references,
/// sorted, each pair once. The outcomes of one source come at different times, and a map may name
/// it only once: pairs go to a spool (a nameless file beside the target) and are sorted at the end,
/// when they take 32 bytes each in memory. Belongs to one thread at a time. Every member throws
/// `Error` when the disk refuses.
class SuccessImages {
 public:
  /// `as_json`: else YAML.
  SuccessImages(const std::string& path, bool as_json);
  SuccessImages(const SuccessImages&) = delete;
  SuccessImages& operator=(const SuccessImages&) = delete;
  SuccessImages(SuccessImages&&) = delete;
  SuccessImages& operator=(SuccessImages&&) = delete;
  ~SuccessImages();

  void add(std::string_view source, std::string_view target);
  /// Call once, last: the file appears.
  void finish();

 private:
  void flush();

  std::string path_;
  bool as_json_;
  AtomicFile file_;
  int spool_ = -1;
  std::string buffer_;
};

}  // namespace image_syncer
