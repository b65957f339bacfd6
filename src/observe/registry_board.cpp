#include <image_syncer/observe/registry_board.hpp>

#include <array>
#include <cstddef>

namespace image_syncer {
namespace {

constexpr int kTooManyRequests = 429;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

bool is_answer_of_use(int status) {
  return status > 0 && status < 500 && status != kTooManyRequests;
}

// Whether an answer shows that `condition` is over.
bool ends(RegistryCondition condition, int status) {
  switch (condition) {
    case RegistryCondition::reachable:
      return false;
    case RegistryCondition::given_up:  // may be for credentials: a 401 says nothing new
    case RegistryCondition::limited:
      return is_success(status);
    case RegistryCondition::unknown:
    case RegistryCondition::failing:
    case RegistryCondition::circuit_open:
      break;
  }
  return is_answer_of_use(status);
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
  if (status.condition != condition) {
    status.since = clock_.wall_now();
  }
  status.condition = condition;
  status.reason = reason;
  status.until = until;
  ++board.revision;
}

void RegistryBoard::request(const std::string& registry, int status) {
  auto board = board_.lock();
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
  if (ends(known.condition, status)) {
    change(*board, known, RegistryCondition::reachable, "", std::nullopt);
  } else if ((status == 0 || status >= 500) && (known.condition == RegistryCondition::unknown ||
                                                known.condition == RegistryCondition::reachable)) {
    change(*board,
           known,
           RegistryCondition::failing,
           status == 0 ? "no answer" : "answered " + std::to_string(status),
           std::nullopt);
  }
}

void RegistryBoard::set_condition(const std::string& registry,
                                  RegistryCondition condition,
                                  const std::string& reason,
                                  std::optional<Clock::wall_time> until) {
  auto board = board_.lock();
  const auto found = board->registries.find(registry);
  if (found != board->registries.end()) {
    change(*board, found->second, condition, reason, until);
  }
}

std::vector<RegistryStatus> RegistryBoard::all() {
  auto board = board_.lock();
  std::vector<RegistryStatus> result;
  result.reserve(board->registries.size());
  for (const auto& [name, status] : board->registries) {
    result.push_back(status);
  }
  return result;
}

std::uint64_t RegistryBoard::revision() {
  return board_.lock()->revision;
}

}  // namespace image_syncer
