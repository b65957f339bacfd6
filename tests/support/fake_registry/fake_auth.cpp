#include "support/fake_registry/fake_auth.hpp"

#include "support/fake_registry/registry_errors.hpp"
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

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

}  // namespace

FakeAuth::FakeAuth(AuthBehaviour behaviour)
    : behaviour_(std::move(behaviour)) {}

Clock::time_point FakeAuth::now() const {
  return behaviour_.clock != nullptr ? behaviour_.clock->now() : system_clock().now();
}

bool FakeAuth::is_user(const std::optional<std::string>& authorization) const {
  return authorization == "Basic " + base64_encode(behaviour_.user + ":" + behaviour_.password);
}

bool FakeAuth::grants(const std::string& user,
                      const std::string& repository,
                      const std::string& action) const {
  if (behaviour_.grants) {
    return behaviour_.grants(user, repository, action);
  }
  return !user.empty() || (behaviour_.anonymous_pull && action == "pull");
}

std::optional<ServerResponse> FakeAuth::refuse(const ServerRequest& request,
                                               const std::vector<AuthScope>& scopes,
                                               const std::string& realm) {
  const auto authorization = request.header("authorization");
  if (behaviour_.mode == AuthMode::open) {
    return std::nullopt;
  }
  if (behaviour_.mode == AuthMode::basic) {
    const bool anonymous = !authorization && behaviour_.anonymous_pull && only_pulls(scopes);
    return anonymous || is_user(authorization)
               ? std::nullopt
               : std::optional(unauthorized("Basic realm=\"fake registry\""));
  }
  std::string challenge = "Bearer realm=\"" + realm + "\",service=\"" + behaviour_.service + "\"";
  if (!scopes.empty()) {
    challenge += ",scope=\"" + scope_text(scopes) + "\"";
  }
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization || !authorization->starts_with(kScheme)) {
    return unauthorized(challenge);
  }
  switch (use_token(authorization->substr(kScheme.size()), scopes)) {
    case Verdict::good:
      return std::nullopt;
    case Verdict::invalid:
      return unauthorized(challenge + ",error=\"invalid_token\"");
    case Verdict::insufficient:
      return unauthorized(challenge + ",error=\"insufficient_scope\"");
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

ServerResponse FakeAuth::issue_token(const ServerRequest& request) {
  if (request.method != "GET") {
    return registry_error(405, "UNSUPPORTED", "this token endpoint takes GET only");
  }
  const auto authorization = request.header("authorization");
  if ((authorization && !is_user(authorization)) ||
      (!authorization && !behaviour_.anonymous_pull && !behaviour_.grants)) {
    return unauthorized("Basic realm=\"token\"");
  }
  if (request.parameter("service") != behaviour_.service) {
    return registry_error(400, "UNKNOWN", "wrong service");
  }
  const std::string user = authorization ? behaviour_.user : std::string();
  Token token{{}, now() + behaviour_.token_lifetime, behaviour_.token_uses};
  for (const std::string& text : request.parameters("scope")) {
    const auto scope = parse_scope(text);
    if (!scope) {
      return registry_error(400, "UNKNOWN", "bad scope: " + text);
    }
    for (const std::string& action : scope->actions) {
      if (grants(user, scope->repository, action)) {
        token.actions[scope->repository].insert(action);
      }
    }
  }
  nlohmann::json body;
  {
    const std::lock_guard lock(mutex_);
    const std::string text =
        "opaque-token-" + std::to_string(++issued_) + "-of-" + (user.empty() ? "nobody" : user);
    tokens_[text] = std::move(token);
    if (behaviour_.sends_token) {
      body["token"] = text;
    }
    if (behaviour_.sends_access_token) {
      body["access_token"] = text;
    }
  }
  if (behaviour_.states_lifetime) {
    body["expires_in"] = behaviour_.token_lifetime.count();
  }
  return {.headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

void FakeAuth::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::size_t FakeAuth::tokens_issued() const {
  const std::lock_guard lock(mutex_);
  return issued_;
}

}  // namespace image_syncer
