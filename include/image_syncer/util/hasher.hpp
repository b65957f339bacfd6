#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace image_syncer {

enum class HashAlgorithm { sha256, sha512 };

/// A running hash (OpenSSL behind it). Belongs to one thread; movable.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();

  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes);
  /// Lower-case hex of everything so far; the hasher starts afresh.
  [[nodiscard]] std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Lower-case hex of `bytes`' hash.
[[nodiscard]] std::string hash_hex(HashAlgorithm algorithm, std::string_view bytes);

/// Lower-case hex of the HMAC (RFC 2104) of `bytes`. The key may have any length.
[[nodiscard]] std::string hmac_hex(HashAlgorithm algorithm,
                                   std::string_view key,
                                   std::string_view bytes);

}  // namespace image_syncer
