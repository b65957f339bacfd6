#include "registry/conversation.hpp"

#include "registry/answer_error.hpp"
#include "registry/location.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <cassert>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxRedirects = 10;
constexpr std::uint64_t kMaxTokenBody = 1024 * 1024;
constexpr std::string_view kClientId = "image-syncer";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Headers without(const Headers& headers, std::string_view name) {
  Headers kept;
  for (const auto& [field, value] : headers) {
    if (!equals_ignore_case(field, name)) {
      kept.add(field, value);
    }
  }
  return kept;
}

// Certificates and trust belong to the registry; another host gets none of it. That a registry is
// not verified at all extends to where it sends us, as its users expect of `insecure`.
ConnectionOptions connection_for(RegistryHost& host, const std::string& url) {
  const auto origin = host.origin();
  if (origin && same_origin(url, *origin)) {
    return host.settings().connection;
  }
  ConnectionOptions connection;
  connection.verify_tls = !host.settings().insecure;
  connection.proxy = host.settings().connection.proxy;
  return connection;
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
    return ping_request();
  }
  if (!request_) {
    request_ = verb_.request(*origin);
    if (!request_) {
      return Exchange::Finished{};
    }
    sent_to_ = request_->url;
    redirects_ = 0;
    repeated_ = false;
  }
  Request request = *request_;
  used_token_.reset();
  used_basic_ = false;
  if (at_registry()) {
    try {
      if (auto step = authorize(request, wake)) {
        return std::move(*step);
      }
    } catch (const Error& error) {
      if (!verb_.refused(error)) {
        throw;
      }
      request_.reset();
      return next(wake);  // a verb has no more than one other way
    }
  }
  asking_ = Asking::verb;
  return request;
}

bool Conversation::at_registry() const {
  const auto registry = host_.origin();
  return registry && same_origin(request_->url, *registry);
}

Request Conversation::ping_request() {
  Request request;
  request.url = host_.origin_to_try(try_http_) + "/v2/";
  request.connection = host_.settings().connection;
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
  if (!credential_) {
    return std::nullopt;  // the answer will say what is missing
  }
  if (const auto message = host_.refused(credential_->username)) {
    throw RegistryError(*message,
                        {host_.name(), repository_.path, 401, {}, {}, ErrorClass::registry});
  }
  request.headers.add("Authorization", basic_value());
  used_basic_ = true;
  return std::nullopt;
}

std::optional<Exchange::Step> Conversation::authorize_by_token(Request& request,
                                                               const Challenge& challenge,
                                                               const Exchange::Wake& wake) {
  const TokenKey key{*host_.origin(),
                     challenge.parameter("realm"),
                     challenge.parameter("service"),
                     credential_ ? credential_->username : ""};
  const ScopeSet scopes = wanted_scopes();
  const auto held = host_.tokens().acquire(key, scopes, verb_.fresh_token(), wake);
  if (std::holds_alternative<TokenCache::Wait>(held)) {
    asking_ = Asking::nothing;
    return Exchange::Waiting{};
  }
  if (std::holds_alternative<TokenCache::Lead>(held)) {
    lead_ = Lead{key, scopes};
    asking_ = Asking::token;
    try {
      return token_request(challenge);
    } catch (const Error& error) {
      drop_lead(error);
      throw;
    }
  }
  const Token& token = std::get<Token>(held);
  request.headers.add("Authorization", "Bearer " + token.value.reveal());
  used_token_ = {key, token.generation};
  return std::nullopt;
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

// The GET form of the distribution token documentation.
Request Conversation::token_request(const Challenge& challenge) {
  const std::string realm =
      resolve_location(*host_.origin() + "/v2/", challenge.parameter("realm"), Downgrade::allow);
  const bool secure_registry =
      host_.origin()->starts_with("https://") && !host_.settings().insecure;
  if (secure_registry && !realm.starts_with("https://")) {
    throw RegistryError(
        "registry " + host_.name() + " wants credentials sent to " + redact_url(realm) +
            ", which is not https: refused (insecure: true in the auth file allows it)",
        {host_.name(), repository_.path, 401, {}, {}, ErrorClass::registry});
  }
  std::string url = realm;
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
  request.connection = connection_for(host_, url);
  request.stall_timeout = std::chrono::seconds(30);
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
    const std::string schemes = challenges.empty() ? "none" : challenges.front().scheme;
    throw RegistryError("GET " + redact_url(response.url) +
                            ": 401 with an authentication scheme that is not supported: " + schemes,
                        {host_.name(), "", 401, {}, {}, ErrorClass::registry});
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
    request_.reset();
  } catch (const Error& error) {
    drop_lead(error);
    throw;
  }
}

void Conversation::on_verb(Response response) {
  const bool here = at_registry();
  if (response.status == 401 && here && verb_.insists() && on_unauthorized(response)) {
    return;
  }
  if (is_redirect(response.status) && follow_redirect(response)) {
    return;
  }
  request_.reset();
  verb_.answer(std::move(response));
}

bool Conversation::on_unauthorized(const Response& response) {
  const auto challenge =
      choose_challenge(parse_challenges(response.headers.all("WWW-Authenticate")));
  const bool first = !host_.challenge();
  if (challenge) {
    host_.learn_challenge(*challenge);
    challenge_scopes_.add(ScopeSet::parse(challenge->parameter("scope")));
  }
  if (used_basic_) {
    const RegistryError error =
        answer_error(verb_.kind(), host_.name(), repository_.path, request_->method, response);
    host_.refuse(credential_->username, error.message());
    throw error;
  }
  if (used_token_) {
    host_.tokens().reject(used_token_->first, used_token_->second);
  }
  if (repeated_ || (!first && !used_token_ && !challenge) || !host_.challenge()) {
    return false;
  }
  if (host_.challenge()->scheme == "basic" && !credential_) {
    return false;
  }
  repeated_ = true;
  return true;
}

bool Conversation::follow_redirect(const Response& response) {
  const auto location = response.headers.find("Location");
  const bool read_only = request_->method == Method::get || request_->method == Method::head;
  if (!location || (!read_only && response.status != 307 && response.status != 308)) {
    return false;
  }
  if (++redirects_ > kMaxRedirects) {
    throw Error(std::string(to_string(request_->method)) + " " + redact_url(sent_to_) +
                ": more than " + std::to_string(kMaxRedirects) + " redirects");
  }
  const std::string target = resolve_location(
      response.url, *location, host_.settings().insecure ? Downgrade::allow : Downgrade::refuse);
  request_->url = target;
  request_->connection = connection_for(host_, target);
  if (!same_origin(target, response.url)) {
    request_->headers = without(request_->headers, "Authorization");
  }
  return true;
}

void Conversation::on_failure(const TransportError& error) {
  if (asking_ == Asking::ping) {
    const bool no_tls = error.failure() == TransportFailure::connection_refused ||
                        error.failure() == TransportFailure::tls_not_spoken;
    if (host_.settings().insecure && !try_http_ && no_tls) {
      try_http_ = true;
      return;
    }
    throw error;
  }
  if (asking_ == Asking::token) {
    drop_lead(error);
    throw error;
  }
  request_.reset();
  verb_.no_answer(error);
}

void Conversation::drop_lead(const Error& error) {
  if (!lead_) {
    return;
  }
  const Lead lead = *lead_;
  lead_.reset();
  host_.tokens().fail(lead.key, lead.scopes, error, Refused::scopes);
}

}  // namespace image_syncer
