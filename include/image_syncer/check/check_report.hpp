#pragma once

#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// How far a registry was reached.
enum class ReachStage {
  reached,      ///< it answers as a registry does
  name,         ///< its name is not resolved
  refused,      ///< nobody listens on its port
  connection,   ///< no connection comes about, or no answer comes over it
  tls,          ///< TLS is not spoken, or fails otherwise
  certificate,  ///< its certificate is not trusted, or ours is not
  proxy,        ///< the proxy on the way does not take us there
  error,        ///< what answers has trouble of its own, or lets nobody in
  no_registry,  ///< there is an answer, but none of a registry
};

/// How a registry is known to be the one that is meant.
enum class TlsTrust {
  system,      ///< https, by the system's certificate authorities
  own,         ///< https, by those that were added for it (caFile, certs.d), too
  unverified,  ///< https, and any certificate will do
  plain,       ///< http
};

/// What became of the credentials for a registry, or a part of it.
enum class AccountState {
  not_asked,    ///< there are none, or the registry did not ask for any
  accepted,     ///< by a login, or by the first repository that was asked
  refused,      ///< by the registry or its token server
  unavailable,  ///< they cannot be had, or shown: a helper fails, the token server does not answer
  unknown,      ///< the login was refused in a way that says nothing of them
};

struct CheckedAccount {
  std::string username;  ///< empty: anonymous, or a token without a user's name
  std::string from;      ///< where it stands ("auth.yaml:3:1"); empty: anonymous, or not to be had
  AccountState state = AccountState::not_asked;
  std::string problem;  ///< of `refused`, `unavailable` and `unknown`

  [[nodiscard]] bool is_anonymous() const { return from.empty() && problem.empty(); }
};

/// Whether what was asked for may be done.
enum class AccessState {
  allowed,
  no_image,       ///< the repository is there, but not the tag or digest
  no_repository,  ///< also what a registry says of one that we may not see
  denied,
  failed,   ///< another answer, or none
  skipped,  ///< not asked: the registry was not reached, or the account is of no use
};

/// One question and its answer.
struct CheckedAccess {
  Reference reference;  ///< the repository itself (no tag, no digest): its list of tags, or a push
  AccessState state = AccessState::skipped;
  std::string
      problem;  ///< in one line that can be understood alone; empty where allowed or skipped
};

struct CheckedSource {
  Repository repository;
  std::optional<std::size_t> tags;      ///< how many it has; absent: not listed
  std::vector<CheckedAccess> accesses;  ///< never empty
  /// Rules that select none of its tags: a warning, as in a run.
  std::vector<std::string> idle_rules;
};

/// What became of the upload session that was opened to see whether we may push.
enum class UploadTrace {
  none,     ///< none was opened
  deleted,  ///< at once
  kept,     ///< the registry does not delete it: it expires there
};

struct CheckedTarget {
  CheckedAccess access;
  UploadTrace upload = UploadTrace::none;
};

/// All that was learned of one registry.
struct CheckedRegistry {
  std::string name;
  bool is_target = false;    ///< of a rule
  bool has_mapping = false;  ///< of `registry.reg`
  ReachStage stage = ReachStage::reached;
  std::string problem;                ///< of every other stage
  std::chrono::milliseconds took{0};  ///< from the first word to the answer: name, connection, TLS
  std::string origin;                 ///< "https://quay.io"; empty when it was not reached
  TlsTrust trust = TlsTrust::system;
  std::string scheme;        ///< "bearer", "basic", or empty: it asked for no credentials
  std::string token_server;  ///< host of it, with `bearer`
  std::string software;      ///< as far as its answers say
  std::string api_version;   ///< Docker-Distribution-Api-Version
  bool is_page = false;      ///< what it answers is a page for people
  std::optional<std::chrono::seconds> clock_ahead;  ///< of ours; absent: it did not say its time
  std::optional<RegistryHost::RateLimits> rate_limits;
  bool refuses_mounts = false;
  std::vector<CheckedAccount> accounts;
  std::vector<CheckedSource> sources;
  std::vector<CheckedTarget> targets;  ///< empty when pushing is not tried
};

/// What `image-syncer check` found out.
struct CheckReport {
  std::string file;  ///< the one that names all others
  std::size_t rules = 0;
  std::size_t mappings = 0;
  std::vector<std::string> warnings;  ///< of the configuration
  bool push_checked = true;
  std::vector<CheckedRegistry> registries;
};

/// How many, and how many of them are well.
struct CheckTotals {
  std::size_t registries = 0, registries_well = 0;
  std::size_t sources = 0, sources_well = 0;
  std::size_t targets = 0, targets_well = 0;
  std::size_t opened = 0, deleted = 0;  ///< upload sessions
};

[[nodiscard]] bool is_well(const CheckedAccount& account);
[[nodiscard]] bool is_well(const CheckedSource& source);
[[nodiscard]] bool is_well(const CheckedTarget& target);
[[nodiscard]] bool is_well(const CheckedRegistry& registry);
[[nodiscard]] bool is_well(const CheckReport& report);

[[nodiscard]] CheckTotals totals_of(const CheckReport& report);

/// What is good to know of a registry that was reached, a few words each: its software, how it
/// authenticates, its rate limit, a clock that is wrong by more than 30 s, and what it does not do.
[[nodiscard]] std::vector<std::string> quirks_of(const CheckedRegistry& registry);

/// For people: a line for each registry, below it what is not well there, and a summary; ends with
/// a newline. Of foreign words nothing but printable ones.
[[nodiscard]] std::string check_text(const CheckReport& report);

/// For programs: one JSON object on one line (docs/configuration.md, check); ends with a newline.
[[nodiscard]] std::string check_json(const CheckReport& report);

}  // namespace image_syncer
