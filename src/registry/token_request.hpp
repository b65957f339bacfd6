#pragma once

#include <image_syncer/auth/credential.hpp>
#include <image_syncer/http/message.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

/// What is asked of a token server.
struct TokenQuestion {
  std::string realm;  ///< absolute URL; may have a query
  std::string service;
  std::vector<std::string> scopes;
};

/// "Basic …" for user name and password. An identity token without a password stands for one (Azure
/// takes it so).
[[nodiscard]] std::string basic_value(const Credential& credential);

/// The GET form (distribution, token authentication), anonymous without a credential.
[[nodiscard]] Request token_get(const TokenQuestion& question,
                                const std::optional<Credential>& credential);

/// The POST form (distribution, OAuth2 token authentication) with `grant_type=refresh_token`.
[[nodiscard]] Request token_post(const TokenQuestion& question, const Secret& refresh_token);

/// A POST of form fields to a token server.
[[nodiscard]] Request token_form(
    std::string url, const std::vector<std::pair<std::string_view, std::string_view>>& fields);

}  // namespace image_syncer
