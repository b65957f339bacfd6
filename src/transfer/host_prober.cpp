#include "transfer/host_prober.hpp"

#include "transfer/session_options.hpp"
#include "transfer/verdict.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace image_syncer {
namespace {

/// A ping that tells at once how it ended, while others of its batch still wait for silent hosts.
class Probe final : public Exchange {
 public:
  using OnEnd = std::function<void(const std::exception_ptr&)>;

  Probe(std::unique_ptr<Exchange> ping, OnEnd on_end)
      : ping_(std::move(ping)),
        on_end_(std::move(on_end)) {}

  [[nodiscard]] const std::string& host() const override { return ping_->host(); }

  [[nodiscard]] Step next(const Wake& wake) override {
    return guarded([&] {
      Step step = ping_->next(wake);
      if (std::holds_alternative<Finished>(step)) {
        on_end_(nullptr);
      } else if (auto* request = std::get_if<Request>(&step)) {
        request->connect_timeout = std::chrono::seconds(10);
        request->stall_timeout = std::chrono::seconds(15);
      }
      return step;
    });
  }

  void on_response(Response response) override {
    guarded([&] { ping_->on_response(std::move(response)); });
  }

  void on_failure(const TransportError& error) override {
    guarded([&] { ping_->on_failure(error); });
  }

 private:
  template <typename Step>
  auto guarded(const Step& step) -> decltype(step()) {
    try {
      return step();
    } catch (const Error&) {
      on_end_(std::current_exception());
      throw;
    }
  }

  std::unique_ptr<Exchange> ping_;
  OnEnd on_end_;
};

}  // namespace

HostProber::HostProber(const EngineOptions& options,
                       WorkQueue& queue,
                       HostHealth& health,
                       Clock& clock)
    : options_(options),
      queue_(queue),
      health_(health),
      clock_(clock) {}

HostProber::~HostProber() {
  stop();
}

void HostProber::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      loop(stop);
    } catch (const Stopped&) {
      return;  // as asked
    }
  });
}

std::set<std::string> HostProber::silent_among(const Hosts& hosts) {
  std::set<std::string> silent;
  for (const auto& [name, host] : hosts) {
    if (host.failures == 0) {
      silent.insert(name);
    }
  }
  return silent;
}

std::set<std::string> HostProber::silent() {
  return silent_among(*hosts_.lock());
}

void HostProber::await_answer(const std::set<std::string>& known,
                              Clock::time_point deadline,
                              const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    { const auto hosts = hosts_.lock(); }
    changed_.notify_all();
  });
  auto hosts = hosts_.lock();
  while (silent_among(*hosts) == known && !stop.stop_requested() && clock_.now() < deadline) {
    clock_.wait_until(changed_, hosts.mutex_lock(), deadline);
  }
}

void HostProber::stop() {
  thread_.request_stop();
  {
    // Taken and let go, so that a loop between its check and its wait is not missed.
    const auto hosts = hosts_.lock();
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool HostProber::probe(Registry& registry) {
  {
    auto hosts = hosts_.lock();
    const auto [place, is_new] = hosts->try_emplace(registry.name());
    if (!is_new) {
      return false;
    }
    place->second.registry = &registry;
    place->second.due = clock_.now();
    place->second.since = place->second.due;
    queue_.hold_host(registry.name());
  }
  changed_.notify_all();
  return true;
}

std::vector<Registry*> HostProber::take_due(Hosts& hosts) const {
  std::vector<Registry*> due;
  for (auto& [name, host] : hosts) {
    if (!host.on_the_wire && host.due <= clock_.now()) {
      host.on_the_wire = true;
      due.push_back(host.registry);
    }
  }
  return due;
}

void HostProber::loop(const std::stop_token& stop) {
  Session session(session_options(options_));
  while (!stop.stop_requested()) {
    std::vector<Registry*> due;
    {
      auto hosts = hosts_.lock();
      due = take_due(*hosts);
      if (due.empty()) {
        auto next = Clock::time_point::max();
        for (const auto& [name, host] : *hosts) {
          next = std::min(next, host.due);
        }
        clock_.wait_until(changed_, hosts.mutex_lock(), next);
        continue;
      }
    }
    std::vector<std::unique_ptr<Probe>> probes;
    std::vector<Exchange*> exchanges;
    for (Registry* registry : due) {
      const std::string name = registry->name();
      probes.push_back(std::make_unique<Probe>(registry->ping(),
                                               [this, name](const std::exception_ptr& failure) {
                                                 if (failure) {
                                                   failed(name, failure);
                                                 } else {
                                                   answered(name);
                                                 }
                                               }));
      exchanges.push_back(probes.back().get());
    }
    session.run(exchanges, {}, stop);
  }
}

void HostProber::answered(const std::string& name) {
  const bool was_down = health_.failing_since(name).has_value();
  health_.success(name);
  queue_.release_host(name);
  hosts_.lock()->erase(name);
  changed_.notify_all();
  if (was_down) {
    log(LogLevel::info, "transfer", "registry answers again", {{"registry", name}});
  }
}

void HostProber::failed(const std::string& name, const std::exception_ptr& failure) {
  const Verdict verdict = judge(failure);
  const bool is_limited = verdict.kind == VerdictKind::limited;
  if (!is_limited) {
    static_cast<void>(health_.failure(name, verdict.reason));
  }
  const auto now = clock_.now();
  bool hopeless = verdict.kind != VerdictKind::again && !is_limited;
  Clock::time_point due;
  {
    auto hosts = hosts_.lock();
    Host& host = hosts->at(name);
    hopeless = hopeless || now - host.since >= options_.give_up_after;
    if (hopeless) {
      hosts->erase(name);
    } else {
      const auto& delays = options_.probe_delays;
      due = now + delays[std::min(host.failures, delays.size() - 1)];
      host.due = due;
      host.on_the_wire = false;
      ++host.failures;
    }
  }
  changed_.notify_all();
  if (hopeless) {
    const std::string tried = verdict.kind == VerdictKind::again
                                  ? " (tried for " + format_duration(options_.give_up_after) + ")"
                                  : "";
    health_.give_up(name, "registry " + name + " is of no use: " + verdict.reason + tried);
    log(LogLevel::error,
        "transfer",
        "registry given up",
        {{"registry", name}, {"cause", verdict.reason}});
    queue_.release_host(name);
  } else {
    if (is_limited) {
      health_.paused_until(name, due, verdict.reason);
    } else {
      health_.held(name, verdict.reason);
    }
    log(LogLevel::warn,
        "transfer",
        "registry does not answer, trying again",
        {{"registry", name}, {"cause", verdict.reason}});
  }
}

}  // namespace image_syncer
