#pragma once

#include <image_syncer/config/complaint.hpp>
#include <image_syncer/config/registries.hpp>
#include <image_syncer/config/rules.hpp>
#include <image_syncer/image/platform.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/redaction.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// The most of `sync.routineNum` and `sync.retryCount`, and of `--proc` and `--retries`.
inline constexpr std::uint32_t kMaxWorkers = 256;
inline constexpr std::uint32_t kMaxRetries = 100;

/// Where the daemon listens (`app.port`).
struct ListenAddress {
  std::string host;           ///< an IP address without brackets or a name; empty: every address
  std::uint16_t port = 8080;  ///< 0: any free one
  /// No credentials are configured and the file names no host, so `host` is 127.0.0.1: to be said
  /// in the log.
  bool is_loopback_for_safety = false;
};

/// `auth`: what the hook, the page and the API ask for.
struct BasicAuth {
  std::string username;
  Secret password;
};

/// One entry of `registry.reg`: a pushed image `source_name/NAMESPACE/IMAGE`, its namespace one of
/// `namespaces`, goes to `DESTINATION/NAMESPACE/IMAGE` for each destination.
struct HookMapping {
  Mark mark;
  std::string source_name;                ///< normalised: `docker.io`, `reg.example:5000`
  std::vector<std::string> namespaces;    ///< one path component each; never empty
  std::vector<std::string> destinations;  ///< normalised, `registry[/path]`; never empty
};

/// One entry of `webhooks`.
struct WebhookSender {
  Secret secret;         ///< never empty
  std::string registry;  ///< normalised: which one its events mean; empty: not said
};

/// What was waiting in the Go fork's pending file.
struct PendingImages {
  struct Image {
    Reference source;
    Reference target;
  };

  std::string file;
  /// Equal for files with the same entries, whatever their order and numbers: so that a file is
  /// taken into the queue once.
  std::string content_hash;
  std::vector<Image> images;
};

/// What the daemon needs to know (docs/configuration.md, The sync file). A plain value; defaults
/// are those of the file.
struct DaemonConfig {
  ListenAddress listen;
  std::optional<BasicAuth> auth;  ///< absent: no credentials, and loopback only
  bool log_debug = false;         ///< `app.env` is `dev` or `test`
  std::chrono::seconds shutdown_grace{30};
  std::vector<HookMapping> hook_mappings;
  std::map<std::string, WebhookSender> webhooks;  ///< by sender: `harbor`; those that are on

  std::uint32_t workers = 5;  ///< 1 to 256
  std::uint32_t retries = 2;  ///< 0 to 100
  PlatformFilter platforms;
  std::chrono::seconds interval{600};  ///< between timed runs; without effect where `cron` is set
  std::string cron;                    ///< empty: `interval` counts
  std::string timezone;                ///< for `cron`; empty: the machine's
  bool run_at_start = true;
  bool immediate = true;           ///< queued images at once, not only with the next run
  std::chrono::seconds jitter{0};  ///< the longest random delay of a run
  std::uint32_t max_attempts = 8;  ///< of a queued job before it is parked
  std::string log_file;            ///< empty: stderr
  std::string record_file = "./image-syncer.db";
  std::chrono::seconds record_trust{24 * 3600};  ///< younger entries are believed; 0: none

  RegistryEntries registries;
  std::vector<Rule> rules;  ///< the file's own first; may be empty
  std::optional<PendingImages> pending;

  /// Files whose content went into this, and the images and auth files also where they are
  /// missing: when one of them changes or appears, this is out of date.
  std::vector<std::string> files;
  std::vector<Complaint> warnings;
};

/// Tells what is wrong with a cron expression or, where `timezone` is not empty, with that; or
/// nothing. It belongs to another module (`schedule`).
using ScheduleCheck =
    std::function<std::optional<std::string>(std::string_view cron, std::string_view timezone)>;

/// Loads a sync file and the files that it names. Throws `ConfigError` with the complaints of all
/// of them. Passwords, webhook secrets and everything read by `${file:}` are known to `redact`
/// afterwards.
[[nodiscard]] DaemonConfig load_daemon_config(
    const std::string& path,
    const PatternCheck& check_pattern,
    const ScheduleCheck& check_schedule,
    const Environment& environment = process_environment());

}  // namespace image_syncer
