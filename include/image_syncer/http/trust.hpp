#pragma once

#include <memory>
#include <string>
#include <vector>

struct x509_store_st;

namespace image_syncer {

/// The certificate authorities that servers are verified against: the system's, and those added for
/// one host. Read once and shared by all connections that use it: reading the system's for each
/// connection, as libcurl does by itself, takes 18 ms of a processor. Immutable; any thread.
class Trust {
 public:
  /// The system's and the certificates in `ca_files` (PEM). Throws `Error` naming the file that
  /// cannot be used.
  explicit Trust(const std::vector<std::string>& ca_files);

  /// The system's alone.
  [[nodiscard]] static std::shared_ptr<const Trust> system();

  /// Whether the system has any certificates at all.
  [[nodiscard]] static bool system_is_empty();

  /// No two of a process have the same: connections of one are never used for another.
  [[nodiscard]] const std::string& id() const { return id_; }

  /// OpenSSL's view; owned by this.
  [[nodiscard]] x509_store_st* store() const { return store_.get(); }

 private:
  struct Deleter {
    void operator()(x509_store_st* store) const noexcept;
  };

  std::unique_ptr<x509_store_st, Deleter> store_;
  std::string id_;
};

}  // namespace image_syncer
