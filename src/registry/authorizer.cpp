#include "registry/authorizer.hpp"

#include "registry/answer_error.hpp"
#include "registry/location.hpp"
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <utility>

namespace image_syncer {
namespace {

constexpr std::uint64_t kMaxTokenBody = 1024ULL * 1024;
constexpr std::chrono::seconds kTokenStall{30};
constexpr std::string_view kClientId = "image-syncer";

}  // namespace

Authorizer::Authorizer(RegistryHost& host, Repository repository, Verb& verb)
    : host_(host),
      repository_(std::move(repository)),
      verb_(verb),
      credential_(host.credential(repository_)) {}

Authorizer::~Authorizer() {
  abandon();
}

void Authorizer::abandon() {
  drop_lead(Error("the request for a token was abandoned", Retry::later));
}

void Authorizer::leave_out() {
  used_token_.reset();
  used_password_ = false;
}

Authorizer::Step Authorizer::authorize(Request& request, const Exchange::Wake& wake) {
  leave_out();
  const auto challenge = host_.challenge();
  if (!challenge) {
    return Ready{};
  }
  if (challenge->scheme != "basic") {
    return authorize_by_token(request, *challenge, wake);
  }
  authorize_by_password(request);
  return Ready{};
}

void Authorizer::authorize_by_password(Request& request) {
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

Authorizer::Step Authorizer::authorize_by_token(Request& request,
                                                const Challenge& challenge,
                                                const Exchange::Wake& wake) {
  const TokenKey key{*host_.origin(),
                     challenge.parameter("realm"),
                     challenge.parameter("service"),
                     credential_ ? credential_->username : ""};
  const ScopeSet scopes = wanted_scopes();
  if (!verb_.insists()) {
    use_token_at_hand(request, key, scopes);
    return Ready{};
  }
  const auto held = host_.tokens().acquire(key, scopes, verb_.fresh_token(), wake);
  if (const Token* token = std::get_if<Token>(&held)) {
    use_token(request, key, *token);
    return Ready{};
  }
  if (std::holds_alternative<TokenCache::Wait>(held)) {
    return Exchange::Waiting{};
  }
  lead_ = Lead{key, scopes};
  try {
    return token_request(challenge);
  } catch (const Error& error) {
    drop_lead(error);
    throw;
  }
}

void Authorizer::use_token(Request& request, const TokenKey& key, const Token& token) {
  request.headers.add("Authorization", "Bearer " + token.value.reveal());
  used_token_ = {key, token.generation};
}

void Authorizer::use_token_at_hand(Request& request, const TokenKey& key, const ScopeSet& scopes) {
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

ScopeSet Authorizer::wanted_scopes() const {
  ScopeSet scopes = verb_.scopes();
  scopes.add(challenge_scopes_);
  return scopes;
}

std::string Authorizer::basic_value() const {
  const std::string encoded =
      base64_encode(credential_->username + ":" + credential_->password.reveal());
  register_secret(encoded);
  return "Basic " + encoded;
}

RegistryError Authorizer::registry_error(const std::string& message) const {
  return {message, {host_.name(), repository_.path, 401, {}, {}, ErrorClass::registry}};
}

std::string Authorizer::checked_realm(const Challenge& challenge) const {
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
Request Authorizer::token_request(const Challenge& challenge) const {
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
  request.stall_timeout = kTokenStall;
  if (credential_) {
    request.headers.add("Authorization", basic_value());
  }
  return request;
}

void Authorizer::on_ping(const Response& response) {
  const auto challenges = parse_challenges(response.headers.all("WWW-Authenticate"));
  const auto challenge = choose_challenge(challenges);
  if (response.status == 401 && !challenge) {
    const std::string scheme = challenges.empty() ? "none" : challenges.front().scheme;
    throw registry_error(
        "GET " + redact_url(response.url) +
        ": 401 with an authentication scheme that is not supported: " + printable(scheme, 60));
  }
  if (challenge) {
    host_.learn_challenge(*challenge);
  }
}

bool Authorizer::on_token(const Response& response) {
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
    return true;
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
    return false;
  } catch (Error& error) {
    error.while_doing("GET " + redact_url(response.url));
    drop_lead(error);
    throw;
  }
}

void Authorizer::on_no_token(const Error& error) {
  drop_lead(error);
}

void Authorizer::on_accepted() {
  if (used_password_) {
    host_.accept(credential_->username);
  }
}

bool Authorizer::on_unauthorized(const Response& response, const RegistryError& error) {
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
      refuse_password(error);
    }
    return credential_.has_value();
  }
  return true;
}

void Authorizer::refuse_password(const RegistryError& error) {
  if (!host_.refuse(credential_->username, error.message())) {
    throw error;  // good elsewhere: they lack rights here
  }
  throw registry_error(error.message());
}

void Authorizer::drop_lead(const Error& error) {
  if (const auto lead = std::exchange(lead_, std::nullopt)) {
    host_.tokens().fail(lead->key, lead->scopes, error, Refused::scopes);
  }
}

}  // namespace image_syncer
