// Docker schema1: the JSON Web Signature around the manifest, as libtrust writes and checks it.
#include "support/fake_registry/image_builder.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace image_syncer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCoordinate = 32;  // bytes of a P-256 coordinate

struct OpenSslDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }

  void operator()(BIGNUM* number) const { BN_free(number); }
};

template <typename T>
using Handle = std::unique_ptr<T, OpenSslDeleter>;

void check(bool ok) {
  if (!ok) {
    throw std::runtime_error("signing a schema1 manifest failed");
  }
}

/// The URL alphabet without padding (RFC 7515 §2).
std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string fixed_width(const BIGNUM* number) {
  std::string bytes(kCoordinate, '\0');
  check(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kCoordinate) ==
        static_cast<int>(kCoordinate));
  return bytes;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  check(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const Handle<BIGNUM> owner(number);
  return fixed_width(number);
}

std::string sha256_raw(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  check(EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return std::string(hash.begin(), hash.begin() + 32);
}

/// libtrust's fingerprint: base32 of the first 240 bits of the public key's SHA-256, in groups of
/// four. It refuses a key whose `kid` is another.
std::string key_id(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  check(size > 0);
  const std::string hash =
      sha256_raw({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id;
  for (std::size_t letter = 0; letter < 48; ++letter) {
    unsigned value = 0;
    for (std::size_t bit = letter * 5; bit < letter * 5 + 5; ++bit) {
      const auto byte = static_cast<unsigned char>(hash[bit / 8]);
      value = value << 1U | ((byte >> (7 - bit % 8)) & 1U);
    }
    id += (letter > 0 && letter % 4 == 0) ? ":" : "";
    id += kAlphabet[value];
  }
  return id;
}

/// ES256: both numbers of the signature, each at full width.
std::string sign(EVP_PKEY* key, const std::string& text) {
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  check(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
  std::array<unsigned char, 128> der{};
  std::size_t size = der.size();
  check(EVP_DigestSign(context.get(),
                       der.data(),
                       &size,
                       reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1);
  const unsigned char* cursor = der.data();
  const Handle<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(size)));
  check(signature != nullptr);
  return fixed_width(ECDSA_SIG_get0_r(signature.get())) +
         fixed_width(ECDSA_SIG_get0_s(signature.get()));
}

std::string signature_block(const std::string& payload, std::string_view tail) {
  const Handle<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  check(key != nullptr);
  const Json format{{"formatLength", payload.size() - tail.size()},
                    {"formatTail", base64url(tail)},
                    {"time", "2026-01-02T03:04:05Z"}};
  const std::string protected_header = base64url(format.dump());
  const Json jwk{{"crv", "P-256"},
                 {"kid", key_id(key.get())},
                 {"kty", "EC"},
                 {"x", base64url(coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_X))},
                 {"y", base64url(coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y))}};
  const Json block{
      {"header", {{"jwk", jwk}, {"alg", "ES256"}}},
      {"signature", base64url(sign(key.get(), protected_header + "." + base64url(payload)))},
      {"protected", protected_header}};
  return Json::array({block}).dump(3);
}

}  // namespace

BuiltManifest build_signed_schema1(const std::string& repository,
                                   const std::string& tag,
                                   const std::vector<LayerSpec>& layers) {
  BuiltManifest manifest;
  manifest.media_type = media_types::kDockerSchema1Signed;
  Json document{{"schemaVersion", 1},
                {"name", repository},
                {"tag", tag},
                {"architecture", "amd64"},
                {"fsLayers", Json::array()},
                {"history", Json::array()}};
  for (const LayerSpec& layer : layers) {
    std::string bytes = pseudo_random_bytes(layer.size, layer.seed);
    const Digest digest = Digest::of(bytes);
    manifest.blobs.push_back({"application/octet-stream", digest, std::move(bytes), layer.urls});
    document["fsLayers"].push_back({{"blobSum", digest.str()}});
    document["history"].push_back({{"v1Compatibility", R"({"id":")" + digest.str() + "\"}"}});
  }
  const std::string payload = document.dump(3);
  constexpr std::string_view kTail = "\n}";
  manifest.digest = Digest::of(payload);
  manifest.bytes = payload.substr(0, payload.size() - kTail.size()) +
                   ",\n   \"signatures\": " + signature_block(payload, kTail) + std::string(kTail);
  return manifest;
}

std::optional<std::string> schema1_payload(const std::string& document) {
  const Json parsed = Json::parse(document, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("signatures")) {
    return std::nullopt;
  }
  const auto header =
      base64_decode(parsed.at("signatures").at(0).at("protected").get<std::string>());
  const Json format = Json::parse(header.value_or(""), nullptr, false);
  if (!format.is_object()) {
    return std::nullopt;
  }
  const auto tail = base64_decode(format.at("formatTail").get<std::string>());
  return document.substr(0, format.at("formatLength").get<std::size_t>()) + tail.value_or("");
}

}  // namespace image_syncer
