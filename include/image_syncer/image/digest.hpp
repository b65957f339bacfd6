#pragma once

#include <image_syncer/util/hasher.hpp>

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace image_syncer {

/// A content digest `sha256:<64 lower-case hex>` or `sha512:<128 lower-case hex>`
/// (image-spec descriptor.md). Other algorithms are legal in the spec but cannot be verified here,
/// so they are refused. A default-constructed digest is empty and equals no real one.
class Digest {
 public:
  Digest() = default;

  /// Throws `Error` that quotes the text and says what is wrong with it.
  [[nodiscard]] static Digest parse(std::string_view text);
  [[nodiscard]] static std::optional<Digest> try_parse(std::string_view text);
  /// The digest of `bytes`.
  [[nodiscard]] static Digest of(std::string_view bytes,
                                 HashAlgorithm algorithm = HashAlgorithm::sha256);

  [[nodiscard]] HashAlgorithm algorithm() const;
  [[nodiscard]] std::string_view hex() const;

  [[nodiscard]] const std::string& str() const { return text_; }

  [[nodiscard]] bool empty() const { return text_.empty(); }

  /// "sha256:0123456789ab", for messages.
  [[nodiscard]] std::string abbreviated() const;
  /// Whether `bytes` have this digest.
  [[nodiscard]] bool matches(std::string_view bytes) const;

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  explicit Digest(std::string text)
      : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace image_syncer

template <>
struct std::hash<image_syncer::Digest> {
  std::size_t operator()(const image_syncer::Digest& digest) const noexcept {
    return std::hash<std::string>{}(digest.str());
  }
};
