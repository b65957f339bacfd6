#pragma once

#include "support/fake_registry/behaviour.hpp"
#include "support/http_server/server_exchange.hpp"
#include "support/http_server/server_message.hpp"
#include <image_syncer/util/clock.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace image_syncer {

/// "repository:team/app:pull,push"
struct AuthScope {
  std::string repository;
  std::set<std::string> actions;
};

/// What a token endpoint was asked.
struct TokenAsked {
  std::string method = {};
  std::string credential;  ///< "alice:password", a refresh or access token, or "" for nobody
  std::string service;
  std::vector<std::string> scopes;
  int status = 0;  ///< of the answer
};

/// Checks credentials for the fake registry and answers its token endpoint (distribution's token
/// specification, GET and POST form). What it gives out and takes is entered in the
/// `CredentialLedger`. Any thread may call anything.
class FakeAuth {
 public:
  explicit FakeAuth(AuthBehaviour behaviour);

  /// Where its credentials may be shown: "127.0.0.1:PORT". `token_server`: "" for none. Called
  /// once, before any request.
  void set_hosts(const std::string& registry, const std::string& token_server);

  /// The 401 for a request that needs `scopes`, or nothing when it may go on. `realm`: the URL of
  /// the token endpoint.
  [[nodiscard]] std::optional<ServerResponse> refuse(const ServerRequest& request,
                                                     const std::vector<AuthScope>& scopes,
                                                     const std::string& realm);
  /// The challenge that a successful answer carries along; absent as a rule.
  [[nodiscard]] std::optional<std::string> offer(bool is_ping, const std::string& realm) const;
  /// The answer of the token endpoint.
  [[nodiscard]] ServerResponse issue_token(ServerExchange& exchange);

  /// Makes every token handed out so far worthless.
  void revoke_tokens();
  /// Another refresh token than that of the behaviour is good from now on.
  void set_identity_token(const std::string& token);
  [[nodiscard]] std::size_t tokens_issued() const;
  /// Every question to the token endpoint, in order.
  [[nodiscard]] std::vector<TokenAsked> asked() const;

  [[nodiscard]] const char* realm_path() const {
    return behaviour_.entra_token.empty() ? "/token" : "/oauth2/token";
  }

  [[nodiscard]] const AuthBehaviour& behaviour() const { return behaviour_; }

 private:
  struct Token {
    std::map<std::string, std::set<std::string>> actions;  // by repository
    Clock::time_point expires = {};
    std::size_t uses_left = 0;
  };
  enum class Verdict { good, invalid, insufficient };

  /// The user of "Basic …"; absent when it is not right.
  [[nodiscard]] std::optional<std::string> user_of(
      const std::optional<std::string>& authorization) const;
  [[nodiscard]] bool grants(const std::string& user,
                            const std::string& repository,
                            const std::string& action) const;
  [[nodiscard]] Verdict use_token(const std::string& text, const std::vector<AuthScope>& scopes);
  [[nodiscard]] std::string challenge(const std::string& realm) const;
  [[nodiscard]] ServerResponse answer(TokenAsked& asked, ServerExchange& exchange);
  [[nodiscard]] ServerResponse answer_get(TokenAsked& asked, const ServerRequest& request);
  [[nodiscard]] ServerResponse answer_post(TokenAsked& asked, const std::string& form);
  [[nodiscard]] ServerResponse exchange_entra_token(TokenAsked& asked, const ServerRequest& fields);
  [[nodiscard]] ServerResponse give(const TokenAsked& asked,
                                    const std::string& user,
                                    const std::string& refresh_token);
  [[nodiscard]] Clock::time_point now() const;

  const AuthBehaviour behaviour_;
  std::string registry_host_;
  mutable std::mutex mutex_;
  std::map<std::string, Token> tokens_;  // this and the following are guarded by mutex_
  std::string identity_token_;
  std::size_t issued_ = 0;
  std::vector<TokenAsked> asked_;
};

}  // namespace image_syncer
