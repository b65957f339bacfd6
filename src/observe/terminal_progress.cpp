#include "observe/rate_meter.hpp"
#include "observe/terminal_screen.hpp"
#include <image_syncer/observe/progress.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

namespace image_syncer {

namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr int kMaxLines = 16;

struct Size {
  int columns;
  int rows;
};

/// Asked anew for every frame: the window may have changed.
Size terminal_size() {
  constexpr Size kUsual{80, 24};
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return kUsual;
  }
  return {size.ws_col, size.ws_row};
}

/// A terminal that is gone is no reason to stop.
void write_to_terminal(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

struct TerminalProgress::Impl {
  Impl(RunState& run, Clock& time)
      : state(run),
        clock(time),
        drawer([this](const std::stop_token& stop) { draw_until(stop); }) {
    set_log_writer(&Impl::write_log_line, this);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  ~Impl() {
    drawer.request_stop();
    drawer.join();
    set_log_writer(nullptr, nullptr);
    write_to_terminal(screen.lock()->show(""));
  }

  void draw_until(const std::stop_token& stop);
  static void write_log_line(void* context, std::string_view line);

  RunState& state;
  Clock& clock;
  /// This lock covers writing to the terminal: frames and log lines must not mix.
  Synchronized<TerminalScreen> screen;
  std::jthread drawer;
};

void TerminalProgress::Impl::draw_until(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  RateMeter rate;
  // Real time: frames are for people. The first one comes late, so that a short run draws none.
  while (!stopped.wait_for(lock, stop, kInterval, [&stop] { return stop.stop_requested(); })) {
    const RunSnapshot snapshot = state.snapshot();
    const Size size = terminal_size();
    // The last column stays free: some terminals wrap as soon as it is written.
    const std::string frame = render_progress(snapshot,
                                              rate.update(clock.now(), snapshot.bytes_up),
                                              size.columns - 1,
                                              std::min(size.rows - 1, kMaxLines));
    auto locked = screen.lock();
    write_to_terminal(locked->show(frame));
  }
}

void TerminalProgress::Impl::write_log_line(void* context, std::string_view line) {
  auto locked = static_cast<Impl*>(context)->screen.lock();
  write_to_terminal(locked->print_above(line));
}

TerminalProgress::TerminalProgress(RunState& state, Clock& clock)
    : impl_(std::make_unique<Impl>(state, clock)) {}

TerminalProgress::~TerminalProgress() = default;

bool stderr_is_terminal() {
  const char* const name = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): see the header
  return name != nullptr && *name != '\0' && std::string_view(name) != "dumb" &&
         ::isatty(STDERR_FILENO) == 1;
}

}  // namespace image_syncer
