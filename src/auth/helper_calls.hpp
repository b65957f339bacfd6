#pragma once

#include "auth/program.hpp"
#include <image_syncer/auth/credential.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {

/// The calls of credential helpers, and what they gave. Each call has a thread of its own, because
/// a program may take its time; there is one at a time for a helper and server. Thread-safe. The
/// destructor kills the programs that still run.
class HelperCalls {
 public:
  struct Failure {
    std::string cause;
  };

  /// A credential, or none, or why there is no telling, or later.
  using Answer = std::variant<std::optional<Credential>, Failure, CredentialSource::Pending>;

  /// `search_path`: where programs are (PATH). `clock`: for the age of answers.
  HelperCalls(std::string search_path, ProgramLimits limits, Clock& clock);
  HelperCalls(const HelperCalls&) = delete;
  HelperCalls& operator=(const HelperCalls&) = delete;
  HelperCalls(HelperCalls&&) = delete;
  HelperCalls& operator=(HelperCalls&&) = delete;
  ~HelperCalls();

  /// What the helper `name` says about `server`: an answer is good for an hour, a failure for five
  /// minutes. `wake` as for `CredentialSource::find`.
  [[nodiscard]] Answer ask(const std::string& name,
                           const std::string& server,
                           const std::function<void()>& wake);

  enum class Renewal {
    may_differ,  ///< the next answer may be another one
    is_same,     ///< asked again, the helper gave the same
    has_none,    ///< the helper has none: what was refused is from elsewhere
  };

  /// `credential` was refused. The helper is asked again, once for each credential.
  [[nodiscard]] Renewal renew(const std::string& name,
                              const std::string& server,
                              const Credential& credential);

 private:
  using Key = std::pair<std::string, std::string>;
  using Outcome = std::variant<std::optional<Credential>, Failure>;

  struct Call {
    std::optional<Outcome> outcome;
    Secret basic_form;  // base64, for `redact`, for as long as the outcome is kept
    Clock::time_point good_until;
    bool is_running = false;
    std::vector<std::function<void()>> waiting;
    std::vector<Credential> refused;  // the last few
    std::jthread thread;
  };

  void start(const Key& key, Call& call);
  void run(const Key& key, const std::stop_token& stop);
  void finish(const Key& key, Outcome outcome);
  [[nodiscard]] Outcome outcome_of(const Key& key, const std::stop_token& stop) const;

  const std::string search_path_;
  const ProgramLimits limits_;
  Clock& clock_;
  Synchronized<std::map<Key, Call>> calls_;
};

/// Whether two credentials show the same.
[[nodiscard]] bool is_same(const Credential& a, const Credential& b);

}  // namespace image_syncer
