#pragma once

#include <image_syncer/image/json_text.hpp>
#include <image_syncer/image/manifest.hpp>

#include <cstddef>
#include <map>
#include <string_view>

namespace image_syncer {

/// Fills a Manifest whose bytes are set. Throws `Error` that says what is wrong with them.
class ManifestReader {
 public:
  explicit ManifestReader(Manifest& manifest)
      : manifest_(manifest) {}

  void read(std::string_view content_type);

 private:
  /// Which of the three ways to list content the document uses; having two at once is an attack
  /// (CVE-2021-41190).
  enum class Shape { index, image, schema1, none };

  [[nodiscard]] Shape shape_of(const JsonFields& document) const;
  void decide_kind(const JsonFields& document, std::string_view content_type);
  void decide_kind_by_shape(const JsonFields& document, Shape shape);
  void check_shape(const JsonFields& document, Shape shape) const;
  void set_kind(ManifestKind kind);

  void read_content(const JsonFields& document);
  void read_schema1_layers(const JsonFields& document);
  void add_blob(Descriptor descriptor);

  Manifest& manifest_;
  std::map<Digest, std::size_t> positions_;  // in the manifest's blobs
};

}  // namespace image_syncer
