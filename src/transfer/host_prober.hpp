#pragma once

#include "transfer/host_health.hpp"
#include <image_syncer/queue/work_queue.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <condition_variable>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {

/// Finds out whether registries answer, in a thread of its own, so that a dead one never costs a
/// worker: at the start for every registry of the run, later for those whose circuit opened. A host
/// is held in the queue until it answers or is given up.
class HostProber {
 public:
  HostProber(const EngineOptions& options, WorkQueue& queue, HostHealth& health, Clock& clock);
  HostProber(const HostProber&) = delete;
  HostProber& operator=(const HostProber&) = delete;
  HostProber(HostProber&&) = delete;
  HostProber& operator=(HostProber&&) = delete;
  /// Stops the thread.
  ~HostProber();

  /// Holds the host and probes it until it answers or is given up. Any thread. False: it is being
  /// probed already.
  bool probe(Registry& registry);
  void start();
  /// Hosts that have neither answered nor failed yet.
  [[nodiscard]] std::set<std::string> silent();
  /// Blocks until `silent()` is another set than `known`, `deadline` has come, or `stop` is
  /// requested.
  void await_answer(const std::set<std::string>& known,
                    Clock::time_point deadline,
                    const std::stop_token& stop);
  /// No more probes; blocks until the thread has ended.
  void stop();

 private:
  struct Host {
    Registry* registry = nullptr;
    Clock::time_point due;
    Clock::time_point since;  // first probe of this series
    std::size_t failures = 0;
    bool on_the_wire = false;
  };

  using Hosts = std::map<std::string, Host>;

  void loop(const std::stop_token& stop);
  void answered(const std::string& name);
  void failed(const std::string& name, const std::exception_ptr& failure);
  [[nodiscard]] std::vector<Registry*> take_due(Hosts& hosts) const;
  [[nodiscard]] static std::set<std::string> silent_among(const Hosts& hosts);

  const EngineOptions& options_;
  WorkQueue& queue_;
  HostHealth& health_;
  Clock& clock_;
  Synchronized<Hosts> hosts_;
  std::condition_variable changed_;
  std::jthread thread_;
};

}  // namespace image_syncer
