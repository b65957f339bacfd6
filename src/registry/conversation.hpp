#pragma once

#include "registry/error_table.hpp"
#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/auth/scope.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace image_syncer {

/// What a verb contributes to a conversation: its requests, without Authorization, and what their
/// answers mean.
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
  virtual void no_answer(const TransportError& error);
  /// The token server, or the registry in spite of a fresh token, refused. True: the verb has
  /// changed its request or scopes and wants another try.
  [[nodiscard]] virtual bool refused(const Error& error);
  [[nodiscard]] virtual ScopeSet scopes() const = 0;
  /// For the error table.
  [[nodiscard]] virtual RegistryVerb kind() const = 0;

  /// Whether a 401 is worth a new token and a repeat.
  [[nodiscard]] virtual bool insists() const { return true; }

  /// A large body follows: the token should not be about to expire.
  [[nodiscard]] virtual bool fresh_token() const { return false; }
};

/// The part that all verbs share: finding the registry's origin, tokens, the repeat after a 401,
/// redirects. Drives one `Verb`.
class Conversation {
 public:
  /// `repository`: its credentials are used; its path may be empty (ping).
  Conversation(RegistryHost& host, Repository repository, Verb& verb);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  Conversation(Conversation&&) = delete;
  Conversation& operator=(Conversation&&) = delete;
  ~Conversation();

  [[nodiscard]] const std::string& host() const { return host_.name(); }

  [[nodiscard]] const RegistrySettings& settings() const { return host_.settings(); }

  [[nodiscard]] Exchange::Step next(const Exchange::Wake& wake);
  void on_response(Response response);
  void on_failure(const TransportError& error);

 private:
  enum class Asking { nothing, ping, token, verb };

  struct Lead {
    TokenKey key;
    ScopeSet scopes;
  };

  [[nodiscard]] std::optional<Exchange::Step> authorize(Request& request,
                                                        const Exchange::Wake& wake);
  [[nodiscard]] std::optional<Exchange::Step> authorize_by_token(Request& request,
                                                                 const Challenge& challenge,
                                                                 const Exchange::Wake& wake);
  [[nodiscard]] Request ping_request();
  [[nodiscard]] Request token_request(const Challenge& challenge);
  void on_ping(const Response& response);
  void on_token(const Response& response);
  void on_verb(Response response);
  /// Whether the request is to be repeated.
  [[nodiscard]] bool on_unauthorized(const Response& response);
  [[nodiscard]] bool follow_redirect(const Response& response);
  void drop_lead(const Error& error);
  [[nodiscard]] ScopeSet wanted_scopes() const;
  [[nodiscard]] std::string basic_value() const;
  [[nodiscard]] bool at_registry() const;

  RegistryHost& host_;
  Repository repository_;
  Verb& verb_;
  std::optional<Credential> credential_;
  Asking asking_ = Asking::nothing;
  bool try_http_ = false;
  std::optional<Lead> lead_;
  ScopeSet challenge_scopes_;  // what the registry asked for beyond what we thought
  // The request under way, without Authorization, so that it can be repeated.
  std::optional<Request> request_;
  std::string sent_to_;  // the URL that the registry was asked for, before redirects
  std::size_t redirects_ = 0;
  bool repeated_ = false;
  bool used_basic_ = false;
  std::optional<std::pair<TokenKey, std::uint64_t>> used_token_;
};

/// An exchange of type `Base` that is a conversation of one verb.
template <typename Base>
class Conversing : public Base, protected Verb {
 public:
  Conversing(RegistryHost& host, Repository repository)
      : conversation_(host, std::move(repository), *this) {}

  [[nodiscard]] const std::string& host() const override { return conversation_.host(); }

  [[nodiscard]] Exchange::Step next(const Exchange::Wake& wake) override {
    return conversation_.next(wake);
  }

  void on_response(Response response) override { conversation_.on_response(std::move(response)); }

  void on_failure(const TransportError& error) override { conversation_.on_failure(error); }

 protected:
  [[nodiscard]] const RegistrySettings& settings() const { return conversation_.settings(); }

 private:
  Conversation conversation_;
};

}  // namespace image_syncer
