#include "registry/token_inquiry.hpp"

#include "registry/answer_error.hpp"
#include "registry/entra_token.hpp"
#include "registry/location.hpp"
#include "registry/realm.hpp"
#include <image_syncer/util/redaction.hpp>

#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxRedirects = 5;

}  // namespace

TokenInquiry::TokenInquiry(RegistryHost& host,
                           std::string repository,
                           TokenQuestion question,
                           std::optional<Credential> credential,
                           std::string identity)
    : host_(host),
      repository_(std::move(repository)),
      question_(std::move(question)),
      credential_(std::move(credential)),
      identity_(std::move(identity)) {
  if (begin_exchange()) {
    return;
  }
  if (credential_ && !credential_->identity_token.empty() && host_.takes_post(question_.realm)) {
    request_ = token_post(question_, host_.refresh_token(identity_, credential_->identity_token));
  } else {
    request_ = token_get(question_, credential_);
  }
}

// An access token of Entra is not shown to the realm itself, but exchanged once for a refresh token
// that is used from then on.
bool TokenInquiry::begin_exchange() {
  if (!credential_) {
    return false;
  }
  const Secret& secret =
      credential_->identity_token.empty() ? credential_->password : credential_->identity_token;
  if (!is_entra_token(secret)) {
    return false;
  }
  std::optional<Request> exchange = entra_exchange(question_.realm, question_.service, secret);
  if (!exchange) {
    return false;
  }
  if (const Secret given = host_.refresh_token(identity_, {}); !given.empty()) {
    request_ = token_post(question_, given);
  } else {
    request_ = *std::move(exchange);
    exchanges_ = true;
  }
  return true;
}

std::optional<Token> TokenInquiry::on_response(const Response& response) {
  if (has_other_way(response)) {
    return std::nullopt;
  }
  if (response.status != 200) {
    throw answer_error(credential_ ? RegistryVerb::token : RegistryVerb::token_anonymous,
                       host_.name(),
                       repository_,
                       request_.method,
                       response);
  }
  if (exchanges_) {
    const Secret given = parse_refresh_token(response.body);
    if (given.empty()) {
      throw refusal(response, "the exchange of the access token gave no refresh token");
    }
    host_.replace_refresh_token(identity_, given);
    request_ = token_post(question_, given);
    exchanges_ = false;
    return std::nullopt;
  }
  try {
    Token token = parse_token_response(response.body, host_.tokens().now());
    if (posts()) {
      if (const Secret next = parse_refresh_token(response.body); !next.empty()) {
        host_.replace_refresh_token(identity_, next);
      }
    }
    return token;
  } catch (Error& error) {
    error.while_doing(std::string(to_string(request_.method)) + " " + redact_url(response.url));
    throw;
  }
}

// RFC 6749 §5.2: a refresh token that is wrong, expired or revoked is a 400.
bool TokenInquiry::is_of_credential(const Response& response) const {
  const bool invalid_grant =
      response.status == 400 && response.body.find("invalid_grant") != std::string::npos;
  return credential_ && (response.status == 401 || (posts() && invalid_grant));
}

bool TokenInquiry::has_other_way(const Response& response) {
  if (is_redirect(response.status)) {
    return follow_redirect(response);
  }
  if (posts() && !exchanges_ && (response.status == 404 || response.status == 405)) {
    host_.learn_no_post(question_.realm);
    request_ = token_get(question_, credential_);
    return true;
  }
  return false;
}

// Credentials go where the challenge said and nowhere else.
bool TokenInquiry::follow_redirect(const Response& response) {
  const auto location = response.headers.find("Location");
  if (!location || (posts() && response.status != 307 && response.status != 308)) {
    return false;
  }
  std::string url;
  try {
    url = resolve_location(response.url, *location);
  } catch (const Error& error) {
    throw refusal(response, error.message());
  }
  if (!stays_at_host(response.url, url)) {
    throw refusal(response,
                  "the token server redirects to another host, " + redact_url(url) +
                      ": refused, the credentials are not for that one");
  }
  if (++redirects_ > kMaxRedirects) {
    throw refusal(response, "more than " + std::to_string(kMaxRedirects) + " redirects");
  }
  request_.url = std::move(url);
  return true;
}

RegistryError TokenInquiry::refusal(const Response& response, const std::string& why) const {
  return {std::string(to_string(request_.method)) + " " + redact_url(response.url) + ": " + why,
          {host_.name(), repository_, response.status, {}, {}, ErrorClass::registry}};
}

}  // namespace image_syncer
