#pragma once

#include <image_syncer/util/clock.hpp>

#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

/// Something a worker can do. The queue moves jobs about and never looks inside.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  Job(Job&&) = delete;
  Job& operator=(Job&&) = delete;
  virtual ~Job() = default;
};

/// Jobs with the same source host and the same set of target hosts share a lane; lanes are served
/// in turn.
struct Lane {
  std::string source;
  std::vector<std::string> targets;  ///< sorted, unique
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

/// The hosts that a job talks to; it starts with one permit for each that is granted. A host named
/// twice (source and target in one registry) counts once. No host at all is allowed: such a job
/// needs only a worker; the probe of a held host is one.
struct Needs {
  std::vector<std::string> all_of;  ///< it cannot start without these
  /// It starts with those of these that are not held, at least one (when the list is not empty).
  std::vector<std::string> any_of;
};

enum class Priority {
  hook,          ///< a pushed image that somebody waits for; also the probes of held hosts
  continuation,  ///< goes on with an image that is already open: depth first
  normal,        ///< also what generators give
  again,         ///< an image that used up its attempts and begins anew, after the generators
};

/// A source of jobs that workers pull from, so that memory is bounded by the number of workers and
/// not by the configuration.
class Generator {
 public:
  Generator() = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  Generator(Generator&&) = delete;
  Generator& operator=(Generator&&) = delete;
  virtual ~Generator() = default;

  struct Next {
    std::unique_ptr<Job> job;  ///< null: nothing now (or ever, see `exhausted`)
    Needs needs;
    bool exhausted = false;  ///< nothing comes after this; may be said with the last job or without
  };

  /// Called by a worker without the queue's lock, by one thread at a time. Must not block. When it
  /// has "nothing now", whoever changes that calls `WorkQueue::poke`; a poke during the call
  /// counts. The job gets `Priority::normal`, is due at once, and holds an `OpenSlot` of the
  /// generator's lane. What it throws leaves `WorkQueue::pop`, and the generator will be asked
  /// again.
  virtual Next next() = 0;
};

class WorkQueue;

/// A place among a lane's open images; the lane gives out no new one while too many are open.
/// Returned by destruction, from any thread. May not outlive the queue.
class OpenSlot {
 public:
  OpenSlot() = default;
  OpenSlot(OpenSlot&& other) noexcept;
  OpenSlot& operator=(OpenSlot&& other) noexcept;
  OpenSlot(const OpenSlot&) = delete;
  OpenSlot& operator=(const OpenSlot&) = delete;
  ~OpenSlot();

  [[nodiscard]] explicit operator bool() const { return queue_ != nullptr; }

 private:
  friend class WorkQueue;
  WorkQueue* queue_ = nullptr;
  std::size_t lane_ = 0;
};

/// A job with its permits. Permits go back on destruction, also when the job throws, and wake the
/// workers that wait for them. Belongs to the worker's thread. May not outlive the queue.
class Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  [[nodiscard]] std::unique_ptr<Job> take_job();
  /// The open-image place that came with a job from a generator (empty for pushed jobs): the image
  /// keeps it while it is open. Left in the lease, it is returned with it.
  [[nodiscard]] OpenSlot take_slot();
  [[nodiscard]] const Lane& lane() const;
  /// Permits held for `host`; 0 = not granted (held, or not asked for).
  [[nodiscard]] std::size_t permits(const std::string& host) const;
  /// Asks for up to `wanted` permits in all for a granted host, without blocking; returns how many
  /// are held then. Gives nothing that a reservation or another waiting job needs first, and
  /// nothing of a held host.
  std::size_t grow(const std::string& host, std::size_t wanted);
  /// Gives back what is held for `host` beyond `kept` (at least 1 stays).
  void shrink(const std::string& host, std::size_t kept = 1);

 private:
  friend class WorkQueue;
  struct State;
  explicit Lease(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

struct WorkQueueOptions {
  std::size_t workers = 5;
  /// With 3 or more workers: of those that may serve one host, one serves it for hook jobs only.
  bool one_for_hooks = false;
  std::size_t host_limit = 6;      ///< permits of a host without a limit of its own
  std::size_t open_per_lane = 20;  ///< 4 × workers
  std::size_t open_total = 320;    ///< 64 × workers
};

/// The work of a run: jobs with priorities and due times, generators, and the permits of every
/// host, under one lock (docs/architecture.md, The queue). Rules:
///  - A job is handed out when it is due and every needed host has a free permit; one permit each
///  is
///    taken in one step, so two jobs can never wait for each other.
///  - The oldest due job of a priority that lacks a permit reserves one on each of its hosts
///  against
///    younger jobs of its own and lower priorities: narrower jobs do not overtake it for ever.
///  - With 2 or more workers one host never holds all of them: at most workers − 1 leases involve
///    it. Of the leases at any time one is in reserve: it goes only to hook jobs and to jobs of
///    hosts that no other lease involves. With 1 worker there is no such rule.
///  - Order: priority, then the lane with the fewest leases, then age (since when it is due).
///    Generators come between `normal` and `again`, when no job before that can be handed out:
///    round robin over lanes, those below their open limit whose hosts could serve a job now. A
///    lane whose last generated job still waits for its permits is not asked.
///  - A held host (its circuit is open, or it asked for a pause) gets no new lease; its jobs wait
///    and reserve nothing, others go on.
///
/// All members are thread-safe; `push` never blocks. No job, generator or callback is ever called
/// or destroyed under the lock, so all of them may use the queue. The queue outlives its leases and
/// slots.
class WorkQueue {
 public:
  WorkQueue(WorkQueueOptions options, Clock& clock);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  WorkQueue(WorkQueue&&) = delete;
  WorkQueue& operator=(WorkQueue&&) = delete;
  ~WorkQueue();

  /// Before work starts. `limit` ≥ 1.
  void set_host_limit(const std::string& host, std::size_t limit);

  void add_generator(const Lane& lane, std::unique_ptr<Generator> generator);
  /// A generator of `lane` that had nothing may have something now.
  void poke(const Lane& lane);

  /// `not_before`: due time; the default is now.
  void push(std::unique_ptr<Job> job,
            const Lane& lane,
            const Needs& needs,
            Priority priority,
            Clock::time_point not_before = {});

  /// Holds `host` until `release_host`, or until `until` if that comes first. Of two holds the one
  /// that lasts longer counts, so a short pause does not end an open circuit.
  void hold_host(const std::string& host, Clock::time_point until = Clock::time_point::max());
  void release_host(const std::string& host);
  [[nodiscard]] bool is_held(const std::string& host) const;

  /// Takes out the jobs that could not be handed out now whatever permits are free: their time has
  /// not come, or a host that they need is held.
  [[nodiscard]] std::vector<std::unique_ptr<Job>> take_waiting();
  /// Takes out the generators, but for those that a worker is asking just now.
  [[nodiscard]] std::vector<std::unique_ptr<Generator>> take_generators();

  /// The next job; blocks until there is one. Empty: `stop` was requested, or the queue is idle
  /// after `close_when_idle`.
  [[nodiscard]] std::optional<Lease> pop(const std::stop_token& stop);

  /// Blocks until the queue is idle or `stop` is requested; true = idle. Idle means: nothing is
  /// queued (due or not), nothing is leased, and no generator has or may have something to give.
  /// A generator that has "nothing now" counts as finished when nothing else is left: nobody works
  /// on what it waits for, so it would wait for ever (a mistake of its owner). One that cannot be
  /// asked yet, because its lane is full or held, does not.
  bool wait_idle(const std::stop_token& stop);
  /// From now on `pop` returns empty once idle, instead of waiting for more (one-shot runs).
  void close_when_idle();

 private:
  friend class Lease;
  friend class OpenSlot;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
