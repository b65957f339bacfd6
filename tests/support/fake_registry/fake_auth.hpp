#pragma once

#include "support/fake_registry/behaviour.hpp"
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

/// Checks credentials for the fake registry and answers its token endpoint (distribution's token
/// specification, GET form). Any thread may call anything.
class FakeAuth {
 public:
  explicit FakeAuth(AuthBehaviour behaviour);

  /// The 401 for a request that needs `scopes`, or nothing when it may go on. `realm`: the URL of
  /// the token endpoint.
  [[nodiscard]] std::optional<ServerResponse> refuse(const ServerRequest& request,
                                                     const std::vector<AuthScope>& scopes,
                                                     const std::string& realm);
  /// The answer of the token endpoint.
  [[nodiscard]] ServerResponse issue_token(const ServerRequest& request);

  /// Makes every token handed out so far worthless.
  void revoke_tokens();
  [[nodiscard]] std::size_t tokens_issued() const;

  [[nodiscard]] const AuthBehaviour& behaviour() const { return behaviour_; }

 private:
  struct Token {
    std::map<std::string, std::set<std::string>> actions;  // by repository
    Clock::time_point expires = {};
    std::size_t uses_left = 0;
  };
  enum class Verdict { good, invalid, insufficient };

  [[nodiscard]] bool is_user(const std::optional<std::string>& authorization) const;
  [[nodiscard]] bool grants(const std::string& user,
                            const std::string& repository,
                            const std::string& action) const;
  [[nodiscard]] Verdict use_token(const std::string& text, const std::vector<AuthScope>& scopes);
  [[nodiscard]] Clock::time_point now() const;

  const AuthBehaviour behaviour_;
  mutable std::mutex mutex_;
  std::map<std::string, Token> tokens_;  // guarded by mutex_
  std::size_t issued_ = 0;
};

}  // namespace image_syncer
