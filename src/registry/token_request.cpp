#include "registry/token_request.hpp"

#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::uint64_t kMaxTokenBody = 1024ULL * 1024;
constexpr std::chrono::seconds kTokenStall{30};
constexpr std::string_view kClientId = "image-syncer";

Request request_to(std::string url) {
  Request request;
  request.url = std::move(url);
  request.max_body = kMaxTokenBody;
  request.stall_timeout = kTokenStall;
  return request;
}

void add_field(std::string& fields, std::string_view name, std::string_view value) {
  if (!fields.empty() && fields.back() != '?' && fields.back() != '&') {
    fields += '&';
  }
  fields.append(name).append("=").append(percent_encode(value));
}

}  // namespace

std::string basic_value(const Credential& credential) {
  const Secret& password =
      credential.password.empty() ? credential.identity_token : credential.password;
  const std::string form = basic_form(credential.username, password).reveal();
  register_secret(form);
  return "Basic " + form;
}

Request token_get(const TokenQuestion& question, const std::optional<Credential>& credential) {
  std::string url = question.realm;
  if (url.find('?') == std::string::npos) {
    url += '?';
  }
  if (credential && !credential->username.empty()) {
    add_field(url, "account", credential->username);
  }
  add_field(url, "client_id", kClientId);
  if (!question.service.empty()) {
    add_field(url, "service", question.service);
  }
  for (const std::string& scope : question.scopes) {
    add_field(url, "scope", scope);
  }
  Request request = request_to(std::move(url));
  if (credential) {
    request.headers.add("Authorization", basic_value(*credential));
  }
  return request;
}

Request token_form(std::string url,
                   const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    add_field(form, name, value);
  }
  Request request = request_to(std::move(url));
  request.method = Method::post;
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = MemoryBody{std::make_shared<const std::string>(std::move(form))};
  return request;
}

Request token_post(const TokenQuestion& question, const Secret& refresh_token) {
  std::vector<std::pair<std::string_view, std::string_view>> fields{
      {"grant_type", "refresh_token"}};
  if (!question.service.empty()) {
    fields.emplace_back("service", question.service);
  }
  fields.emplace_back("client_id", kClientId);
  fields.emplace_back("refresh_token", refresh_token.reveal());
  // All scopes in one field, separated by blanks.
  std::string scopes;
  for (const std::string& scope : question.scopes) {
    scopes += (scopes.empty() ? "" : " ") + scope;
  }
  if (!scopes.empty()) {
    fields.emplace_back("scope", scopes);
  }
  return token_form(question.realm, fields);
}

}  // namespace image_syncer
