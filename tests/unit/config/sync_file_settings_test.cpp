// The settings of a sync file, one by one.
#include "load_helper.hpp"
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Something to do, so that nothing is warned about.
const std::string rules = "images: {quay.io/a/b: reg.example/a/b}\n";

struct SettingCase {
  std::string name;
  std::string text;
  bool (*holds)(const DaemonConfig& config);
};

class Setting : public ::testing::TestWithParam<SettingCase> {};

TEST_P(Setting, IsTaken) {
  const LoadedDaemon loaded = load_daemon_text(rules + GetParam().text);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_TRUE(GetParam().holds(loaded.config));
  EXPECT_FALSE(GetParam().holds(DaemonConfig())) << "the case does not differ from the default";
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Setting,
    ::testing::Values(
        SettingCase{"env_dev", "app: {env: dev}\n", [](const auto& c) { return c.log_debug; }},
        SettingCase{"env_test", "app: {env: TEST}\n", [](const auto& c) { return c.log_debug; }},
        SettingCase{"grace",
                    "app: {shutdownGrace: 2m}\n",
                    [](const auto& c) { return c.shutdown_grace == seconds(120); }},
        SettingCase{"no_grace",
                    "app: {shutdownGrace: 0}\n",
                    [](const auto& c) { return c.shutdown_grace == seconds(0); }},
        SettingCase{"credentials",
                    "auth: {username: u, password: p}\n",
                    [](const auto& c) {
                      return c.auth && c.auth->username == "u" && c.auth->password.reveal() == "p";
                    }},
        SettingCase{"blanks_of_a_password_stay",
                    "auth: {username: u, password: ' p '}\n",
                    [](const auto& c) { return c.auth && c.auth->password.reveal() == " p "; }},
        SettingCase{
            "workers", "sync: {routineNum: 2}\n", [](const auto& c) { return c.workers == 2; }},
        SettingCase{
            "retries", "sync: {retryCount: 0}\n", [](const auto& c) { return c.retries == 0; }},
        SettingCase{"interval_in_minutes",
                    "sync: {interval: 3}\n",
                    [](const auto& c) { return c.interval == seconds(180); }},
        SettingCase{"interval_with_unit",
                    "sync: {interval: 90s}\n",
                    [](const auto& c) { return c.interval == seconds(90); }},
        SettingCase{
            "cron",
            "sync: {cron: '*/5 * * * *', timezone: Europe/Berlin}\n",
            [](const auto& c) { return c.cron == "*/5 * * * *" && c.timezone == "Europe/Berlin"; }},
        SettingCase{"not_at_start",
                    "sync: {runAtStart: false}\n",
                    [](const auto& c) { return !c.run_at_start; }},
        SettingCase{
            "not_at_once", "sync: {immediate: no}\n", [](const auto& c) { return !c.immediate; }},
        SettingCase{"jitter",
                    "sync: {jitter: 45}\n",
                    [](const auto& c) { return c.jitter == seconds(45); }},
        SettingCase{"attempts",
                    "sync: {maxAttempts: 3}\n",
                    [](const auto& c) { return c.max_attempts == 3; }},
        SettingCase{"platforms",
                    "sync: {filter: {osFilterList: [linux], archFilterList: 'amd64, arm64:v8'}}\n",
                    [](const auto& c) {
                      return c.platforms == PlatformFilter({"linux"}, {"amd64", "arm64:v8"});
                    }},
        SettingCase{"log",
                    "sync: {filePosition: {log: app.log}}\n",
                    [](const auto& c) { return c.log_file == "app.log"; }},
        SettingCase{
            "record", "db: {file: x.db}\n", [](const auto& c) { return c.record_file == "x.db"; }},
        SettingCase{"trust",
                    "record: {trust: 1h}\n",
                    [](const auto& c) { return c.record_trust == seconds(3600); }},
        SettingCase{"webhook",
                    "webhooks: {harbor: {secret: s, registry: Harbor.Example}, acr:}\n"
                    "db: {}\n",
                    [](const auto& c) {
                      return c.webhooks.contains("harbor") &&
                             c.webhooks.at("harbor").secret.reveal() == "s" &&
                             c.webhooks.at("harbor").registry == "harbor.example";
                    }}),
    CaseName());

TEST(SyncFile, HasDefaultsForEverything) {
  const LoadedDaemon loaded = load_daemon_text(rules + "app:\nauth:\nsync: {filter:}\ndb: {}\n");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const DaemonConfig& config = loaded.config;
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 8080);
  EXPECT_TRUE(config.listen.is_loopback_for_safety);
  EXPECT_FALSE(config.auth);
  EXPECT_FALSE(config.log_debug);
  EXPECT_EQ(config.shutdown_grace, seconds(30));
  EXPECT_EQ(config.workers, 5U);
  EXPECT_EQ(config.retries, 2U);
  EXPECT_TRUE(config.platforms.empty());
  EXPECT_EQ(config.interval, seconds(600));
  EXPECT_EQ(config.cron, "");
  EXPECT_TRUE(config.run_at_start);
  EXPECT_TRUE(config.immediate);
  EXPECT_EQ(config.jitter, seconds(0));
  EXPECT_EQ(config.max_attempts, 8U);
  EXPECT_EQ(config.log_file, "");
  EXPECT_EQ(config.record_file, "./image-syncer.db");
  EXPECT_EQ(config.record_trust, seconds(86400));
  EXPECT_THAT(config.files, ElementsAre("sync.yaml", "./auth.yaml", "./images.json"));
}

struct ListenCase {
  std::string name;
  std::string port;
  std::string with;     ///< host|port with credentials
  std::string without;  ///< ... without; "!" marks loopback for safety; empty: an error
};

std::string listen_text(const LoadedDaemon& loaded) {
  if (!loaded.errors.empty()) {
    return "";
  }
  const ListenAddress& listen = loaded.config.listen;
  return listen.host + "|" + std::to_string(listen.port) +
         (listen.is_loopback_for_safety ? "!" : "");
}

class Listen : public ::testing::TestWithParam<ListenCase> {};

TEST_P(Listen, DependsOnTheCredentials) {
  const std::string app = rules + "app:\n  port: " + GetParam().port + "\n";
  EXPECT_EQ(listen_text(load_daemon_text(app + "auth: {username: u, password: p}\n")),
            GetParam().with);
  EXPECT_EQ(listen_text(load_daemon_text(app)), GetParam().without);
}

INSTANTIATE_TEST_SUITE_P(
    Good,
    Listen,
    ::testing::Values(ListenCase{"as_in_the_fork", ":8081", "|8081", "127.0.0.1|8081!"},
                      ListenCase{"number", "8081", "|8081", "127.0.0.1|8081!"},
                      ListenCase{"quoted_number", "'8081'", "|8081", "127.0.0.1|8081!"},
                      ListenCase{"any_free", ":0", "|0", "127.0.0.1|0!"},
                      ListenCase{"loopback", "127.0.0.1:8081", "127.0.0.1|8081", "127.0.0.1|8081"},
                      ListenCase{"other_loopback", "127.9.9.9:0", "127.9.9.9|0", "127.9.9.9|0"},
                      ListenCase{"localhost", "localhost:8081", "localhost|8081", "localhost|8081"},
                      ListenCase{"ipv6_loopback", "'[::1]:8081'", "::1|8081", "::1|8081"},
                      ListenCase{"every_address", "0.0.0.0:8081", "0.0.0.0|8081", ""},
                      ListenCase{"every_ipv6_address", "'[::]:8081'", "::|8081", ""},
                      ListenCase{"address", "10.0.0.5:8081", "10.0.0.5|8081", ""},
                      ListenCase{"name", "syncer.example:8081", "syncer.example|8081", ""},
                      ListenCase{"name_like_loopback", "127.example:8081", "127.example|8081", ""}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(Bad,
                         Listen,
                         ::testing::Values(ListenCase{"too_large", ":65536", "", ""},
                                           ListenCase{"negative", "-1", "", ""},
                                           ListenCase{"no_port", "localhost:", "", ""},
                                           ListenCase{"host_alone", "localhost", "", ""},
                                           ListenCase{"url", "http://localhost:80", "", ""},
                                           ListenCase{"no_brackets", "'::1:8080'", "", ""},
                                           ListenCase{"bad_brackets", "'[::g]:8080'", "", ""},
                                           ListenCase{"bad_address", "127.0.0:8080", "", ""},
                                           ListenCase{"blank", "'a b:8080'", "", ""},
                                           ListenCase{"list", "[8080]", "", ""}),
                         CaseName());

struct ComplaintCase {
  std::string name;
  std::string text;
  std::vector<std::string> complaints;
};

class SyncFileError : public ::testing::TestWithParam<ComplaintCase> {};

TEST_P(SyncFileError, NamesPlaceKeyAndCause) {
  EXPECT_EQ(load_daemon_text(GetParam().text).errors, GetParam().complaints);
}

INSTANTIATE_TEST_SUITE_P(
    Values,
    SyncFileError,
    ::testing::Values(
        ComplaintCase{"open_without_credentials",
                      "app: {port: '0.0.0.0:80'}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:13: app.port: without auth.username and auth.password the "
                       "daemon listens on loopback only: set them, or write :80"}},
        ComplaintCase{"username_alone",
                      "auth: {username: u}\nsync: {}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:7: auth: username without password"}},
        ComplaintCase{"password_alone_and_open",
                      "auth: {password: u}\napp: {port: '0.0.0.0:80'}\nregistries: {}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:7: auth: password without username"}},
        ComplaintCase{"empty_password",
                      "auth: {username: u, password: ''}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:31: auth.password: is empty"}},
        ComplaintCase{"colon_in_username",
                      "auth: {username: 'u:v', password: p}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:18: auth.username: may hold no colon: HTTP Basic cannot send "
                       "it"}},
        ComplaintCase{"registries_in_auth",
                      "auth: {quay.io: {username: u}}\nsync: {}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:7: auth: expected username and password of the hook and the "
                       "page; what registries need stands under registries"}},
        ComplaintCase{"interval_zero",
                      "sync: {interval: 0}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:18: sync.interval: expected a time from 1s to 366d, such "
                       "as 30s, 5m or 2h, found \"0\""}},
        ComplaintCase{"interval_negative",
                      "sync: {interval: -5}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:18: sync.interval: expected a time from 1s to 366d, such "
                       "as 30s, 5m or 2h, found \"-5\""}},
        ComplaintCase{"workers",
                      "sync: {routineNum: 0, retryCount: 101, maxAttempts: x}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:20: sync.routineNum: expected a number from 1 to 256, found "
                       "\"0\"",
                       "sync.yaml:1:35: sync.retryCount: expected a number from 0 to 100, found "
                       "\"101\"",
                       "sync.yaml:1:53: sync.maxAttempts: expected a number from 1 to 1000, found "
                       "\"x\""}},
        ComplaintCase{"cron",
                      "sync: {cron: hourly}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:14: sync.cron: expected five fields"}},
        ComplaintCase{"timezone",
                      "sync: {cron: '* * * * *', timezone: Nowhere/Land}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:37: sync.timezone: unknown time zone"}},
        ComplaintCase{"filter",
                      "sync: {filter: {archFilterList: [amd64, 'arm64:']}}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:41: sync.filter.archFilterList: \"arm64:\" is not a platform "
                       "pattern: a part of it is empty"}},
        ComplaintCase{"switch",
                      "sync: {immediate: maybe}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:19: sync.immediate: expected true or false without quotes, "
                       "found \"maybe\""}},
        ComplaintCase{"no_record",
                      "db: {file: none}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:12: db.file: the daemon keeps its queue there and cannot do "
                       "without"}},
        ComplaintCase{"webhook_of_which_registry",
                      "webhooks: {zot: {secret: s}}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:17: webhooks.zot.registry: is missing: the events of this "
                       "sender do not say which registry they are about"}},
        ComplaintCase{"webhook_registry",
                      "webhooks: {quay: {secret: s, registry: quay.io/team}}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:40: webhooks.quay.registry: \"quay.io/team\" is more than a "
                       "registry: expected host[:port]"}},
        ComplaintCase{"section_is_text",
                      "sync: soon\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:7: sync: expected a map, found text"}},
        ComplaintCase{"value_is_map",
                      "sync: {cron: {a: b}}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:14: sync.cron: expected one value, found a map"}},
        ComplaintCase{"duplicate_in_another_case",
                      "sync: {interval: 5, Interval: 6}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:1:21: sync.Interval: duplicate key, first used in line 1 as "
                       "interval"}},
        ComplaintCase{"duplicate_section",
                      "app: {}\nApp: {}\nimages: {a: r.example/a}\n",
                      {"sync.yaml:2:1: App: duplicate key, first used in line 1 as app"}},
        ComplaintCase{"unset_variable",
                      "auth: {username: u, password: $NOT_SET}\napp: {port: '0.0.0.0:1'}\n"
                      "images: {a: r.example/a}\n",
                      {"sync.yaml:1:31: auth.password: environment variable NOT_SET is not set"}},
        ComplaintCase{"none_of_its_keys",
                      "snyc: {}\n",
                      {"sync.yaml:1:1: snyc: neither the single file {auth, images} nor a sync "
                       "file: none of its keys is known (did you mean sync?)"}},
        ComplaintCase{"list",
                      "- a\n",
                      {"sync.yaml:1:1: expected a map with keys such as app and sync, found a "
                       "list"}},
        ComplaintCase{
            "several",
            "sync: {interval: 0, cron: x}\ndb: {file: ''}\nimages: {a: r.example/a:v1}\n",
            {"sync.yaml:1:18: sync.interval: expected a time from 1s to 366d, such as 30s, 5m or "
             "2h, found \"0\"",
             "sync.yaml:1:18: sync.interval: warning: has no effect beside cron",
             "sync.yaml:1:27: sync.cron: expected five fields",
             "sync.yaml:2:12: db.file: the daemon keeps its queue there and cannot do "
             "without",
             "sync.yaml:3:13: images.a: a destination of every tag, or of an "
             "expression, names no tags itself"}}),
    CaseName());

struct WarningCase {
  std::string name;
  std::string text;
  std::vector<std::string> warnings;
};

class SyncFileWarning : public ::testing::TestWithParam<WarningCase> {};

TEST_P(SyncFileWarning, IsGiven) {
  const LoadedDaemon loaded = load_daemon_text(GetParam().text + rules);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.warnings, GetParam().warnings);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    SyncFileWarning,
    ::testing::Values(
        WarningCase{"unknown_section",
                    "webhook: {}\n",
                    {"sync.yaml:1:1: webhook: unknown key, did you mean webhooks?"}},
        WarningCase{"unknown_key",
                    "sync: {intervall: 5}\n",
                    {"sync.yaml:1:8: sync.intervall: unknown key, did you mean interval?"}},
        WarningCase{"unknown_sender",
                    "webhooks: {habor: {secret: s}}\n",
                    {"sync.yaml:1:12: webhooks.habor: unknown key, did you mean harbor?"}},
        WarningCase{"cron_and_interval",
                    "sync: {interval: 5, cron: '* * * * *'}\n",
                    {"sync.yaml:1:18: sync.interval: has no effect beside cron"}},
        WarningCase{"timezone_alone",
                    "sync: {timezone: Europe/Berlin}\n",
                    {"sync.yaml:1:18: sync.timezone: has no effect without cron"}},
        WarningCase{"sender_without_secret",
                    "webhooks: {harbor: {registry: harbor.example}}\n",
                    {"sync.yaml:1:20: webhooks.harbor: is off: it has no secret"}},
        WarningCase{"rabbitmq",
                    "rabbitmq: {queueName: q, info: [{address: 'r:1'}]}\n",
                    {"sync.yaml:1:11: rabbitmq: not built yet: ignored"}},
        WarningCase{"variable_within_a_value",
                    "db: {file: 'x${NAME}.db'}\n",
                    {"sync.yaml:1:12: db.file: ${NAME} is not replaced within a longer value: "
                     "write ${env:NAME}"}}),
    CaseName());

TEST(SyncFile, TakesKeysInAnyCase) {
  const LoadedDaemon loaded = load_daemon_text(
      "APP: {PORT: 9000, ShutDownGrace: 1}\nAuth: {Username: u, Password: p}\n"
      "SYNC: {ROUTINENUM: 3, FilePosition: {LOG: x.log}, Filter: {OSFILTERLIST: [linux]}}\n"
      "Registry: {Reg: [{SOURCENAME: quay.io, Namespace: n, destinationname: r.example}]}\n"
      "Webhooks: {Harbor: {Secret: s}}\nDB: {File: x.db}\nRecord: {Trust: 5}\n"
      "Images: {a: r.example/a}\nREGISTRIES: {quay.io: {Username: u, Password: p}}\n");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.listen.port, 9000);
  EXPECT_EQ(loaded.config.workers, 3U);
  EXPECT_EQ(loaded.config.log_file, "x.log");
  EXPECT_EQ(loaded.config.hook_mappings.size(), 1U);
  EXPECT_TRUE(loaded.config.webhooks.contains("harbor"));
  EXPECT_EQ(loaded.config.record_file, "x.db");
  EXPECT_EQ(loaded.config.rules.size(), 1U);
  EXPECT_EQ(loaded.config.registries.all().size(), 1U);
}

TEST(SyncFile, MayBeJson) {
  const LoadedDaemon loaded = load_daemon_texts({{"sync.json", R"({
  "app": {"port": 9000, "env": "dev"}, // a comment
  "sync": {"interval": 5, "immediate": false},
  "images": {"quay.io/a/b": ["reg.example/a/b"]}
})"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.listen.port, 9000);
  EXPECT_FALSE(loaded.config.immediate);
  EXPECT_EQ(loaded.config.interval, seconds(300));
}

TEST(SyncFile, TellsItsSecretsToTheRedactor) {
  const LoadedDaemon loaded =
      load_daemon_text(rules +
                           "auth: {username: u, password: basic-hush}\n"
                           "webhooks: {harbor: {secret: '${HOOK}'}}\n"
                           "rabbitmq: {info: [{username: guest, password: rabbit-hush}]}\n",
                       environment_of({{"HOOK", "hook-hush"}}));
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(redact("basic-hush hook-hush rabbit-hush guest"), "*** *** *** guest");
}

TEST(SyncFile, ComplaintsDoNotShowWhatVariablesHold) {
  const LoadedDaemon loaded = load_daemon_text(rules + R"(
app: {port: '${env:PORT}'}
sync: {interval: $TIME, filter: {osFilterList: [$OS]}}
registry: {reg: [{sourceName: $HOST, namespace: $SPACE, destinationName: $WHERE}]}
webhooks: {quay: {secret: s, registry: '${env:HOST}'}}
)",
                                               environment_of({{"PORT", "hush-port"},
                                                               {"TIME", "hush-time"},
                                                               {"OS", ":hush-os"},
                                                               {"HOST", "hush/host"},
                                                               {"SPACE", "hush space"},
                                                               {"WHERE", "hush where"}}));
  EXPECT_EQ(loaded.errors.size(), 7U);
  EXPECT_THAT(loaded.errors, testing::Not(Contains(HasSubstr("hush"))));
}

TEST(SyncFile, LoadsAsTheGoForkHasIt) {
  // The fork's keys in its spelling, with values that are no placeholders.
  const LoadedDaemon loaded =
      load_daemon_texts({{"sync.yaml", R"(app:
  port: :8080
  env: test

registry:
  reg: 
    - 
      sourceName: quay.io/
      namespace: ruohe,coreos , team
      destinationName: public.example/, reg.example:5000/mirror
    - 
      sourceName: index.docker.io
      namespace: library
      destinationName: public.example

auth:
  Username: sync
  Password: sync_test

sync:
  routineNum: 2
  retryCount: 2
  interval: 20
  filter:
    osFilterList:
      - linux
    archFilterList:
  filePosition:
    log: log/app.log
    auth: @/auth.yaml
    images: @/images.json
  

rabbitmq:
  queueName: some.queue
  info:
    -
      address: "rabbit.example:5672"
      username: guest
      password: guest

db:
  file: ./image.db
)"},
                         {"auth.yaml", "quay.io: {username: u, password: p}\n"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, ElementsAre("sync.yaml:35:3: rabbitmq: not built yet: ignored"));
  const DaemonConfig& config = loaded.config;
  EXPECT_EQ(config.listen.host, "");
  EXPECT_EQ(config.auth->username, "sync");
  ASSERT_EQ(config.hook_mappings.size(), 2U);
  EXPECT_EQ(config.hook_mappings[0].source_name, "quay.io");
  EXPECT_THAT(config.hook_mappings[0].namespaces, ElementsAre("ruohe", "coreos", "team"));
  EXPECT_THAT(config.hook_mappings[0].destinations,
              ElementsAre("public.example", "reg.example:5000/mirror"));
  EXPECT_EQ(config.hook_mappings[1].source_name, "docker.io");
  EXPECT_EQ(config.log_file, "log/app.log");
  EXPECT_EQ(config.record_file, "./image.db");
  EXPECT_THAT(config.rules, IsEmpty());
}

}  // namespace
}  // namespace image_syncer
