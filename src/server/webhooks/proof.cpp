#include "server/webhooks/proof.hpp"

#include <image_syncer/util/constant_time.hpp>
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

namespace image_syncer {

namespace {

bool includes(Proof accepted, Proof one) {
  return (static_cast<unsigned>(accepted) & static_cast<unsigned>(one)) != 0;
}

std::string_view header_of(const WebhookCall& call, std::string_view name) {
  return trim(call.header(name).value_or(std::string_view{}));
}

/// What follows `SCHEME ` in an Authorization value; absent for other schemes.
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme) {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ' ||
      !equals_ignore_case(value.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  return trim(value.substr(scheme.size()));
}

bool proves_by_authorization(std::string_view value, std::string_view secret) {
  if (equal_in_constant_time(value, secret)) {
    return true;
  }
  if (const auto token = after_scheme(value, "Bearer")) {
    return equal_in_constant_time(*token, secret);
  }
  const auto encoded = after_scheme(value, "Basic");
  const auto login = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!login) {
    return false;
  }
  const std::size_t colon = login->find(':');
  return equal_in_constant_time(*login, secret) ||
         (colon != std::string::npos &&
          equal_in_constant_time(std::string_view(*login).substr(colon + 1), secret));
}

}  // namespace

bool is_proven(Proof accepted, const WebhookCall& call, const Secret& secret) {
  const std::string& expected = secret.reveal();
  if (expected.empty()) {
    return false;
  }
  const auto signature = [&] { return hmac_hex(HashAlgorithm::sha256, expected, call.body); };
  if (includes(accepted, Proof::path) && equal_in_constant_time(call.path_secret, expected)) {
    return true;
  }
  if (includes(accepted, Proof::authorization) &&
      proves_by_authorization(header_of(call, "Authorization"), expected)) {
    return true;
  }
  if (includes(accepted, Proof::hub_signature) &&
      equal_in_constant_time(header_of(call, "X-Hub-Signature-256"), "sha256=" + signature())) {
    return true;
  }
  if (!includes(accepted, Proof::jfrog_event_auth)) {
    return false;
  }
  const std::string_view given = header_of(call, "X-JFrog-Event-Auth");
  return equal_in_constant_time(given, expected) || equal_in_constant_time(given, signature());
}

}  // namespace image_syncer
