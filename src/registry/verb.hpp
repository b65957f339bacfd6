#pragma once

#include "registry/error_table.hpp"
#include <image_syncer/auth/scope.hpp>
#include <image_syncer/http/message.hpp>
#include <image_syncer/util/error.hpp>

#include <optional>
#include <string>

namespace image_syncer {

/// What a verb contributes to a conversation: its requests, without Authorization and connection,
/// and what their answers mean.
class Verb {
 public:
  Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;
  Verb(Verb&&) = delete;
  Verb& operator=(Verb&&) = delete;
  virtual ~Verb() = default;

  /// The next request, or nothing: the verb is finished. `origin`: scheme and authority of the
  /// registry.
  [[nodiscard]] virtual std::optional<Request> request(const std::string& origin) = 0;
  /// The answer, after redirects and authentication. Throws `Error` when it ends the verb.
  virtual void answer(Response response) = 0;

  /// No answer came. The default throws `error`.
  virtual void no_answer(const TransportError& error) { throw error; }

  /// The token server refused. True: the verb has changed its request and scopes and wants another
  /// try.
  [[nodiscard]] virtual bool refused(const Error& /*error*/) { return false; }

  [[nodiscard]] virtual ScopeSet scopes() const = 0;
  /// For the error table: what the last request was.
  [[nodiscard]] virtual RegistryVerb kind() const = 0;

  /// Whether authentication is worth requests of its own: for a token, and for the repeat after a
  /// 401.
  [[nodiscard]] virtual bool insists() const { return true; }

  /// A large body follows: the token should not be about to expire.
  [[nodiscard]] virtual bool fresh_token() const { return false; }
};

}  // namespace image_syncer
