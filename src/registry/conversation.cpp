#include "registry/conversation.hpp"

#include "registry/answer_error.hpp"
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cassert>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxRedirects = 10;
constexpr std::uint64_t kMaxTokenBody = 1024ULL * 1024;
constexpr std::chrono::seconds kTokenStall{30};
constexpr std::string_view kClientId = "image-syncer";
constexpr std::array kRedirects{301, 302, 303, 307, 308};
constexpr std::array kReads{RegistryVerb::manifest_head,
                            RegistryVerb::manifest_get,
                            RegistryVerb::blob_head,
                            RegistryVerb::blob_get};

template <typename Values>
bool is_one_of(const Values& values, const typename Values::value_type& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

void Verb::no_answer(const TransportError& error) {
  throw error;
}

bool Verb::refused(const Error& /*error*/) {
  return false;
}

Conversation::Conversation(RegistryHost& host, Repository repository, Verb& verb)
    : host_(host),
      repository_(std::move(repository)),
      verb_(verb),
      credential_(host.credential(repository_)) {}

Conversation::~Conversation() {
  drop_lead(Error("the request for a token was abandoned", Retry::later));
}

Exchange::Step Conversation::next(const Exchange::Wake& wake) {
  const auto origin = host_.origin();
  if (!origin) {
    asking_ = Asking::ping;
    pinged_ = true;
    return ping_request();
  }
  if (!request_) {
    request_ = verb_.request(*origin);
    if (!request_) {
      return Exchange::Finished{};
    }
    request_->connection = connection_to(request_->url);
    method_ = request_->method;
    redirects_ = 0;
    repeated_ = false;
  }
  Request request = *request_;
  used_token_.reset();
  used_password_ = false;
  if (at_registry(request.url)) {
    try {
      if (auto step = authorize(request, wake)) {
        return std::move(*step);
      }
    } catch (const Error& error) {
      if (!verb_.refused(error)) {
        throw;
      }
      begin_anew();
      return next(wake);  // a verb has no more than one other way
    }
  }
  asking_ = Asking::verb;
  return request;
}

void Conversation::begin_anew() {
  drop_lead(Error("the request for a token was abandoned", Retry::later));
  request_.reset();
  asking_ = Asking::nothing;
}

bool Conversation::at_registry(const std::string& url) const {
  const auto registry = host_.origin();
  return registry && same_origin(url, *registry);
}

// Certificates and trust belong to the registry; another host gets none of it. That a registry is
// not verified at all extends to where it sends us, as its users expect of `insecure`.
ConnectionOptions Conversation::connection_to(const std::string& url) const {
  const RegistrySettings& settings = host_.settings();
  ConnectionOptions connection;
  if (!host_.origin() || at_registry(url)) {
    connection = settings.connection;
  } else {
    connection.proxy = settings.connection.proxy;
  }
  connection.verify_tls = connection.verify_tls && !settings.insecure;
  return connection;
}

Downgrade Conversation::downgrade() const {
  return host_.settings().insecure ? Downgrade::allow : Downgrade::refuse;
}

RegistryError Conversation::error_of(const Response& response) const {
  const bool by_storage = is_one_of(kReads, verb_.kind()) && !at_registry(response.url);
  return answer_error(by_storage ? RegistryVerb::storage : verb_.kind(),
                      host_.name(),
                      repository_.path,
                      method_,
                      response);
}

RegistryError Conversation::registry_error(const std::string& message) const {
  return {message, {host_.name(), repository_.path, 401, {}, {}, ErrorClass::registry}};
}

Request Conversation::ping_request() {
  Request request;
  request.url = host_.origin_to_try(try_http_) + "/v2/";
  request.connection = connection_to(request.url);
  return request;
}

std::optional<Exchange::Step> Conversation::authorize(Request& request,
                                                      const Exchange::Wake& wake) {
  const auto challenge = host_.challenge();
  if (!challenge) {
    return std::nullopt;
  }
  if (challenge->scheme != "basic") {
    return authorize_by_token(request, *challenge, wake);
  }
  authorize_by_password(request);
  return std::nullopt;
}

void Conversation::authorize_by_password(Request& request) {
  if (!credential_) {
    return;  // the answer will say what is missing
  }
  if (const auto message = host_.refused(credential_->username)) {
    if (!verb_.insists()) {
      return;
    }
    throw registry_error(*message);
  }
  request.headers.add("Authorization", basic_value());
  used_password_ = true;
}

std::optional<Exchange::Step> Conversation::authorize_by_token(Request& request,
                                                               const Challenge& challenge,
                                                               const Exchange::Wake& wake) {
  const TokenKey key{*host_.origin(),
                     challenge.parameter("realm"),
                     challenge.parameter("service"),
                     credential_ ? credential_->username : ""};
  const ScopeSet scopes = wanted_scopes();
  if (!verb_.insists()) {
    use_token_at_hand(request, key, scopes);
    return std::nullopt;
  }
  const auto held = host_.tokens().acquire(key, scopes, verb_.fresh_token(), wake);
  if (const Token* token = std::get_if<Token>(&held)) {
    use_token(request, key, *token);
    return std::nullopt;
  }
  if (std::holds_alternative<TokenCache::Wait>(held)) {
    asking_ = Asking::nothing;
    return Exchange::Waiting{};
  }
  lead_ = Lead{key, scopes};
  asking_ = Asking::token;
  try {
    return token_request(challenge);
  } catch (const Error& error) {
    drop_lead(error);
    throw;
  }
}

void Conversation::use_token(Request& request, const TokenKey& key, const Token& token) {
  request.headers.add("Authorization", "Bearer " + token.value.reveal());
  used_token_ = {key, token.generation};
}

void Conversation::use_token_at_hand(Request& request,
                                     const TokenKey& key,
                                     const ScopeSet& scopes) {
  try {
    const auto held = host_.tokens().acquire(key, scopes, false, {});
    if (const Token* token = std::get_if<Token>(&held)) {
      use_token(request, key, *token);
    } else if (std::holds_alternative<TokenCache::Lead>(held)) {
      host_.tokens().fail(
          key, scopes, Error("a token was not worth a request", Retry::later), Refused::scopes);
    }
  } catch (const Error&) {
    // Refused before: the request goes without.
  }
}

ScopeSet Conversation::wanted_scopes() const {
  ScopeSet scopes = verb_.scopes();
  scopes.add(challenge_scopes_);
  return scopes;
}

std::string Conversation::basic_value() const {
  const std::string encoded =
      base64_encode(credential_->username + ":" + credential_->password.reveal());
  register_secret(encoded);
  return "Basic " + encoded;
}

std::string Conversation::checked_realm(const Challenge& challenge) const {
  std::string realm =
      resolve_location(*host_.origin() + "/v2/", challenge.parameter("realm"), Downgrade::allow);
  const bool secure_registry =
      host_.origin()->starts_with("https://") && !host_.settings().insecure;
  if (secure_registry && !realm.starts_with("https://")) {
    throw registry_error("registry " + host_.name() + " wants credentials sent to " +
                         redact_url(realm) +
                         ", which is not https: refused (insecure: true in the auth file allows "
                         "it)");
  }
  return realm;
}

// The GET form of the distribution token documentation.
Request Conversation::token_request(const Challenge& challenge) {
  std::string url = checked_realm(challenge);
  const auto add = [&url](std::string_view name, std::string_view value) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url.append(name).append("=").append(percent_encode(value));
  };
  if (credential_) {
    add("account", credential_->username);
  }
  add("client_id", kClientId);
  if (const auto service = challenge.parameter("service"); !service.empty()) {
    add("service", service);
  }
  for (const std::string& scope : lead_->scopes.strings()) {
    add("scope", scope);
  }
  Request request;
  request.url = url;
  request.max_body = kMaxTokenBody;
  request.connection = connection_to(url);
  request.stall_timeout = kTokenStall;
  if (credential_) {
    request.headers.add("Authorization", basic_value());
  }
  return request;
}

void Conversation::on_response(Response response) {
  switch (asking_) {
    case Asking::ping:
      on_ping(response);
      break;
    case Asking::token:
      on_token(response);
      break;
    case Asking::verb:
      on_verb(std::move(response));
      break;
    case Asking::nothing:
      assert(false);
      break;
  }
}

void Conversation::on_ping(const Response& response) {
  const auto challenges = parse_challenges(response.headers.all("WWW-Authenticate"));
  const auto challenge = choose_challenge(challenges);
  if (response.status == 401 && !challenge) {
    const std::string scheme = challenges.empty() ? "none" : challenges.front().scheme;
    throw registry_error(
        "GET " + redact_url(response.url) +
        ": 401 with an authentication scheme that is not supported: " + printable(scheme, 60));
  }
  if (response.status != 200 && response.status != 401) {
    throw answer_error(RegistryVerb::ping, host_.name(), "", Method::get, response);
  }
  if (challenge) {
    host_.learn_challenge(*challenge);
  }
  host_.set_origin(host_.origin_to_try(try_http_));
}

void Conversation::on_token(const Response& response) {
  try {
    if (response.status != 200) {
      throw answer_error(credential_ ? RegistryVerb::token : RegistryVerb::token_anonymous,
                         host_.name(),
                         repository_.path,
                         Method::get,
                         response);
    }
    Token token = parse_token_response(response.body, std::chrono::steady_clock::now());
    const Lead lead = *std::exchange(lead_, std::nullopt);
    host_.tokens().publish(lead.key, lead.scopes, std::move(token));
  } catch (const RegistryError& error) {
    const bool other_way = verb_.refused(error);
    // With another way left it was the extra scope, not the credentials.
    const bool identity = credential_ && error.status() == 401 && !other_way;
    const Lead lead = *std::exchange(lead_, std::nullopt);
    host_.tokens().fail(
        lead.key, lead.scopes, error, identity ? Refused::identity : Refused::scopes);
    if (!other_way) {
      throw;
    }
    begin_anew();
  } catch (Error& error) {
    error.while_doing("GET " + redact_url(response.url));
    drop_lead(error);
    throw;
  }
}

void Conversation::on_verb(Response response) {
  if (used_password_ && response.status != 401) {
    host_.accept(credential_->username);
  }
  if (response.status == 401 && at_registry(response.url) && verb_.insists() &&
      on_unauthorized(response)) {
    return;
  }
  if (is_one_of(kRedirects, response.status) && follow_redirect(response)) {
    return;
  }
  request_.reset();
  verb_.answer(std::move(response));
}

bool Conversation::on_unauthorized(const Response& response) {
  if (const auto offered =
          choose_challenge(parse_challenges(response.headers.all("WWW-Authenticate")))) {
    host_.learn_challenge(*offered);
    challenge_scopes_.add(ScopeSet::parse(offered->parameter("scope")));
  }
  if (used_token_) {
    host_.tokens().reject(used_token_->first, used_token_->second);
  }
  const auto challenge = host_.challenge();
  if (!challenge) {
    return false;
  }
  if (challenge->scheme == "basic") {
    if (used_password_) {
      refuse_password(response);
    }
    if (!credential_) {
      return false;
    }
  }
  return !std::exchange(repeated_, true);
}

void Conversation::refuse_password(const Response& response) {
  const RegistryError error = error_of(response);
  if (!host_.refuse(credential_->username, error.message())) {
    throw error;  // good elsewhere: they lack rights here
  }
  throw registry_error(error.message());
}

bool Conversation::follow_redirect(const Response& response) {
  const auto location = response.headers.find("Location");
  const bool read_only = method_ == Method::get || method_ == Method::head;
  if (!location || (!read_only && response.status != 307 && response.status != 308)) {
    return false;
  }
  if (++redirects_ > kMaxRedirects) {
    throw Error(std::string(to_string(method_)) + " " + redact_url(response.url) + ": more than " +
                std::to_string(kMaxRedirects) + " redirects");
  }
  request_->url = resolve_location(response.url, *location, downgrade());
  request_->connection = connection_to(request_->url);
  return true;
}

void Conversation::on_failure(const TransportError& error) {
  if (asking_ == Asking::ping) {
    const bool no_tls = error.failure() == TransportFailure::connection_refused ||
                        error.failure() == TransportFailure::tls_not_spoken;
    if (!host_.settings().insecure || host_.settings().plain_http || try_http_ || !no_tls) {
      throw error;
    }
    try_http_ = true;
  } else if (asking_ == Asking::token) {
    drop_lead(error);
    throw error;
  } else {
    request_.reset();
    verb_.no_answer(error);
  }
}

void Conversation::drop_lead(const Error& error) {
  if (const auto lead = std::exchange(lead_, std::nullopt)) {
    host_.tokens().fail(lead->key, lead->scopes, error, Refused::scopes);
  }
}

}  // namespace image_syncer
