#include <image_syncer/util/error.hpp>
#include <image_syncer/util/hasher.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cassert>
#include <utility>

namespace image_syncer {

namespace {

struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// Fetched once: OpenSSL 3 otherwise looks the algorithm up, under locks, at every start.
const EVP_MD* algorithm_of(HashAlgorithm algorithm) {
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  return algorithm == HashAlgorithm::sha256 ? sha256 : sha512;
}

void require(int openssl_result) {
  if (openssl_result != 1) {
    throw Error("OpenSSL cannot compute a SHA-2 hash (is a provider disabled in openssl.cnf?)");
  }
}

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0xFU];
  }
  return hex;
}

}  // namespace

struct Hasher::Impl {
  std::unique_ptr<EVP_MD_CTX, DigestContextDeleter> context{EVP_MD_CTX_new()};
  const EVP_MD* algorithm = nullptr;

  void start() {
    require(algorithm != nullptr && context != nullptr ? 1 : 0);
    require(EVP_DigestInit_ex(context.get(), algorithm, nullptr));
  }
};

Hasher::Hasher(HashAlgorithm algorithm)
    : impl_(std::make_unique<Impl>()) {
  impl_->algorithm = algorithm_of(algorithm);
  impl_->start();
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::span<const std::byte> bytes) {
  assert(impl_);
  require(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()));
}

void Hasher::update(std::string_view bytes) {
  update(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

std::string Hasher::finish() {
  assert(impl_);
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(impl_->context.get(), value.data(), &size));
  impl_->start();
  return to_hex(std::span(value).first(size));
}

std::string hash_hex(HashAlgorithm algorithm, std::string_view bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

std::string hmac_hex(HashAlgorithm algorithm, std::string_view key, std::string_view bytes) {
  const std::span<const std::byte> message = std::as_bytes(std::span(bytes.data(), bytes.size()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  // A null key would mean "the key of last time".
  const char* const key_begin = key.empty() ? "" : key.data();
  require(HMAC(algorithm_of(algorithm),
               key_begin,
               static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(message.data()),
               message.size(),
               value.data(),
               &size) != nullptr
              ? 1
              : 0);
  return to_hex(std::span(value).first(size));
}

}  // namespace image_syncer
