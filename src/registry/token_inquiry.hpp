#pragma once

#include "registry/token_request.hpp"
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace image_syncer {

/// One question to a token server, put in one way after the other until there is a token or a
/// refusal: the POST form for an identity token with the newest refresh token, the GET form where
/// the server has no other, and where the server redirects to at its own host. An access token of
/// Microsoft Entra is exchanged for a refresh token before.
class TokenInquiry {
 public:
  /// `repository` is for messages; `identity` tells `credential` from others.
  TokenInquiry(RegistryHost& host,
               std::string repository,
               TokenQuestion question,
               std::optional<Credential> credential,
               std::string identity);

  /// What to send next.
  [[nodiscard]] const Request& request() const { return request_; }

  /// The token; absent: `request` has another way. Throws `RegistryError` for a refusal and `Error`
  /// for an answer without a token.
  [[nodiscard]] std::optional<Token> on_response(const Response& response);

  /// Whether this refusal means the credential, not what it was to be used for.
  [[nodiscard]] bool is_of_credential(const Response& response) const;

 private:
  [[nodiscard]] bool posts() const { return request_.method == Method::post; }

  [[nodiscard]] bool begin_exchange();
  [[nodiscard]] bool has_other_way(const Response& response);
  [[nodiscard]] bool follow_redirect(const Response& response);
  [[nodiscard]] RegistryError refusal(const Response& response, const std::string& why) const;

  RegistryHost& host_;
  std::string repository_;
  TokenQuestion question_;
  std::optional<Credential> credential_;
  std::string identity_;
  Request request_;
  bool exchanges_ = false;  // what is asked for is a refresh token first
  std::size_t redirects_ = 0;
};

}  // namespace image_syncer
