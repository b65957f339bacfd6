#pragma once

#include "registry/authorizer.hpp"
#include "registry/location.hpp"
#include "registry/verb.hpp"
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace image_syncer {

/// The part that all verbs share: finding the registry's origin, tokens, the repeat after a 401,
/// redirects. Drives one `Verb`.
class Conversation {
 public:
  /// `repository`: its credentials are used; its path may be empty (ping).
  Conversation(RegistryHost& host, Repository repository, Verb& verb);

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

  [[nodiscard]] Request ping_request();
  void on_ping(const Response& response);
  [[nodiscard]] bool follow_ping_redirect(const Response& response);
  void on_verb(Response response);
  [[nodiscard]] bool follow_redirect(const Response& response);
  void count_redirect(Method method, const Response& response);
  [[nodiscard]] bool at_registry(const std::string& url) const;

  RegistryHost& host_;
  Repository repository_;
  Verb& verb_;
  Authorizer authorizer_;
  Asking asking_ = Asking::nothing;
  bool pinged_ = false;
  bool try_http_ = false;
  std::string ping_url_;  // where the ping was redirected to; empty = nowhere
  // The request under way, without Authorization, so that it can be repeated.
  std::optional<Request> request_;
  Method method_ = Method::get;  // of the verb's last request
  std::size_t redirects_ = 0;
  bool repeated_ = false;
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
