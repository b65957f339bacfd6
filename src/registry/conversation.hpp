#pragma once

#include "registry/error_table.hpp"
#include "registry/location.hpp"
#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/auth/scope.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

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
  virtual void no_answer(const TransportError& error);
  /// The token server refused. True: the verb has changed its request and scopes and wants another
  /// try.
  [[nodiscard]] virtual bool refused(const Error& error);
  [[nodiscard]] virtual ScopeSet scopes() const = 0;
  /// For the error table: what the last request was.
  [[nodiscard]] virtual RegistryVerb kind() const = 0;

  /// Whether authentication is worth requests of its own: for a token, and for the repeat after a
  /// 401.
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

  [[nodiscard]] Exchange::Step next(const Exchange::Wake& wake);
  void on_response(Response response);
  void on_failure(const TransportError& error);

  /// Forgets the request under way: the verb is asked for the next one.
  void begin_anew();

  /// Whether it had to find the registry's origin first.
  [[nodiscard]] bool has_pinged() const { return pinged_; }

  /// Where an answer may point: from https to plain http only if the user allowed that.
  [[nodiscard]] Downgrade downgrade() const;

  /// The error for an answer to the verb's last request.
  [[nodiscard]] RegistryError error_of(const Response& response) const;

 private:
  enum class Asking { nothing, ping, token, verb };

  struct Lead {
    TokenKey key;
    ScopeSet scopes;
  };

  [[nodiscard]] std::optional<Exchange::Step> authorize(Request& request,
                                                        const Exchange::Wake& wake);
  void authorize_by_password(Request& request);
  [[nodiscard]] std::optional<Exchange::Step> authorize_by_token(Request& request,
                                                                 const Challenge& challenge,
                                                                 const Exchange::Wake& wake);
  void use_token_at_hand(Request& request, const TokenKey& key, const ScopeSet& scopes);
  void use_token(Request& request, const TokenKey& key, const Token& token);
  [[nodiscard]] Request ping_request();
  [[nodiscard]] Request token_request(const Challenge& challenge);
  [[nodiscard]] std::string checked_realm(const Challenge& challenge) const;
  void on_ping(const Response& response);
  void on_token(const Response& response);
  void on_verb(Response response);
  /// Whether the request is to be repeated.
  [[nodiscard]] bool on_unauthorized(const Response& response);
  [[noreturn]] void refuse_password(const Response& response);
  [[nodiscard]] bool follow_redirect(const Response& response);
  void drop_lead(const Error& error);
  [[nodiscard]] ScopeSet wanted_scopes() const;
  [[nodiscard]] std::string basic_value() const;
  [[nodiscard]] bool at_registry(const std::string& url) const;
  /// Certificates and trust for a URL.
  [[nodiscard]] ConnectionOptions connection_to(const std::string& url) const;
  [[nodiscard]] RegistryError registry_error(const std::string& message) const;

  RegistryHost& host_;
  Repository repository_;
  Verb& verb_;
  std::optional<Credential> credential_;
  Asking asking_ = Asking::nothing;
  bool pinged_ = false;
  bool try_http_ = false;
  std::optional<Lead> lead_;
  ScopeSet challenge_scopes_;  // what the registry asked for beyond what we thought
  // The request under way, without Authorization, so that it can be repeated.
  std::optional<Request> request_;
  Method method_ = Method::get;  // of the verb's last request
  std::size_t redirects_ = 0;
  bool repeated_ = false;
  bool used_password_ = false;
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

  void abandon() override { conversation_.begin_anew(); }

 protected:
  [[nodiscard]] Conversation& conversation() { return conversation_; }

  /// The error for an answer to the last request.
  [[nodiscard]] RegistryError error_of(const Response& response) const {
    return conversation_.error_of(response);
  }

 private:
  Conversation conversation_;
};

}  // namespace image_syncer
