#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/pem.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <new>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxPemBytes = 1024UL * 1024;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }

  void operator()(X509* certificate) const { X509_free(certificate); }

  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

template <typename T>
using Handle = std::unique_ptr<T, Deleter>;

Handle<BIO> read_bio(const std::string& text) {
  Handle<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) {
    throw std::bad_alloc();
  }
  return bio;
}

// Null: there is no further one. Throws when there is one that cannot be read.
Handle<X509> next_certificate(BIO* bio, const std::string& path) {
  ERR_clear_error();
  Handle<X509> certificate(PEM_read_bio_X509_AUX(bio, nullptr, nullptr, nullptr));
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!certificate && !at_end) {
    throw Error(path + ": a certificate in it is damaged");
  }
  return certificate;
}

// Called for an encrypted key only: nobody is there to ask.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

void check_certificates(const std::string& path) {
  const std::string text = read_file(path, kMaxPemBytes);
  const Handle<BIO> bio = read_bio(text);
  if (!next_certificate(bio.get(), path)) {
    throw Error(path + ": no certificate in it (expected PEM: -----BEGIN CERTIFICATE-----)");
  }
  while (next_certificate(bio.get(), path)) {
  }
}

void check_client_key(const std::string& key_path, const std::string& cert_path) {
  const std::string cert_text = read_file(cert_path, kMaxPemBytes);
  const std::string key_text = read_file(key_path, kMaxPemBytes);
  const Handle<X509> certificate = next_certificate(read_bio(cert_text).get(), cert_path);
  bool is_encrypted = false;
  const Handle<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(read_bio(key_text).get(), nullptr, &refuse_password, &is_encrypted));
  ERR_clear_error();
  if (is_encrypted) {
    throw Error(key_path + ": the key is encrypted: store it without a passphrase (openssl pkey)");
  }
  if (!key) {
    throw Error(key_path + ": no private key in it (expected PEM: -----BEGIN PRIVATE KEY-----)");
  }
  const bool belongs = certificate && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs) {
    throw Error(key_path + ": the key does not belong to the certificate in " + cert_path);
  }
}

}  // namespace image_syncer
