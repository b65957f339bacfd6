#include "http/curl_handle.hpp"
#include <image_syncer/http/trust.hpp>
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <atomic>
#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

namespace image_syncer {
namespace {

struct StoreDeleter {
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};

using Store = std::unique_ptr<X509_STORE, StoreDeleter>;

/// A file of certificates that was named by somebody.
void load_named_file(X509_STORE* store, const std::string& file) {
  if (X509_STORE_load_file(store, file.c_str()) != 1) {
    log(LogLevel::warn,
        "http",
        "SSL_CERT_FILE names no usable CA certificates in PEM form",
        {{"file", file}});
  }
}

/// Every file of the folders, whatever its name: as Go's programs read them.
void load_named_folders(X509_STORE* store, const std::string& folders) {
  for (const std::string_view folder : split(folders, ':')) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (entry.is_regular_file(ignored)) {
        X509_STORE_load_file(store, entry.path().c_str());
      }
    }
  }
}

/// What is trusted without any configuration of ours: what SSL_CERT_FILE and SSL_CERT_DIR name, as
/// OpenSSL and Go do, each in the place of what libcurl was built to trust: a bundle, a folder of
/// hashed names, or both.
struct SystemTrust {
  Store bundle;        // never used for a connection, so that its list does not change
  std::string folder;  // may be empty

  SystemTrust()
      : bundle(X509_STORE_new()) {
    ensure_curl();
    const curl_version_info_data* const info = curl_version_info(CURLVERSION_NOW);
    const Environment environment = process_environment();
    if (const auto file = environment("SSL_CERT_FILE"); file && !file->empty()) {
      load_named_file(bundle.get(), *file);
    } else if (info->cainfo != nullptr) {
      X509_STORE_load_file(bundle.get(), info->cainfo);
    }
    if (const auto folders = environment("SSL_CERT_DIR"); folders && !folders->empty()) {
      load_named_folders(bundle.get(), *folders);
    } else if (info->capath != nullptr) {
      folder = info->capath;
    }
    ERR_clear_error();  // a system without certificates trusts nobody, and can be told to
  }

  static const SystemTrust& get() {
    static const SystemTrust instance;
    return instance;
  }
};

std::string next_id() {
  static std::atomic<unsigned> last = 0;
  return "/nonexistent/trust-" + std::to_string(++last);
}

}  // namespace

void Trust::Deleter::operator()(x509_store_st* store) const noexcept {
  X509_STORE_free(store);
}

Trust::Trust(const std::vector<std::string>& ca_files)
    : store_(X509_STORE_new()),
      id_(next_id()) {
  const SystemTrust& system = SystemTrust::get();
  if (!store_) {
    throw std::bad_alloc();
  }
  // As libcurl does: a certificate that was added by itself is enough, its issuer need not be.
  X509_STORE_set_flags(store_.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  // The certificates themselves are shared, so that a store more costs little.
  const STACK_OF(X509_OBJECT)* const objects = X509_STORE_get0_objects(system.bundle.get());
  for (int index = 0; index < sk_X509_OBJECT_num(objects); ++index) {
    if (X509* const certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, index))) {
      X509_STORE_add_cert(store_.get(), certificate);
    }
  }
  if (!system.folder.empty()) {
    X509_STORE_load_path(store_.get(), system.folder.c_str());  // only looked into when needed
  }
  // libcurl 7.88 adds the folder it is given (our id) to the store after it was handed over, in
  // every handshake. That changes nothing, and so disturbs no other thread, when it is there
  // already.
  X509_STORE_load_path(store_.get(), id_.c_str());
  for (const std::string& file : ca_files) {
    if (X509_STORE_load_file(store_.get(), file.c_str()) != 1) {
      ERR_clear_error();
      throw Error(file + ": holds no usable CA certificates in PEM form, or cannot be read");
    }
  }
  ERR_clear_error();
}

std::shared_ptr<const Trust> Trust::system() {
  static const auto instance = std::make_shared<const Trust>(std::vector<std::string>());
  return instance;
}

bool Trust::system_is_empty() {
  return sk_X509_OBJECT_num(X509_STORE_get0_objects(SystemTrust::get().bundle.get())) == 0;
}

}  // namespace image_syncer
