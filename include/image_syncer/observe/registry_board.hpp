#pragma once

#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// How a registry fares.
enum class RegistryCondition {
  unknown,       ///< not asked yet
  reachable,     ///< it answered
  failing,       ///< the last request got no answer, or 5xx
  limited,       ///< it asked to be left alone until a time
  circuit_open,  ///< no answer for so long that nothing but probes goes there
  given_up,      ///< of no use for the runs that are on; the next run tries it again
};

/// "unknown", "reachable", "failing", "limited", "circuit open", "given up".
[[nodiscard]] std::string_view to_string(RegistryCondition condition);

struct RegistryStatus {
  std::string registry;
  RegistryCondition condition = RegistryCondition::unknown;
  std::string reason;                     ///< one line; "" = nothing to say
  std::optional<Clock::wall_time> since;  ///< of the condition
  std::optional<Clock::wall_time> until;  ///< of `limited`
  std::optional<Clock::wall_time> last_answer;
  int last_status = 0;         ///< of the last answer
  std::uint64_t requests = 0;  ///< since the process started, with those that got no answer
  std::uint64_t unanswered = 0;
};

/// What is known of the registries of the configuration, over all engines that come and go. Any
/// thread; members are quick.
class RegistryBoard {
 public:
  explicit RegistryBoard(Clock& clock = system_clock());

  /// The registries that are shown. What is known of others is forgotten, and not noted.
  void set_registries(const std::set<std::string>& registries);
  /// A request ended; 0 = without an answer (as `EngineOptions::on_answer`).
  void request(const std::string& registry, int status);
  /// An engine has come to a conclusion. Requests do not change it; it holds until the next one, or
  /// until `until` (of `limited`), from when on the registry counts as reachable.
  void set_condition(const std::string& registry,
                     RegistryCondition condition,
                     const std::string& reason,
                     std::optional<Clock::wall_time> until = std::nullopt);

  /// By name.
  [[nodiscard]] std::vector<RegistryStatus> all();
  /// Grows whenever the condition of one changes.
  [[nodiscard]] std::uint64_t revision();

 private:
  struct Board {
    std::map<std::string, RegistryStatus> registries;
    std::uint64_t revision = 0;
  };

  void end_limits(Board& board);
  void change(Board& board,
              RegistryStatus& status,
              RegistryCondition condition,
              const std::string& reason,
              std::optional<Clock::wall_time> until);

  Clock& clock_;
  Synchronized<Board> board_;
};

}  // namespace image_syncer
