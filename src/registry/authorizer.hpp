#pragma once

#include "registry/verb.hpp"
#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/auth/scope.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace image_syncer {

/// Who asks: puts the Authorization on the requests that one verb sends to its registry, gets the
/// tokens for that, and learns from refusals. Belongs to one conversation.
class Authorizer {
 public:
  /// `repository`: its credentials are used.
  Authorizer(RegistryHost& host, Repository repository, Verb& verb);
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;
  Authorizer(Authorizer&&) = delete;
  Authorizer& operator=(Authorizer&&) = delete;
  ~Authorizer();

  /// The request is as good as it gets.
  struct Ready {};

  /// What has to happen first: nothing, a request for a token (whose answer is for `on_token`), or
  /// what another thread is doing.
  using Step = std::variant<Ready, Request, Exchange::Waiting>;

  /// Adds the Authorization to a request for the registry. Throws `Error` when there is no point in
  /// asking.
  [[nodiscard]] Step authorize(Request& request, const Exchange::Wake& wake);
  /// A request goes to another host, as it is.
  void leave_out();

  /// The token server's answer. False: it refused, and the verb goes another way. Throws `Error`
  /// when that ends the verb.
  [[nodiscard]] bool on_token(const Response& response);
  /// No answer from it.
  void on_no_token(const Error& error);

  /// The answer to the ping. Throws `Error` when nobody could answer its challenge.
  void on_ping(const Response& response);
  /// The registry answered, with anything but 401.
  void on_accepted();
  /// The registry answered 401: whether asking once more, with another Authorization, can help.
  /// `error` is what that answer means otherwise. Throws `Error` when it ends the verb.
  [[nodiscard]] bool on_unauthorized(const Response& response, const RegistryError& error);

  /// Nothing more comes of what it was getting: that is for others now.
  void abandon();

 private:
  struct Lead {
    TokenKey key;
    ScopeSet scopes;
  };

  void authorize_by_password(Request& request);
  [[nodiscard]] Step authorize_by_token(Request& request,
                                        const Challenge& challenge,
                                        const Exchange::Wake& wake);
  void use_token_at_hand(Request& request, const TokenKey& key, const ScopeSet& scopes);
  void use_token(Request& request, const TokenKey& key, const Token& token);
  [[nodiscard]] Request token_request(const Challenge& challenge) const;
  [[nodiscard]] std::string checked_realm(const Challenge& challenge) const;
  [[noreturn]] void refuse_password(const RegistryError& error);
  void drop_lead(const Error& error);
  [[nodiscard]] ScopeSet wanted_scopes() const;
  [[nodiscard]] std::string basic_value() const;
  [[nodiscard]] RegistryError registry_error(const std::string& message) const;

  RegistryHost& host_;
  Repository repository_;
  Verb& verb_;
  std::optional<Credential> credential_;
  std::optional<Lead> lead_;
  ScopeSet challenge_scopes_;  // what the registry asked for beyond what we thought
  bool used_password_ = false;
  std::optional<std::pair<TokenKey, std::uint64_t>> used_token_;
};

}  // namespace image_syncer
