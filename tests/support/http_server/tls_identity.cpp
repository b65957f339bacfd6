#include "support/http_server/tls_identity.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>

namespace image_syncer {
namespace {

struct OpenSslDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }

  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

  void operator()(BIO* bio) const { BIO_free(bio); }

  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

template <typename T>
using Handle = std::unique_ptr<T, OpenSslDeleter>;

void check(bool ok, const char* what) {
  if (!ok) {
    throw std::runtime_error(std::string("making a certificate failed: ") + what);
  }
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  check(extension != nullptr, value);
  check(X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

struct Made {
  Handle<X509> certificate;
  Handle<EVP_PKEY> key;
};

/// `issuer`: null for a certificate that signs itself.
Made make_certificate(const CertificateSpec& spec, const Made* issuer) {
  Made made{Handle<X509>(X509_new()),
            Handle<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"))};
  X509* const certificate = made.certificate.get();
  check(made.key != nullptr && certificate != nullptr, "allocation");
  X509_set_version(certificate, X509_VERSION_3);
  // Clients may refuse two certificates of one issuer with the same serial number.
  std::uint32_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "RAND_bytes");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), static_cast<long>(serial));
  X509_gmtime_adj(X509_getm_notBefore(certificate), static_cast<long>(spec.begins.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(spec.ends.count()));
  X509_set_pubkey(certificate, made.key.get());

  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* const common_name = reinterpret_cast<const unsigned char*>(spec.name.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common_name, -1, -1, 0);
  X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  EVP_PKEY* const signing_key = issuer != nullptr ? issuer->key.get() : made.key.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  if (!spec.alt_names.empty()) {
    add_extension(certificate, signer, NID_subject_alt_name, spec.alt_names.c_str());
  }
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) {
    add_extension(certificate, signer, NID_authority_key_identifier, "keyid");
  }
  if (spec.is_ca) {
    add_extension(certificate, signer, NID_basic_constraints, "critical,CA:TRUE");
  }
  check(X509_sign(certificate, signing_key, EVP_sha256()) > 0, "X509_sign");
  return made;
}

TlsIdentity pem_of(const Made& made) {
  const Handle<BIO> certificate_text(BIO_new(BIO_s_mem()));
  const Handle<BIO> key_text(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(certificate_text.get(), made.certificate.get()) == 1, "writing it");
  check(PEM_write_bio_PrivateKey(
            key_text.get(), made.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "writing the key");
  return {text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace

TlsIdentity make_self_signed_identity() {
  return pem_of(make_certificate({.is_ca = true}, nullptr));
}

struct TestCa::Impl {
  Made made;
};

TestCa::TestCa()
    : impl_(std::make_unique<Impl>(Impl{make_certificate(
          {.name = "image-syncer test CA", .alt_names = "", .is_ca = true}, nullptr)})),
      certificate_(pem_of(impl_->made).certificate) {}

TestCa::~TestCa() = default;

TlsIdentity TestCa::issue(const CertificateSpec& spec) const {
  return pem_of(make_certificate(spec, &impl_->made));
}

}  // namespace image_syncer
