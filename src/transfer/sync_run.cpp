#include "transfer/sync_run.hpp"

#include "transfer/context.hpp"

#include <utility>

namespace image_syncer {

SyncRun::SyncRun(const Context& context, RunRequest request)
    : rules(request.rules),
      state(request.state),
      urgency(request.urgency),
      started(context.clock.wall_now()),
      order(request.rules),
      context_(context),
      ended_(std::move(request.ended)) {}

SyncRun::~SyncRun() {
  if (ended_) {
    ended_(!is_cut_short && !context_.stop.stop_requested());
  }
}

}  // namespace image_syncer
