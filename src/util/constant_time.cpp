#include <image_syncer/util/constant_time.hpp>
#include <image_syncer/util/hasher.hpp>

#include <openssl/crypto.h>

#include <string>

namespace image_syncer {

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  // Hashes have one length, so that there is no shorter way for texts of different lengths.
  const std::string hash_of_given = hash_hex(HashAlgorithm::sha256, given);
  const std::string hash_of_secret = hash_hex(HashAlgorithm::sha256, secret);
  return CRYPTO_memcmp(hash_of_given.data(), hash_of_secret.data(), hash_of_secret.size()) == 0;
}

}  // namespace image_syncer
