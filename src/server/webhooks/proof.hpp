#pragma once

#include <image_syncer/server/webhook.hpp>

#include <cstdint>

namespace image_syncer {

/// How a sender shows that it knows the secret; some leave a choice.
enum class Proof : std::uint8_t {
  /// `Authorization`, for senders with configurable headers. Its value may be the secret itself,
  /// `Bearer SECRET`, or Basic with `SECRET` as `user:password` or as the password.
  authorization = 1,
  /// The path's last segment, for senders that know only a URL.
  path = 2,
  /// `X-Hub-Signature-256: sha256=` and the HMAC of the body.
  hub_signature = 4,
  /// `X-JFrog-Event-Auth`: the secret, or the HMAC-SHA256 of the body ("use secret for payload
  /// signing").
  jfrog_event_auth = 8,
};

[[nodiscard]] constexpr Proof operator|(Proof a, Proof b) {
  return static_cast<Proof>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// Whether the call proves itself by one of `accepted`. An empty secret proves nothing.
[[nodiscard]] bool is_proven(Proof accepted, const WebhookCall& call, const Secret& secret);

}  // namespace image_syncer
