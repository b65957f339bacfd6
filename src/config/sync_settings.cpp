#include "config/sync_settings.hpp"

#include "config/hook_mappings.hpp"
#include "config/listen_address.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace image_syncer {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 3> kAppKeys = {"port", "env", "shutdownGrace"};
constexpr std::array<std::string_view, 2> kAuthKeys = {"username", "password"};
constexpr std::array<std::string_view, 1> kRegistryKeys = {"reg"};
constexpr std::array<std::string_view, 11> kSyncKeys = {"routineNum",
                                                        "retryCount",
                                                        "filter",
                                                        "interval",
                                                        "cron",
                                                        "timezone",
                                                        "filePosition",
                                                        "immediate",
                                                        "runAtStart",
                                                        "jitter",
                                                        "maxAttempts"};
constexpr std::array<std::string_view, 2> kFilterKeys = {"osFilterList", "archFilterList"};
constexpr std::array<std::string_view, 3> kFileKeys = {"auth", "images", "log"};
constexpr std::array<std::string_view, 1> kDbKeys = {"file"};
constexpr std::array<std::string_view, 1> kRecordKeys = {"trust"};
constexpr std::array<std::string_view, 2> kRabbitKeys = {"queueName", "info"};
constexpr std::array<std::string_view, 3> kRabbitInfoKeys = {"address", "username", "password"};
constexpr std::array<std::string_view, 10> kSenders = {"distribution",
                                                       "dockerhub",
                                                       "harbor",
                                                       "quay",
                                                       "github",
                                                       "acr",
                                                       "aliyun",
                                                       "ecr",
                                                       "jfrog",
                                                       "zot"};
/// Their events do not say which registry they are about.
constexpr std::array<std::string_view, 2> kSendersWithoutRegistry = {"jfrog", "zot"};
constexpr std::array<std::string_view, 2> kSenderKeys = {"secret", "registry"};

constexpr std::uint32_t kMaxAttempts = 1000;
constexpr seconds kMaxGrace = hours(1);
constexpr seconds kMaxInterval = hours(24 * 366);
constexpr seconds kMaxTrust = hours(24 * 366);

class SettingsReader {
 public:
  SettingsReader(const Section& root,
                 const ScheduleCheck& check_schedule,
                 SyncContext& context,
                 DaemonConfig& config)
      : root_(root),
        check_schedule_(check_schedule),
        context_(context),
        config_(config) {}

  FilePositions read() {
    read_auth();
    read_app();
    config_.hook_mappings = read_hook_mappings(root_.section("registry", kRegistryKeys), context_);
    FilePositions files = read_sync();
    read_webhooks();
    read_db();
    root_.section("record", kRecordKeys)
        .read(config_.record_trust, "trust", seconds(1), seconds(0), kMaxTrust);
    read_rabbitmq();
    return files;
  }

 private:
  /// Credentials of registries have this place in the old single file.
  static bool holds_registries(const Node& auth) {
    return std::any_of(auth.entries.begin(), auth.entries.end(), [](const MapEntry& entry) {
      return entry.value->kind == NodeKind::map;
    });
  }

  void read_auth() {
    const MapEntry* const entry = root_.find("auth");
    if (entry != nullptr && holds_registries(*entry->value)) {
      root_.error("auth",
                  "expected username and password of the hook and the page; what registries need "
                  "stands under registries");
      has_auth_error_ = true;
      return;
    }
    const Section auth = root_.section("auth", kAuthKeys);
    BasicAuth basic;
    const bool is_name_usable = auth.read_credential(basic.username, "username");
    const bool is_password_usable = auth.read(basic.password, "password");
    const bool has_name = auth.find("username") != nullptr;
    const bool has_password = auth.find("password") != nullptr;
    if (!has_name && !has_password) {
      return;
    }
    has_auth_error_ = true;
    if (!has_name || !has_password) {
      root_.error("auth", has_name ? "username without password" : "password without username");
    } else if (basic.username.find(':') != std::string::npos) {
      auth.error("username", "may hold no colon: HTTP Basic cannot send it");
    } else if (is_name_usable && basic.username.empty()) {
      auth.error("username", "is empty");
    } else if (is_password_usable && basic.password.empty()) {
      auth.error("password", "is empty");
    } else {
      has_auth_error_ = !is_name_usable || !is_password_usable;
      config_.auth = std::move(basic);
    }
  }

  void read_app() {
    const Section app = root_.section("app", kAppKeys);
    if (const std::optional<Value> port = app.value("port")) {
      try {
        config_.listen = parse_listen_address(port->text);
      } catch (const Error& error) {
        app.error("port", *port, error.message() + ", found " + quote(port->written));
      }
    }
    ListenAddress& listen = config_.listen;
    if (!config_.auth && !has_auth_error_) {
      if (listen.host.empty()) {
        listen.host = "127.0.0.1";
        listen.is_loopback_for_safety = true;
      } else if (!is_loopback_listener(listen.host)) {
        app.error("port",
                  "without auth.username and auth.password the daemon listens on loopback only: "
                  "set them, or write :" +
                      std::to_string(listen.port));
      }
    }
    std::string environment;
    app.read(environment, "env");
    config_.log_debug =
        equals_ignore_case(environment, "dev") || equals_ignore_case(environment, "test");
    app.read(config_.shutdown_grace, "shutdownGrace", seconds(1), seconds(0), kMaxGrace);
  }

  FilePositions read_sync() {
    const Section sync = root_.section("sync", kSyncKeys);
    sync.read(config_.workers, "routineNum", 1, kMaxWorkers);
    sync.read(config_.retries, "retryCount", 0, kMaxRetries);
    sync.read(config_.immediate, "immediate");
    sync.read(config_.run_at_start, "runAtStart");
    sync.read(config_.max_attempts, "maxAttempts", 1, kMaxAttempts);
    sync.read(config_.interval, "interval", minutes(1), seconds(1), kMaxInterval);
    sync.read(config_.jitter, "jitter", seconds(1), seconds(0), hours(24));
    read_cron(sync);
    read_filter(sync.section("filter", kFilterKeys));
    const Section position = sync.section("filePosition", kFileKeys);
    FilePositions files;
    for (const auto& [file, name] : {std::pair(&files.auth, "auth"), {&files.images, "images"}}) {
      position.read(file->path, name);
      file->is_given = position.find(name) != nullptr;
      file->key = position.key(name);
      file->position = position.position(name);
    }
    position.read(config_.log_file, "log");
    if (equals_ignore_case(config_.log_file, "stderr")) {
      config_.log_file.clear();
    }
    return files;
  }

  void read_cron(const Section& sync) {
    sync.read(config_.cron, "cron");
    sync.read(config_.timezone, "timezone");
    if (config_.cron.empty()) {
      if (!config_.timezone.empty()) {
        sync.warn("timezone", "has no effect without cron");
      }
      return;
    }
    if (sync.find("interval") != nullptr) {
      sync.warn("interval", "has no effect beside cron");
    }
    if (const std::optional<std::string> problem = check_schedule_(config_.cron, "")) {
      sync.error("cron", *problem);
    } else if (!config_.timezone.empty()) {
      if (const auto zone_problem = check_schedule_(config_.cron, config_.timezone)) {
        sync.error("timezone", *zone_problem);
      }
    }
  }

  void read_filter(const Section& filter) {
    std::array<std::vector<std::string>, 2> patterns;
    for (std::size_t at = 0; at < patterns.size(); ++at) {
      for (const Section::Word& word : filter.words(kFilterKeys[at])) {
        try {
          (void)(at == 0 ? PlatformFilter({word.text}, {}) : PlatformFilter({}, {word.text}));
          patterns[at].push_back(word.text);
        } catch (const Error& error) {
          filter.error(word, kFilterKeys[at], error.message());
        }
      }
    }
    config_.platforms = PlatformFilter(patterns[0], patterns[1]);
  }

  void read_webhooks() {
    const Section webhooks = root_.section("webhooks", kSenders);
    for (const std::string_view sender : kSenders) {
      if (webhooks.find(sender) == nullptr) {
        continue;
      }
      const Section settings = webhooks.section(sender, kSenderKeys);
      WebhookSender entry;
      settings.read(entry.secret, "secret");
      if (const std::optional<Value> registry = settings.value("registry")) {
        try {
          entry.registry = parse_registry_name(trim(registry->text));
        } catch (const Error& error) {
          settings.error("registry", *registry, error.message());
        }
      } else if (std::find(kSendersWithoutRegistry.begin(),
                           kSendersWithoutRegistry.end(),
                           sender) != kSendersWithoutRegistry.end()) {
        settings.error("registry",
                       "is missing: the events of this sender do not say which registry they "
                       "are about");
      }
      if (entry.secret.empty()) {
        webhooks.warn(sender, "is off: it has no secret");
      } else {
        config_.webhooks.emplace(sender, std::move(entry));
      }
    }
  }

  void read_db() {
    const Section db = root_.section("db", kDbKeys);
    db.read(config_.record_file, "file");
    if (config_.record_file.empty() || equals_ignore_case(config_.record_file, "none")) {
      db.error("file", "the daemon keeps its queue there and cannot do without");
    }
  }

  void read_rabbitmq() {
    const Section rabbitmq = root_.section("rabbitmq", kRabbitKeys);
    const MapEntry* const list = rabbitmq.find("info");
    if (list != nullptr && list->value->kind != NodeKind::sequence) {
      rabbitmq.error("info", wrong_type("a list of {address, username, password}", *list->value));
    } else if (list != nullptr) {
      for (std::size_t at = 0; at < list->value->items.size(); ++at) {
        const Section info(*list->value->items[at],
                           "rabbitmq.info[" + std::to_string(at) + "]",
                           kRabbitInfoKeys,
                           context_);
        std::string text;
        info.read(text, "address");
        info.read_credential(text, "username");
        Secret password;
        info.read(password, "password");
        register_secret(password.reveal());
      }
    }
    if (root_.find("rabbitmq") != nullptr) {
      root_.warn("rabbitmq", "not built yet: ignored");
    }
  }

  const Section& root_;
  const ScheduleCheck& check_schedule_;
  SyncContext& context_;
  DaemonConfig& config_;
  bool has_auth_error_ = false;  // credentials are meant: loopback is not the complaint to make
};

}  // namespace

FilePositions read_sync_settings(const Section& root,
                                 const ScheduleCheck& check_schedule,
                                 SyncContext& context,
                                 DaemonConfig& config) {
  return SettingsReader(root, check_schedule, context, config).read();
}

}  // namespace image_syncer
