#pragma once

#include <image_syncer/image/reference.hpp>
#include <image_syncer/observe/metrics.hpp>
#include <image_syncer/server/access.hpp>
#include <image_syncer/server/run_reply.hpp>
#include <image_syncer/server/webhook.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What became of a pushed image.
struct PushReply {
  enum class Kind {
    queued,    ///< safe on the disk
    no_match,  ///< neither `registry.reg` nor a rule covers it
    full,      ///< the queue has no room; nothing was taken
    failed,    ///< it could not be written down; `error` says why
  };

  struct Target {
    std::string reference;
    bool was_queued = false;  ///< before this call
  };

  Kind kind = Kind::no_match;
  std::vector<Target> targets;  ///< with `queued`
  std::string error;
};

/// What the HTTP interface asks of the daemon. All members may be called from any thread, and do
/// not block: neither on a disk nor on the network.
class SyncPort {
 public:
  using PushCallback = std::function<void(const PushReply& reply)>;

  SyncPort() = default;
  SyncPort(const SyncPort&) = delete;
  SyncPort& operator=(const SyncPort&) = delete;
  SyncPort(SyncPort&&) = delete;
  SyncPort& operator=(SyncPort&&) = delete;
  virtual ~SyncPort() = default;

  /// Queues `images` for all targets that the configuration has for them. `callback` is called
  /// once, from any thread, when that is on the disk or failed. All or nothing. `origin`: who says
  /// so, for people ("hook", "webhook harbor").
  virtual void push(const std::vector<Reference>& images,
                    const std::string& origin,
                    PushCallback callback) = 0;
  /// Starts a run over all rules, or over those whose source text is `rule`.
  [[nodiscard]] virtual RunReply start_run(const std::optional<std::string>& rule) = 0;

  /// Of the configuration that counts now.
  [[nodiscard]] virtual std::shared_ptr<const AccessGuard> guard() const = 0;
  /// Absent when the sender is not switched on.
  [[nodiscard]] virtual std::optional<WebhookSettings> webhook(std::string_view sender) const = 0;
  /// Why the daemon's own loop does not turn, in one line; empty = it does.
  [[nodiscard]] virtual std::string liveness_problem() const = 0;
  /// Why what is pushed cannot be queued, in one line; empty = it can.
  [[nodiscard]] virtual std::string readiness_problem() const = 0;
  /// Fetches the URL in the background: a sender waits for that (`ConfirmByGet`).
  virtual void confirm(const std::string& url) = 0;
  [[nodiscard]] virtual Metrics& metrics() = 0;
};

}  // namespace image_syncer
