#pragma once

#include "registry/token_inquiry.hpp"
#include "registry/verb.hpp"
#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/auth/credential.hpp>
#include <image_syncer/auth/scope.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace image_syncer {

/// Who asks: puts the Authorization on the requests that one verb sends to its registry, gets
/// credentials and tokens for that when a challenge asks for them, and learns from refusals.
/// Belongs to one conversation.
///
/// What is sent is a token of the token server that the challenge names, or, for Basic and with a
/// registry token, the credential itself. Either way the token cache sees to it that credentials
/// are tried by one request until they turn out good, and not again after they were refused.
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
  /// what somebody else is doing.
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

  /// The answer to the ping of the registry at `origin`. Throws `Error` when nobody could answer
  /// its challenge.
  void on_ping(const Response& response, const std::string& origin);
  /// The registry answered, with anything but 401.
  void on_answer(int status);
  /// The registry answered 401: whether asking once more, with another Authorization, can help.
  /// `error` is what that answer means otherwise. Throws `Error` when it ends the verb.
  [[nodiscard]] bool on_unauthorized(const Response& response, const RegistryError& error);

  /// Nothing more comes of what it was getting: that is for others now.
  void abandon();

 private:
  /// What the request that is on its way carries.
  enum class Carried { nothing, token, credential };

  /// It is on us to find out, for all who wait, what the token server gives or whether the
  /// credential itself is good.
  struct Lead {
    TokenKey key;
    ScopeSet scopes;
    std::string header;  // of a credential that is tried itself
  };

  struct Refusal {
    std::string identity;
    RegistryError error;
  };

  [[nodiscard]] bool look_up(const Exchange::Wake& wake);
  [[nodiscard]] Step authorize_as(Request& request,
                                  const Challenge& challenge,
                                  const Exchange::Wake& wake);
  [[nodiscard]] Step authorize_by_credential(Request& request, const Exchange::Wake& wake);
  [[nodiscard]] Step authorize_by_token(Request& request,
                                        const Challenge& challenge,
                                        const Exchange::Wake& wake);
  /// As the cache's, but a verb that does not insist takes no lead.
  [[nodiscard]] TokenCache::Held acquire(const TokenKey& key,
                                         const ScopeSet& scopes,
                                         bool may_lead,
                                         const Exchange::Wake& wake);
  [[nodiscard]] bool shows_credential(const Challenge& challenge) const;
  /// As `on_token`, for a refusal.
  [[nodiscard]] bool on_token_refused(bool of_credential, const RegistryError& error);
  [[nodiscard]] Lead end_lead();

  std::optional<Challenge> learn(const std::vector<Challenge>& challenges,
                                 const std::string& origin);
  [[nodiscard]] RegistryError unsupported(const std::vector<Challenge>& challenges,
                                          const std::string& url) const;
  [[nodiscard]] std::optional<Challenge> offer(const std::vector<Challenge>& challenges,
                                               const std::string& origin);
  [[nodiscard]] bool on_credential_refused(const Response& response, const RegistryError& error);
  /// Whether there is another credential to try after this one was refused.
  [[nodiscard]] bool renew(const RegistryError& error);

  void drop_lead(const Error& error);
  [[nodiscard]] ScopeSet wanted_scopes() const;
  [[nodiscard]] std::vector<std::string> scopes_to_ask(const ScopeSet& scopes) const;
  [[nodiscard]] bool plain_allowed(const std::string& origin) const;
  [[nodiscard]] RegistryError registry_error(const std::string& message, int status = 0) const;

  RegistryHost& host_;
  Repository repository_;
  Verb& verb_;
  bool looked_up_ = false;
  std::optional<Credential> credential_;
  std::string identity_;               // tells the credential from others; "" for none
  std::optional<Refusal> refused_;     // what was renewed
  std::optional<RegistryError> told_;  // the 401 for a request without Authorization
  std::optional<Lead> lead_;
  std::optional<TokenInquiry> inquiry_;  // with a lead that is for a token
  ScopeSet challenge_scopes_;            // what the registry asked for beyond what we thought
  Carried carried_ = Carried::nothing;
  TokenKey used_key_;
  std::uint64_t used_generation_ = 0;
};

}  // namespace image_syncer
