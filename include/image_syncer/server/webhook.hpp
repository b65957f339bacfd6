#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/redaction.hpp>

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

/// `webhooks.<sender>` of the sync file.
struct WebhookSettings {
  /// What the sender proves itself with. Empty: nobody is let in.
  Secret secret;
  /// `host[:port]` that the sender's events mean, whatever they say themselves. Empty: what they
  /// say.
  std::string registry;
};

/// `POST /webhooks/<sender>[/<path_secret>]`. The views live as long as the call.
struct WebhookCall {
  /// The value of a header whose name is compared without regard to case; absent when there is
  /// none.
  std::function<std::optional<std::string_view>(std::string_view name)> header;
  /// What follows `/webhooks/<sender>/` in the path, percent-decoded; empty when nothing does.
  std::string_view path_secret;
  /// All of it. The caller bounds it (1 MiB).
  std::string_view body;
};

/// A tag was pushed. A hint: what the tag means is to be asked of the registry.
struct PushEvent {
  Repository repository;
  std::string tag;
  std::optional<Digest> digest;

  friend auto operator<=>(const PushEvent&, const PushEvent&) = default;
};

/// 401: the secret is missing or wrong. Nothing of the body was looked at.
struct NotAuthenticated {};

/// 400: this is not what the sender is documented to send, or the settings do not say enough.
struct NotUnderstood {
  std::string reason;  ///< One line; holds no secret.
};

/// 200. May be empty: an event of another kind, a pull, a manifest without tag, a ping.
struct PushEvents {
  std::vector<PushEvent> events;  ///< No two are equal.
  /// Pushes whose repository or tag no registry can have, or that are not as documented, while
  /// others of the same call may be.
  std::size_t left_out = 0;
};

/// 200 with this body, `application/json`: the sender wants it before it sends anything.
struct AnswerNow {
  std::string body;
};

/// 200, and the sender begins when this URL was fetched by GET. Always
/// `https://sns.<region>.amazonaws.com[.cn]/…`; a redirect must not be followed.
struct ConfirmByGet {
  std::string url;
};

using WebhookResult =
    std::variant<NotAuthenticated, NotUnderstood, PushEvents, AnswerNow, ConfirmByGet>;

/// The senders by name, as in the sync file and the path: `acr`, `aliyun` …
[[nodiscard]] const std::vector<std::string_view>& webhook_senders();

/// Reads a call from `sender`, one of `webhook_senders` (another one is never authenticated). The
/// secret is compared, in constant time, before anything else is looked at. Does no I/O, throws
/// nothing that a call could cause. Thread-safe.
///
/// Source: the senders' documentation; see the section Webhooks of docs/configuration.md for what
/// is to be entered there.
[[nodiscard]] WebhookResult receive_webhook(std::string_view sender,
                                            const WebhookCall& call,
                                            const WebhookSettings& settings);

}  // namespace image_syncer
