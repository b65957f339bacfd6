#include "registry/authorizer.hpp"

#include "registry/answer_error.hpp"
#include "registry/location.hpp"
#include "registry/realm.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

// A credential has no end of its own.
constexpr std::chrono::hours kForever{24 * 365};

/// Credentials are the same when all their parts are. Never shown.
std::string identity_of(const std::optional<Credential>& credential) {
  if (!credential) {
    return {};
  }
  std::string parts;
  for (const std::string& part : {credential->username,
                                  credential->password.reveal(),
                                  credential->identity_token.reveal(),
                                  credential->registry_token.reveal()}) {
    parts += std::to_string(part.size()) + ":" + part;
  }
  return Digest::of(parts).str();
}

std::string schemes_of(const std::vector<Challenge>& challenges) {
  std::string names;
  for (const Challenge& challenge : challenges) {
    names += (names.empty() ? "" : ", ") + challenge.scheme;
  }
  return challenges.empty() ? "none" : printable(names, 60);
}

}  // namespace

Authorizer::Authorizer(RegistryHost& host, Repository repository, Verb& verb)
    : host_(host),
      repository_(std::move(repository)),
      verb_(verb) {}

Authorizer::~Authorizer() {
  abandon();
}

void Authorizer::abandon() {
  drop_lead(Error("the request that was to show what is valid was abandoned", Retry::later));
}

void Authorizer::leave_out() {
  carried_ = Carried::nothing;
}

// A ping is answered whoever asks.
Authorizer::Step Authorizer::authorize(Request& request, const Exchange::Wake& wake) {
  leave_out();
  if (inquiry_) {
    return inquiry_->request();  // in another way
  }
  const auto challenge = host_.challenge();
  if (!challenge || verb_.kind() == RegistryVerb::ping) {
    return Ready{};
  }
  try {
    if (look_up(wake)) {
      return authorize_as(request, *challenge, wake);
    }
    if (verb_.insists()) {
      return Exchange::Waiting{};
    }
  } catch (const Error&) {
    if (verb_.insists()) {
      throw;
    }
  }
  return Ready{};
}

bool Authorizer::look_up(const Exchange::Wake& wake) {
  if (looked_up_) {
    return true;
  }
  try {
    auto held = host_.credentials().find(repository_, wake);
    auto* const found = std::get_if<std::optional<Credential>>(&held);
    if (found == nullptr) {
      return false;
    }
    credential_ = std::move(*found);
  } catch (const Error& error) {
    if (error.retry() == Retry::later) {
      throw;
    }
    throw registry_error(error.message());
  }
  looked_up_ = true;
  identity_ = identity_of(credential_);
  if (refused_ && (!credential_ || identity_ == refused_->identity)) {
    throw refused_->error;
  }
  return true;
}

bool Authorizer::shows_credential(const Challenge& challenge) const {
  return challenge.scheme == "basic" || (credential_ && !credential_->registry_token.empty());
}

Authorizer::Step Authorizer::authorize_as(Request& request,
                                          const Challenge& challenge,
                                          const Exchange::Wake& wake) {
  try {
    return shows_credential(challenge) ? authorize_by_credential(request, wake)
                                       : authorize_by_token(request, challenge, wake);
  } catch (const RegistryError& error) {
    // Refused to others while we had the same; there may be another by now.
    const bool refused = error.error_class() == ErrorClass::registry && error.status() == 401;
    if (!refused || !renew(error)) {
      throw;
    }
  }
  return authorize(request, wake);
}

TokenCache::Held Authorizer::acquire(const TokenKey& key,
                                     const ScopeSet& scopes,
                                     bool may_lead,
                                     const Exchange::Wake& wake) {
  TokenCache& tokens = host_.tokens();
  const bool fresh = verb_.fresh_token() && !key.realm.empty();
  auto held = tokens.acquire(key, scopes, fresh, may_lead ? wake : Exchange::Wake());
  if (!may_lead && std::holds_alternative<TokenCache::Lead>(held)) {
    tokens.fail(key, scopes, Error("not worth a request", Retry::later), Refused::scopes);
  }
  return held;
}

// The first one to show a credential finds out for the others whether it is good. A large body is
// not made for that: it neither waits nor lets others wait.
Authorizer::Step Authorizer::authorize_by_credential(Request& request, const Exchange::Wake& wake) {
  if (!credential_) {
    if (told_) {
      throw *told_;
    }
    return Ready{};  // the answer will say what is missing
  }
  const TokenKey key{*host_.origin(), "", "", identity_};
  const bool may_lead = verb_.insists() && !verb_.fresh_token();
  const auto held = acquire(key, {}, may_lead, wake);
  const bool proven = std::holds_alternative<Token>(held);
  if (may_lead && std::holds_alternative<TokenCache::Wait>(held)) {
    return Exchange::Waiting{};
  }
  if (!proven && !verb_.insists()) {
    return Ready{};
  }
  const Secret& registry_token = credential_->registry_token;
  std::string header =
      registry_token.empty() ? basic_value(*credential_) : "Bearer " + registry_token.reveal();
  request.headers.add("Authorization", header);
  carried_ = Carried::credential;
  if (may_lead && !proven) {
    lead_ = Lead{key, {}, std::move(header)};
  }
  return Ready{};
}

Authorizer::Step Authorizer::authorize_by_token(Request& request,
                                                const Challenge& challenge,
                                                const Exchange::Wake& wake) {
  const std::string origin = *host_.origin();
  Realm realm = read_realm(origin, challenge.parameter("realm"), plain_allowed(origin));
  if (realm.defect) {
    throw registry_error("registry " + host_.name() + " wants credentials sent to " +
                         *realm.defect + ": refused");
  }
  const bool by_identity_token = credential_ && !credential_->identity_token.empty();
  const TokenKey key{
      origin, realm.url, challenge.parameter("service"), identity_, by_identity_token};
  const ScopeSet scopes = wanted_scopes();
  const auto held = acquire(key, scopes, verb_.insists(), wake);
  if (const Token* token = std::get_if<Token>(&held)) {
    request.headers.add("Authorization", "Bearer " + token->value.reveal());
    carried_ = Carried::token;
    used_key_ = key;
    used_generation_ = token->generation;
    return Ready{};
  }
  if (!verb_.insists()) {
    return Ready{};
  }
  if (std::holds_alternative<TokenCache::Wait>(held)) {
    return Exchange::Waiting{};
  }
  lead_ = Lead{key, scopes, ""};
  inquiry_.emplace(host_,
                   repository_.path,
                   TokenQuestion{realm.url, key.service, scopes_to_ask(scopes)},
                   credential_,
                   identity_);
  return inquiry_->request();
}

ScopeSet Authorizer::wanted_scopes() const {
  ScopeSet scopes = verb_.scopes();
  scopes.add(challenge_scopes_);
  return scopes;
}

// What the registry named goes first: some token servers look at the first scope only.
std::vector<std::string> Authorizer::scopes_to_ask(const ScopeSet& scopes) const {
  std::vector<std::string> strings = scopes.strings();
  const std::size_t named = challenge_scopes_.strings().size();
  std::stable_partition(strings.begin(), strings.end(), [&](const std::string& scope) {
    ScopeSet together = challenge_scopes_;
    together.add(ScopeSet::parse(scope));
    return together.strings().size() == named;  // a resource of the challenge
  });
  return strings;
}

bool Authorizer::plain_allowed(const std::string& origin) const {
  return origin.starts_with("http://") || host_.settings().insecure;
}

RegistryError Authorizer::registry_error(const std::string& message, int status) const {
  return {message, {host_.name(), repository_.path, status, {}, {}, ErrorClass::registry}};
}

// Of a Bearer challenge whose realm cannot be asked something is left only when nothing better is
// known: who has a registry token needs no realm.
std::optional<Challenge> Authorizer::offer(const std::vector<Challenge>& challenges,
                                           const std::string& origin) {
  std::vector<Challenge> usable = challenges;
  std::erase_if(usable, [&](const Challenge& challenge) {
    return challenge.scheme == "bearer" &&
           read_realm(origin, challenge.parameter("realm"), plain_allowed(origin)).defect;
  });
  if (auto challenge = choose_challenge(usable)) {
    return challenge;
  }
  return host_.challenge() ? std::nullopt : choose_challenge(challenges);
}

std::optional<Challenge> Authorizer::learn(const std::vector<Challenge>& challenges,
                                           const std::string& origin) {
  auto challenge = offer(challenges, origin);
  if (challenge) {
    host_.learn_challenge(*challenge);
  }
  return challenge;
}

RegistryError Authorizer::unsupported(const std::vector<Challenge>& challenges,
                                      const std::string& url) const {
  return registry_error(
      redact_url(url) +
          ": 401 with an authentication scheme that is not supported: " + schemes_of(challenges),
      401);
}

void Authorizer::on_ping(const Response& response, const std::string& origin) {
  const auto challenges = parse_challenges(response.headers.all("WWW-Authenticate"));
  if (!learn(challenges, origin) && response.status == 401 && !host_.challenge()) {
    throw unsupported(challenges, response.url);
  }
}

void Authorizer::on_answer(int status) {
  if (!lead_ || lead_->header.empty()) {
    return;
  }
  if (status == 429 || status >= 500) {
    abandon();  // nobody looked at the credential
    return;
  }
  const Lead lead = end_lead();
  TokenCache& tokens = host_.tokens();
  tokens.publish(lead.key, lead.scopes, {Secret(lead.header), tokens.now(), kForever});
}

bool Authorizer::on_unauthorized(const Response& response, const RegistryError& error) {
  const auto challenges = parse_challenges(response.headers.all("WWW-Authenticate"));
  if (const auto offered = learn(challenges, *host_.origin())) {
    challenge_scopes_.add(ScopeSet::parse(offered->parameter("scope")));
  }
  const auto challenge = host_.challenge();
  if (!challenge && !challenges.empty()) {
    throw unsupported(challenges, response.url);
  }
  if (!challenge) {
    return false;
  }
  switch (carried_) {
    case Carried::token:
      host_.tokens().reject(used_key_, used_generation_);
      return true;
    case Carried::credential:
      if (!shows_credential(*challenge)) {
        abandon();  // it wants tokens by now
        return true;
      }
      return on_credential_refused(response, error);
    case Carried::nothing:
      break;
  }
  told_ = error;
  return !looked_up_ || credential_ || challenge->scheme != "basic";
}

bool Authorizer::on_credential_refused(const Response& response, const RegistryError& error) {
  const bool was_tried = lead_.has_value();
  const RegistryError refusal = registry_error(error.message(), response.status);
  if (renew(was_tried ? refusal : error)) {
    if (was_tried) {
      const Lead lead = end_lead();
      host_.tokens().fail(lead.key, lead.scopes, refusal, Refused::identity);
    }
    return true;
  }
  // Good elsewhere: it lacks rights here. So may a registry token, which is for some repositories,
  // and any credential at the repository that a mount is from.
  const bool of_some_repositories = !credential_->registry_token.empty();
  if (!was_tried || of_some_repositories || verb_.kind() == RegistryVerb::mount) {
    abandon();
    return false;
  }
  const Lead lead = end_lead();
  host_.tokens().fail(lead.key, lead.scopes, refusal, Refused::identity);
  throw refusal;
}

bool Authorizer::renew(const RegistryError& error) {
  if (!credential_ || refused_ || !verb_.insists() ||
      !host_.credentials().renew(repository_, *credential_)) {
    return false;
  }
  refused_ = Refusal{identity_, error};
  looked_up_ = false;
  credential_.reset();
  identity_.clear();
  return true;
}

void Authorizer::drop_lead(const Error& error) {
  inquiry_.reset();
  if (const auto lead = std::exchange(lead_, std::nullopt)) {
    host_.tokens().fail(lead->key, lead->scopes, error, Refused::scopes);
  }
}

void Authorizer::on_no_token(const Error& error) {
  drop_lead(error);
}

bool Authorizer::on_token(const Response& response) {
  try {
    auto token = inquiry_->on_response(response);
    if (token) {
      const Lead lead = end_lead();
      host_.tokens().publish(lead.key, lead.scopes, *std::move(token));
    }
    return true;
  } catch (const RegistryError& error) {
    return on_token_refused(inquiry_->is_of_credential(response), error);
  } catch (const Error& error) {
    drop_lead(error);
    throw;
  }
}

bool Authorizer::on_token_refused(bool of_credential, const RegistryError& error) {
  const bool other_way = verb_.refused(error);
  const Lead lead = end_lead();
  TokenCache& tokens = host_.tokens();
  // With another way left it was the extra scope, not the credential.
  if (other_way || !of_credential) {
    tokens.fail(lead.key, lead.scopes, error, Refused::scopes);
    if (!other_way) {
      throw error;
    }
    return false;
  }
  const RegistryError refusal = registry_error(error.message(), 401);
  tokens.fail(lead.key, lead.scopes, refusal, Refused::identity);
  if (!renew(refusal)) {
    throw refusal;
  }
  return true;
}

Authorizer::Lead Authorizer::end_lead() {
  inquiry_.reset();
  Lead lead = std::move(*lead_);
  lead_.reset();
  return lead;
}

}  // namespace image_syncer
