#include <image_syncer/observe/run_board.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

void add(RunTotals& totals, const RunSnapshot& run) {
  totals.copied += run.copied;
  totals.equal += run.equal;
  totals.filtered += run.filtered;
  totals.failed += run.failed;
  totals.deferred += run.deferred;
  totals.bytes_down += run.bytes_down;
  totals.bytes_up += run.bytes_up;
  totals.blobs_copied += run.blobs_copied;
  totals.blobs_mounted += run.blobs_mounted;
  totals.requests += run.requests;
  totals.retries += run.retries;
  totals.throttled += run.throttled;
}

}  // namespace

std::vector<RunningRun> RunBoard::running() {
  auto board = board_.lock();
  std::vector<RunningRun> runs;
  runs.reserve(board->shown.size());
  for (const Shown& shown : board->shown) {
    runs.push_back({shown.title, shown.state->snapshot()});
  }
  return runs;
}

RunTotals RunBoard::totals() {
  auto board = board_.lock();
  RunTotals totals = board->ended;
  for (const Shown& shown : board->shown) {
    add(totals, shown.state->snapshot());
  }
  return totals;
}

ShownRun::ShownRun(RunBoard& board, RunState& state, RunTitle title)
    : board_(board),
      state_(state) {
  board_.board_.lock()->shown.push_back({std::move(title), &state});
}

ShownRun::~ShownRun() {
  auto board = board_.board_.lock();
  std::erase_if(board->shown,
                [this](const RunBoard::Shown& shown) { return shown.state == &state_; });
  add(board->ended, state_.snapshot());
}

}  // namespace image_syncer
