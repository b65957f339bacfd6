#pragma once

#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/redaction.hpp>

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace image_syncer {

/// What a registry is shown to know who asks: a user name and a password, or one of the two tokens
/// of docker's `config.json`.
struct Credential {
  std::string username;
  Secret password;
  /// A refresh token for the OAuth2 form of the token request; goes before the password.
  Secret identity_token = {};
  /// A bearer token for the registry itself: no token is asked for.
  Secret registry_token = {};
  /// Where it stands, for people: "auth.yaml:3:1", "/root/.docker/config.json (quay.io)". Tells
  /// nothing apart.
  std::string from = {};
};

/// Where credentials come from. Thread-safe; never blocks: a helper program may take its time.
class CredentialSource {
 public:
  /// The answer is on its way.
  struct Pending {};

  /// A credential, or none (anonymous), or later.
  using Held = std::variant<std::optional<Credential>, Pending>;

  CredentialSource() = default;
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;
  CredentialSource(CredentialSource&&) = delete;
  CredentialSource& operator=(CredentialSource&&) = delete;
  virtual ~CredentialSource() = default;

  /// The credential for a repository (the path is empty when only the registry is asked, as by a
  /// ping). With `Pending`, `wake` is called once, from any thread and without locks, when it is
  /// worth asking again; it must neither block nor throw. Throws `Error` (Retry::never) when the
  /// credential that was configured cannot be had: nobody is anonymous by accident.
  [[nodiscard]] virtual Held find(const Repository& repository,
                                  const std::function<void()>& wake) = 0;

  /// The registry refused `credential`, which `find` gave for `repository`. True: the next `find`
  /// may give another one (a helper is asked again, once per credential); false: this is all there
  /// is.
  [[nodiscard]] virtual bool renew(const Repository& repository, const Credential& credential) = 0;
};

}  // namespace image_syncer
