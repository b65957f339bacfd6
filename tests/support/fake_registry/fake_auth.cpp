#include "support/fake_registry/fake_auth.hpp"

#include "support/fake_registry/credential_ledger.hpp"
#include "support/fake_registry/registry_errors.hpp"
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

/// Absent when it is not a repository's scope. The type ends at the first colon, the actions start
/// behind the last one.
std::optional<AuthScope> parse_scope(std::string_view text) {
  constexpr std::string_view kType = "repository:";
  const std::size_t last = text.rfind(':');
  if (!text.starts_with(kType) || last < kType.size()) {
    return std::nullopt;
  }
  AuthScope scope{std::string(text.substr(kType.size(), last - kType.size())), {}};
  for (const std::string_view action : split(text.substr(last + 1), ',')) {
    scope.actions.emplace(action);
  }
  return scope;
}

/// As distribution writes it: all scopes in one value, separated by blanks.
std::string scope_text(const std::vector<AuthScope>& scopes) {
  std::string text;
  for (const AuthScope& scope : scopes) {
    text += (text.empty() ? "" : " ") + ("repository:" + scope.repository) + ":";
    std::string actions;
    for (const std::string& action : scope.actions) {
      actions += (actions.empty() ? "" : ",") + action;
    }
    text += actions;
  }
  return text;
}

bool only_pulls(const std::vector<AuthScope>& scopes) {
  for (const AuthScope& scope : scopes) {
    if (scope.actions != std::set<std::string>{"pull"}) {
      return false;
    }
  }
  return !scopes.empty();
}

ServerResponse unauthorized(std::string challenge) {
  ServerResponse response = registry_error(401, "UNAUTHORIZED", "authentication required");
  response.set_header("WWW-Authenticate", std::move(challenge));
  return response;
}

/// No two registries of the process give out the same.
std::string unique_token(const std::string& kind, const std::string& user) {
  static std::atomic<std::size_t> last{0};
  return kind + "-token-" + std::to_string(++last) + "-of-" + (user.empty() ? "nobody" : user);
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64_encode(user + ":" + password);
}

/// A form is written like a query, but for the blanks.
ServerRequest form_fields(std::string form) {
  std::replace(form.begin(), form.end(), '+', ' ');
  return {.method = "POST", .target = "/?" + form, .headers = {}};
}

}  // namespace

FakeAuth::FakeAuth(AuthBehaviour behaviour)
    : behaviour_(std::move(behaviour)),
      identity_token_(behaviour_.identity_token) {}

void FakeAuth::set_hosts(const std::string& registry, const std::string& token_server) {
  registry_host_ = registry;
  if (behaviour_.mode == AuthMode::open) {
    return;
  }
  CredentialLedger& ledger = CredentialLedger::of_process();
  std::map<std::string, std::string> users = behaviour_.more_users;
  users.emplace(behaviour_.user, behaviour_.password);
  for (const auto& [user, password] : users) {
    ledger.allow(basic(user, password), registry);
    if (!token_server.empty()) {
      ledger.allow(basic(user, password), token_server);
    }
  }
  if (!behaviour_.registry_token.empty()) {
    ledger.allow("Bearer " + behaviour_.registry_token, registry);
  }
}

Clock::time_point FakeAuth::now() const {
  return behaviour_.clock != nullptr ? behaviour_.clock->now() : system_clock().now();
}

std::optional<std::string> FakeAuth::user_of(
    const std::optional<std::string>& authorization) const {
  if (authorization == basic(behaviour_.user, behaviour_.password)) {
    return behaviour_.user;
  }
  for (const auto& [user, password] : behaviour_.more_users) {
    if (authorization == basic(user, password)) {
      return user;
    }
  }
  return std::nullopt;
}

bool FakeAuth::grants(const std::string& user,
                      const std::string& repository,
                      const std::string& action) const {
  if (behaviour_.grants) {
    return behaviour_.grants(user, repository, action);
  }
  return !user.empty() || (behaviour_.anonymous_pull && action == "pull");
}

std::string FakeAuth::challenge(const std::string& realm) const {
  if (behaviour_.challenge) {
    return behaviour_.challenge(realm, behaviour_.service);
  }
  return behaviour_.mode == AuthMode::basic
             ? "Basic realm=\"fake registry\""
             : "Bearer realm=\"" + realm + "\",service=\"" + behaviour_.service + "\"";
}

std::optional<std::string> FakeAuth::offer(bool is_ping, const std::string& realm) const {
  const bool offers = is_ping && behaviour_.offers_on_success && behaviour_.mode != AuthMode::open;
  return offers ? std::optional(challenge(realm)) : std::nullopt;
}

std::optional<ServerResponse> FakeAuth::refuse(const ServerRequest& request,
                                               const std::vector<AuthScope>& scopes,
                                               const std::string& realm) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto authorization = request.header("authorization");
  const bool is_ping = scopes.empty();
  if (behaviour_.mode == AuthMode::open || (is_ping && !behaviour_.challenges_ping)) {
    return std::nullopt;
  }
  const bool bearer = authorization && authorization->starts_with(kScheme);
  const std::string token = bearer ? authorization->substr(kScheme.size()) : std::string();
  if (bearer && !behaviour_.registry_token.empty() && token == behaviour_.registry_token) {
    return std::nullopt;
  }
  if (!is_ping && !behaviour_.challenges_repositories && !authorization) {
    return registry_error(401, "UNAUTHORIZED", "authentication required");
  }
  std::string offered = challenge(realm);
  if (behaviour_.mode == AuthMode::basic) {
    const auto user = user_of(authorization);
    const bool anonymous = !authorization && behaviour_.anonymous_pull && only_pulls(scopes);
    bool granted = user.has_value();
    for (const AuthScope& scope : scopes) {
      for (const std::string& action : scope.actions) {
        granted = granted && grants(*user, scope.repository, action);
      }
    }
    return anonymous || granted ? std::nullopt : std::optional(unauthorized(offered));
  }
  if (!is_ping && !behaviour_.challenge) {
    offered += ",scope=\"" + scope_text(scopes) + "\"";
  }
  if (!bearer) {
    return unauthorized(offered);
  }
  switch (use_token(token, scopes)) {
    case Verdict::good:
      return std::nullopt;
    case Verdict::invalid:
      return unauthorized(offered + ",error=\"invalid_token\"");
    case Verdict::insufficient:
      return unauthorized(behaviour_.basic_for_insufficient
                              ? "Basic realm=\"harbor\""
                              : offered + ",error=\"insufficient_scope\"");
  }
  return std::nullopt;
}

FakeAuth::Verdict FakeAuth::use_token(const std::string& text,
                                      const std::vector<AuthScope>& scopes) {
  const Clock::time_point time = now();
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(text);
  if (found == tokens_.end() || found->second.uses_left == 0 || time >= found->second.expires) {
    return Verdict::invalid;
  }
  --found->second.uses_left;
  for (const AuthScope& scope : scopes) {
    for (const std::string& action : scope.actions) {
      if (!found->second.actions[scope.repository].contains(action)) {
        return Verdict::insufficient;
      }
    }
  }
  return Verdict::good;
}

ServerResponse FakeAuth::issue_token(ServerExchange& exchange) {
  TokenAsked asked;
  asked.method = exchange.request().method;
  ServerResponse response = answer(asked, exchange);
  asked.status = response.status;
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(asked));
  return response;
}

ServerResponse FakeAuth::answer(TokenAsked& asked, ServerExchange& exchange) {
  if (asked.method == "GET") {
    return answer_get(asked, exchange.request());
  }
  const std::string form = exchange.read_all();
  if (asked.method != "POST" || !behaviour_.takes_post) {
    return registry_error(405, "UNSUPPORTED", "this token endpoint takes GET only");
  }
  if (exchange.request().header("content-type") != "application/x-www-form-urlencoded") {
    return registry_error(415, "UNSUPPORTED", "this token endpoint takes forms");
  }
  if (exchange.request().path() == "/oauth2/exchange") {
    return exchange_entra_token(asked, form_fields(form));
  }
  return answer_post(asked, form);
}

ServerResponse FakeAuth::exchange_entra_token(TokenAsked& asked, const ServerRequest& fields) {
  asked.credential = fields.parameter("access_token").value_or("");
  asked.service = fields.parameter("service").value_or("");
  if (fields.parameter("grant_type") != "access_token" || asked.service != behaviour_.service) {
    return registry_error(400, "BAD_REQUEST", "invalid exchange");
  }
  if (behaviour_.entra_token.empty() || asked.credential != behaviour_.entra_token) {
    return registry_error(401, "UNAUTHORIZED", "aad access token not valid");
  }
  const std::lock_guard lock(mutex_);
  return {.headers = {{"Content-Type", "application/json"}},
          .body = R"({"refresh_token":")" + identity_token_ + R"("})"};
}

ServerResponse FakeAuth::answer_get(TokenAsked& asked, const ServerRequest& request) {
  const auto authorization = request.header("authorization");
  asked.service = request.parameter("service").value_or("");
  asked.scopes = request.parameters("scope");
  if (authorization && authorization->starts_with("Basic ")) {
    asked.credential = base64_decode(authorization->substr(6)).value_or(*authorization);
  }
  const auto user = authorization ? user_of(authorization) : std::string();
  const bool nobody_may = !behaviour_.anonymous_pull && !behaviour_.grants;
  if (!user || (user->empty() && nobody_may)) {
    return unauthorized("Basic realm=\"token\"");
  }
  return give(asked, *user, "");
}

ServerResponse FakeAuth::answer_post(TokenAsked& asked, const std::string& form) {
  const ServerRequest fields = form_fields(form);
  asked.credential = fields.parameter("refresh_token").value_or("");
  asked.service = fields.parameter("service").value_or("");
  const std::string scopes = fields.parameter("scope").value_or("");
  for (const std::string_view scope : split(scopes, ' ')) {
    asked.scopes.emplace_back(scope);
  }
  if (fields.parameter("grant_type") != "refresh_token" || !fields.parameter("client_id")) {
    return {.status = 400, .headers = {}, .body = R"({"error":"invalid_request"})"};
  }
  std::string next;
  {
    const std::lock_guard lock(mutex_);
    if (identity_token_.empty() || asked.credential != identity_token_) {
      return {.status = 400, .headers = {}, .body = R"({"error":"invalid_grant"})"};
    }
    if (behaviour_.rotates_identity_token) {
      identity_token_ = next = unique_token("refresh", behaviour_.user);
    }
  }
  return give(asked, behaviour_.user, next);
}

ServerResponse FakeAuth::give(const TokenAsked& asked,
                              const std::string& user,
                              const std::string& refresh_token) {
  if (asked.service != behaviour_.service) {
    return registry_error(400, "UNKNOWN", "wrong service");
  }
  Token token{{}, now() + behaviour_.token_lifetime, behaviour_.token_uses};
  for (const std::string& text : asked.scopes) {
    const auto scope = parse_scope(text);
    if (!scope) {
      return registry_error(400, "UNKNOWN", "bad scope: " + text);
    }
    for (const std::string& action : scope->actions) {
      if (grants(user, scope->repository, action)) {
        token.actions[scope->repository].insert(action);
      } else if (behaviour_.ungranted_status != 0) {
        return registry_error(behaviour_.ungranted_status, "DENIED", "not granted: " + text);
      }
    }
  }
  const std::string text = unique_token("opaque", user);
  CredentialLedger::of_process().allow("Bearer " + text, registry_host_);
  nlohmann::json body;
  if (behaviour_.sends_token) {
    body["token"] = text;
  }
  if (behaviour_.sends_access_token) {
    body["access_token"] = text;
  }
  if (behaviour_.states_lifetime) {
    body["expires_in"] = behaviour_.token_lifetime.count();
  }
  if (!behaviour_.issued_at.empty()) {
    body["issued_at"] = behaviour_.issued_at;
  }
  if (!refresh_token.empty()) {
    body["refresh_token"] = refresh_token;
  }
  const std::lock_guard lock(mutex_);
  ++issued_;
  tokens_[text] = std::move(token);
  return {.headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

void FakeAuth::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

void FakeAuth::set_identity_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  identity_token_ = token;
}

std::size_t FakeAuth::tokens_issued() const {
  const std::lock_guard lock(mutex_);
  return issued_;
}

std::vector<TokenAsked> FakeAuth::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

}  // namespace image_syncer
