#include "app/signals.hpp"

#include <image_syncer/util/log.hpp>

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace image_syncer {
namespace {

constexpr int kInterrupted = 3;
// Ends the watching thread; nobody else sends it.
constexpr int kFinish = SIGUSR2;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, kFinish);
  return set;
}

}  // namespace

SignalWatch::SignalWatch() {
  // A registry that closes its connection must not end the process.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  // Who starts us may have set it to be ignored: then the exit codes of credential helpers are
  // lost.
  static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), kFinish);
}

void SignalWatch::watch() {
  const sigset_t set = watched();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) {
      continue;
    }
    if (number == kFinish) {
      return;
    }
    if (number == SIGHUP) {
      auto action = on_hangup_.lock();
      if (*action) {
        (*action)();
        continue;
      }
    }
    if (stop_.stop_requested()) {
      _exit(kInterrupted);
    }
    log(LogLevel::warn, "app", "stopping; once more to exit at once", {{"signal", number}});
    stop_.request_stop();
  }
}

}  // namespace image_syncer
