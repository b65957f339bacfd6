#pragma once

#include "queue/generators.hpp"
#include "queue/host_gate.hpp"
#include "queue/lanes.hpp"

#include <cstddef>
#include <variant>

namespace image_syncer {

struct StartJob {
  JobGroup* group;  ///< its oldest due job
  Place place;
};

struct AskGenerator {
  LaneId lane;
};

/// What a free worker should do; monostate: wait.
using Choice = std::variant<std::monostate, StartJob, AskGenerator>;

/// The order of work and the reservations (see `WorkQueue`), as a function of the state. `workers`:
/// how many generated jobs may wait for targets at most.
[[nodiscard]] Choice choose(const Lanes& lanes,
                            const Generators& generators,
                            const HostGate& gate,
                            std::size_t workers);

/// How many of the unused permits of `host` are for jobs that wait or can be asked for: what a
/// running lease may not take.
[[nodiscard]] std::size_t permits_spoken_for(const Lanes& lanes,
                                             const Generators& generators,
                                             const HostGate& gate,
                                             HostId host);

}  // namespace image_syncer
