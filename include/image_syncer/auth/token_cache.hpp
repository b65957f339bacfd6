#pragma once

#include <image_syncer/auth/scope.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/redaction.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace image_syncer {

/// Whose tokens: never shared between registries, realms, services or identities.
struct TokenKey {
  std::string registry;  ///< scheme, host and port of the registry
  std::string realm;
  std::string service;
  std::string identity;  ///< tells credentials apart; empty = anonymous
  /// What is asked with may change with every answer (a refresh token): one question at a time.
  bool one_at_a_time = false;
  friend auto operator<=>(const TokenKey&, const TokenKey&) = default;
};

struct Token {
  Secret value;
  Clock::time_point received;
  std::chrono::seconds lifetime{60};  ///< as granted, counted from receipt
  std::uint64_t generation = 0;       ///< given by `publish`: tells a token from its successor
};

/// How far a refusal by the token server reaches.
enum class Refused {
  identity,  ///< the credentials themselves: nothing more is asked with this key
  scopes,    ///< only requests that need all of these scopes
};

/// Bearer tokens of the process, one request in flight per key and scopes. Thread-safe.
///
///     auto held = cache.acquire(key, scopes, fresh, wake);
///     // Token: use it.
///     // Lead:  ask the realm, then call `publish` or `fail`, whatever happens: others wait for
///     it.
///     // Wait:  `wake` is called once when that happened; acquire again.
class TokenCache {
 public:
  explicit TokenCache(Clock& clock);
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;
  TokenCache(TokenCache&&) = delete;
  TokenCache& operator=(TokenCache&&) = delete;
  ~TokenCache();

  /// The caller is the one to ask for the token.
  struct Lead {};

  /// Somebody else is asking.
  struct Wait {};

  using Held = std::variant<Token, Lead, Wait>;

  /// A token whose scopes cover `scopes` and that is not due for renewal. It is due when less than
  /// a quarter of its life and less than 30 s are left; one that was granted for 30 s or less
  /// serves for 9/10 of it, so that short lives do not cost a token per request. `fresh_for_body`:
  /// a token past half its life is not good enough (a large body follows).
  ///
  /// `wake` is kept only with `Wait`. It is called from the thread of the publisher, without locks,
  /// and must neither block nor throw (a curl wakeup); it must stay callable until then. Each
  /// `acquire` that answers `Wait` has its own call. May be empty.
  ///
  /// Until a first token shows that they are good, the credentials of an identity are tried by one
  /// request at a time, whatever its scopes: wrong ones lock accounts.
  ///
  /// Throws what an earlier `fail` was given, while that is remembered for these scopes.
  [[nodiscard]] Held acquire(const TokenKey& key,
                             const ScopeSet& scopes,
                             bool fresh_for_body,
                             const std::function<void()>& wake);

  /// The leader has a token for `scopes`; `token.generation` is overwritten. Scopes that hold more
  /// than what the lead was taken for end the lead, too; for fewer, `fail` has to be called as
  /// well.
  void publish(const TokenKey& key, const ScopeSet& scopes, Token token);

  /// The leader has none, also because it was stopped. With `Retry::later` the next to `acquire`
  /// takes the lead. With `Retry::never` the error is remembered as far as `refused` says, and
  /// every such `acquire` throws a copy: wrong credentials are tried once. A 401 for credentials
  /// concerns the identity; a 403, and a 401 without credentials, only the scopes (public and
  /// private repositories of one registry differ there). The copies have the static type of
  /// `error`.
  template <std::derived_from<Error> E>
  void fail(const TokenKey& key,
            const ScopeSet& scopes,
            const E& error,
            Refused refused = Refused::identity) {
    std::function<std::exception_ptr()> remembered;
    if (error.retry() == Retry::never) {
      remembered = [error] { return std::make_exception_ptr(error); };
    }
    end_lead(key, scopes, std::move(remembered), refused);
  }

  /// The time by which lives are counted.
  [[nodiscard]] Clock::time_point now() const;

  /// The registry refused this token (401): forget it, unless it was replaced already.
  void reject(const TokenKey& key, std::uint64_t generation);

 private:
  struct Impl;

  /// `error` makes what is to be thrown from now on; empty when nothing is remembered.
  void end_lead(const TokenKey& key,
                const ScopeSet& scopes,
                std::function<std::exception_ptr()> error,
                Refused refused);

  std::unique_ptr<Impl> impl_;
};

/// A token server's answer (distribution, token authentication): `token`, else `access_token`;
/// `expires_in` in seconds is taken as given, 60 when it is missing or not positive, and at most a
/// year. `issued_at` is not used: the clocks of others are wrong, life counts from receipt.
/// Throws `Error` with Retry::later when there is no usable token in it.
[[nodiscard]] Token parse_token_response(std::string_view body, Clock::time_point received);

/// The `refresh_token` of the same answer, which replaces the one that was sent (distribution,
/// OAuth2 token authentication); empty when there is none. Throws nothing of its own.
[[nodiscard]] Secret parse_refresh_token(std::string_view body);

}  // namespace image_syncer
