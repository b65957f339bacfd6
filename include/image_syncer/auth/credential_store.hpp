#pragma once

#include <image_syncer/auth/credential.hpp>
#include <image_syncer/auth/credential_places.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// A credential of the program's own configuration, and where it stands there ("auth.yaml:3:1").
struct OwnCredential {
  Credential credential;
  std::string from;
};

struct CredentialStoreOptions {
  /// The program's own configuration, which goes before everything else; absent = it has none for
  /// the repository. Called from any thread.
  std::function<std::optional<OwnCredential>(const Repository&)> own = {};
  /// Read once, by the constructor. The first that knows a repository counts.
  std::vector<CredentialPlace> places = {};
  /// Where helper programs are looked for, as in `$PATH`.
  std::string helper_path = {};
  /// How long a helper may take; then it is killed. By the machine's clock.
  std::chrono::milliseconds helper_time = std::chrono::seconds(30);
};

/// All that is known about who we are to registries: the program's own configuration, then docker's
/// and podman's files and the credential helpers that they name (docs/configuration.md,
/// Credentials). In one file `credHelpers` goes first and alone, `credsStore` next, `auths` last.
///
/// A file that cannot be read or understood is warned about, and is an error to those repositories
/// that nothing before it knows. So is a helper that fails in another way than by having nothing.
/// Which source serves which registry is said once in the log (info).
///
/// Thread-safe. Never blocks after construction. The destructor kills helpers that still run, and
/// does not wake who waits for them.
class CredentialStore final : public CredentialSource {
 public:
  /// `clock`: for the age of what helpers said, at most an hour; outlives the store.
  CredentialStore(CredentialStoreOptions options, Clock& clock);
  CredentialStore(const CredentialStore&) = delete;
  CredentialStore& operator=(const CredentialStore&) = delete;
  CredentialStore(CredentialStore&&) = delete;
  CredentialStore& operator=(CredentialStore&&) = delete;
  ~CredentialStore() override;

  [[nodiscard]] Held find(const Repository& repository, const std::function<void()>& wake) override;
  /// Only a helper can have another one.
  [[nodiscard]] bool renew(const Repository& repository, const Credential& credential) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
