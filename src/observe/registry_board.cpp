#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace image_syncer {
namespace {

constexpr int kTooManyRequests = 429;
constexpr std::size_t kMaxReason = 1000;

bool is_failure(int status) {
  return status == 0 || status >= 500;
}

}  // namespace

std::string_view to_string(RegistryCondition condition) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "unknown", "reachable", "failing", "limited", "circuit open", "given up"};
  return kNames.at(static_cast<std::size_t>(condition));
}

RegistryBoard::RegistryBoard(Clock& clock)
    : clock_(clock) {}

void RegistryBoard::set_registries(const std::set<std::string>& registries) {
  auto board = board_.lock();
  std::map<std::string, RegistryStatus> kept;
  for (const std::string& registry : registries) {
    const auto known = board->registries.find(registry);
    if (known != board->registries.end()) {
      kept.insert(*known);
    } else {
      kept[registry].registry = registry;
    }
  }
  board->registries = std::move(kept);
  ++board->revision;
}

void RegistryBoard::change(Board& board,
                           RegistryStatus& status,
                           RegistryCondition condition,
                           const std::string& reason,
                           std::optional<Clock::wall_time> until) {
  if (status.condition == condition && status.reason == reason && status.until == until) {
    return;
  }
  if (status.condition != condition) {
    status.since = clock_.wall_now();
  }
  status.condition = condition;
  status.reason = reason;
  status.until = until;
  ++board.revision;
}

// Nobody may ask anything of a registry for long after its limit is over.
void RegistryBoard::end_limits(Board& board) {
  const Clock::wall_time now = clock_.wall_now();
  for (auto& [name, status] : board.registries) {
    if (status.condition == RegistryCondition::limited && status.until && *status.until <= now) {
      const Clock::wall_time over = *status.until;
      change(board, status, RegistryCondition::reachable, "", std::nullopt);
      status.since = over;
    }
  }
}

void RegistryBoard::request(const std::string& registry, int status) {
  auto board = board_.lock();
  end_limits(*board);
  const auto found = board->registries.find(registry);
  if (found == board->registries.end()) {
    return;
  }
  RegistryStatus& known = found->second;
  ++known.requests;
  if (status == 0) {
    ++known.unanswered;
  } else {
    known.last_answer = clock_.wall_now();
    known.last_status = status;
  }
  const bool is_concluded = known.condition == RegistryCondition::limited ||
                            known.condition == RegistryCondition::circuit_open ||
                            known.condition == RegistryCondition::given_up;
  if (is_concluded) {
    return;  // whoever came to the conclusion says when it is over
  }
  if (is_failure(status)) {
    change(*board,
           known,
           RegistryCondition::failing,
           status == 0 ? "no answer" : "answered " + std::to_string(status),
           std::nullopt);
  } else if (status != kTooManyRequests) {
    change(*board, known, RegistryCondition::reachable, "", std::nullopt);
  }
}

void RegistryBoard::set_condition(const std::string& registry,
                                  RegistryCondition condition,
                                  const std::string& reason,
                                  std::optional<Clock::wall_time> until) {
  auto board = board_.lock();
  end_limits(*board);
  const auto found = board->registries.find(registry);
  if (found != board->registries.end()) {
    change(*board, found->second, condition, printable(redact(reason), kMaxReason), until);
  }
}

std::vector<RegistryStatus> RegistryBoard::all() {
  auto board = board_.lock();
  end_limits(*board);
  std::vector<RegistryStatus> result;
  result.reserve(board->registries.size());
  for (const auto& [name, status] : board->registries) {
    result.push_back(status);
  }
  return result;
}

std::uint64_t RegistryBoard::revision() {
  auto board = board_.lock();
  end_limits(*board);
  return board->revision;
}

}  // namespace image_syncer
