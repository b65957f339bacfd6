#pragma once

#include <image_syncer/server/http_message.hpp>
#include <image_syncer/server/responder.hpp>
#include <image_syncer/util/redaction.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace image_syncer {

/// `auth.username` and `auth.password`; both empty: none are configured.
struct AccessCredentials {
  std::string username;
  Secret password;
};

/// Which pages may have caused a request.
enum class SentBy {
  own_page,  ///< ours, or none (a program, an address that was typed)
  any_page,  ///< also a link elsewhere: for what only shows itself
};

/// Who may use the hook, the page and its API. In this order (contract §3):
/// 1. With credentials: HTTP Basic, else 401. Without: the `Host` must be localhost, 127.0.0.1 or
///    [::1], else 403; a name that an attacker has made to mean this machine (DNS rebinding) is
///    none of them.
/// 2. Unless it is for `SentBy::any_page`: 403 for what a page of somebody else has caused a
/// browser
///    to send, GET included: `Sec-Fetch-Site` other than `same-origin` and `none`, or an `Origin`
///    other than the `Host`; where neither is there, a `Referer` of another origin. `same-site` is
///    somebody else too: another port, another name in the domain. Over plain http, and by a name
///    that is not this machine, browsers send none of them with the image of a page that forbids
///    the `Referer`: against a page that knows the daemon only https in front of it helps.
/// The scheme of an `Origin` is not compared, because a proxy may have taken TLS off; the `Host`
/// that the client asked for has to get through such a proxy.
///
/// Immutable, so any thread may use it.
class AccessGuard {
 public:
  explicit AccessGuard(AccessCredentials credentials);

  /// The answer that refuses the request; absent when it may pass.
  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& request,
                                                    SentBy sent_by = SentBy::own_page) const;

 private:
  [[nodiscard]] bool knows(std::string_view authorization) const;

  AccessCredentials credentials_;
};

/// The guard that counts now: another configuration may bring another one. Called on the server's
/// thread, never null.
using CurrentGuard = std::function<std::shared_ptr<const AccessGuard>()>;

/// `handler`, for those whom the guard lets pass.
[[nodiscard]] HttpHandler guarded(CurrentGuard guard,
                                  HttpHandler handler,
                                  SentBy sent_by = SentBy::own_page);

}  // namespace image_syncer
