#include "server/loop.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace image_syncer {
namespace {

// Room for the library's own structures and the head of the answer, beside the request's.
constexpr std::size_t kMemoryBesideHeader = std::size_t{16} * 1024;
constexpr int kAcceptsAtATime = 64;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};
constexpr std::chrono::minutes kBetweenComplaints{1};
// Enough to send a short answer to whoever has room for it.
constexpr int kLastTurns = 4;

}  // namespace

// What libmicrohttpd calls, on the loop's thread. `noexcept`: without memory for these few bytes
// the process is at its end.
struct LoopCallbacks {
  static void* target(void* loop, const char* target, MHD_Connection* connection) noexcept {
    return static_cast<ServerLoop*>(loop)->on_target(*connection, target);
  }

  // NOLINTNEXTLINE(readability-function-size): the library says which parameters there are
  static MHD_Result request(void* loop,
                            MHD_Connection* /*connection*/,
                            const char* /*url*/,
                            const char* method,
                            const char* version,
                            const char* data,
                            std::size_t* size,
                            void** context) noexcept {
    const auto& exchange = *static_cast<std::shared_ptr<OpenRequest>*>(*context);
    try {
      const std::size_t given = std::exchange(*size, 0);
      return static_cast<ServerLoop*>(loop)->on_request(exchange, method, version, {data, given});
    } catch (const std::exception& error) {
      log(LogLevel::error, "server", "a connection is closed", {{"cause", error.what()}});
      return MHD_NO;
    }
  }

  static void completed(void* loop,
                        MHD_Connection* /*connection*/,
                        void** context,
                        MHD_RequestTerminationCode /*how*/) noexcept {
    const std::unique_ptr<std::shared_ptr<OpenRequest>> exchange(
        static_cast<std::shared_ptr<OpenRequest>*>(std::exchange(*context, nullptr)));
    static_cast<ServerLoop*>(loop)->on_completed(**exchange);
  }

  static void connection(void* loop,
                         MHD_Connection* connection,
                         void** context,
                         MHD_ConnectionNotificationCode what) noexcept {
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      static_cast<ServerLoop*>(loop)->on_begin(*connection, context);
    } else {
      static_cast<ServerLoop*>(loop)->on_end(context);
    }
  }
};

ServerLoop::ServerLoop(const HttpServerSettings& settings,
                       HttpHandler handler,
                       Listener listener,
                       std::size_t connection_limit,
                       std::shared_ptr<Mailbox> mailbox)
    : settings_(settings),
      handler_(std::move(handler)),
      listener_(std::move(listener)),
      connection_limit_(connection_limit),
      mailbox_(std::move(mailbox)),
      now_(std::chrono::steady_clock::now()),
      next_beat_(now_ + settings_.heartbeat) {
  daemon_.reset(
      MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME,
                       0,
                       nullptr,
                       nullptr,
                       &LoopCallbacks::request,
                       this,
                       MHD_OPTION_URI_LOG_CALLBACK,
                       &LoopCallbacks::target,
                       this,
                       MHD_OPTION_NOTIFY_COMPLETED,
                       &LoopCallbacks::completed,
                       this,
                       MHD_OPTION_NOTIFY_CONNECTION,
                       &LoopCallbacks::connection,
                       this,
                       MHD_OPTION_CONNECTION_LIMIT,
                       static_cast<unsigned int>(connection_limit_ + 1),
                       MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                       settings_.max_header + kMemoryBesideHeader,
                       MHD_OPTION_STRICT_FOR_CLIENT,
                       1,
                       MHD_OPTION_END));
  if (daemon_ == nullptr) {
    throw Error("the server cannot start: " + std::generic_category().message(errno));
  }
}

ServerLoop::~ServerLoop() = default;

void ServerLoop::run() {
  mailbox_->belongs_to_this_thread();
  while (!has_begun_to_stop_ || (exchanges_ > 0 && now_ < *stop_at_)) {
    turn();
  }
  end();
}

void ServerLoop::turn() {
  wait();
  now_ = std::chrono::steady_clock::now();
  streams_.look(polled_, polled_.size() - streams_.size());
  read_letters();
  if (stop_at_ && !has_begun_to_stop_) {
    begin_stop();
  }
  if (now_ >= accepts_again_) {
    for (const FileDescriptor& socket : listener_.sockets) {
      accept_from(socket);
    }
  }
  run_library();
  deadlines_.expire(now_, [](const Watched& connection) {
    static_cast<void>(::shutdown(connection.socket, SHUT_RDWR));
  });
  if (now_ >= next_beat_) {
    streams_.beat();
    next_beat_ = now_ + settings_.heartbeat;
  }
  // What this thread has put there itself has woken nobody.
  read_letters();
}

void ServerLoop::run_library() {
  resumer_.clear();
  MHD_run(daemon_.get());
}

void ServerLoop::wait() {
  polled_.clear();
  polled_.push_back({.fd = mailbox_->descriptor(), .events = POLLIN, .revents = 0});
  const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD);
  polled_.push_back({.fd = info->epoll_fd, .events = POLLIN, .revents = 0});
  if (now_ >= accepts_again_) {
    for (const FileDescriptor& socket : listener_.sockets) {
      polled_.push_back({.fd = socket.get(), .events = POLLIN, .revents = 0});
    }
  }
  streams_.watch(polled_);

  int timeout = -1;
  MHD_UNSIGNED_LONG_LONG pending = 0;
  if ((stop_at_ && !has_begun_to_stop_) || resumer_.pending() ||
      MHD_get_timeout(daemon_.get(), &pending) == MHD_YES) {
    timeout = 0;  // where it has no timeouts the library names only work that is left
  } else if (const std::optional<Time> next = next_time()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  if (::poll(polled_.data(), polled_.size(), timeout) <= 0) {
    std::ranges::for_each(polled_, [](pollfd& entry) { entry.revents = 0; });
  }
}

std::optional<ServerLoop::Time> ServerLoop::next_time() const {
  std::optional<Time> next = deadlines_.next();
  const auto consider = [&](Time when) { next = std::min(next.value_or(when), when); };
  if (!streams_.empty()) {
    consider(next_beat_);
  }
  if (stop_at_) {
    consider(*stop_at_);
  }
  if (accepts_again_ > now_) {
    consider(accepts_again_);
  }
  return next;
}

void ServerLoop::read_letters() {
  Letters letters = mailbox_->take();
  for (auto& [exchange, reply] : letters.replies) {
    settle(*exchange, std::move(reply));
  }
  for (const auto& stream : letters.streams) {
    streams_.touch(*stream);
  }
  if (letters.stop && !stop_at_) {
    stop_at_ = letters.stop;
  }
}

void ServerLoop::begin_stop() {
  has_begun_to_stop_ = true;
  listener_.sockets.clear();
  streams_.finish();
  for (const Watched* connection : connections_) {
    if (!connection->has_exchange) {
      static_cast<void>(::shutdown(connection->socket, SHUT_RDWR));
    }
  }
}

void ServerLoop::end() {
  ended_ = true;
  for (OpenRequest* exchange : std::unordered_set<OpenRequest*>(suspended_)) {
    settle(*exchange, error_response(503, "the server ends"));
  }
  streams_.abandon();
  for (int turn = 0; turn < kLastTurns; ++turn) {
    run_library();
  }
  mailbox_->close();
  daemon_.reset();
}

void ServerLoop::accept_from(const FileDescriptor& socket) {
  for (int i = 0; i < kAcceptsAtATime; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const peer = reinterpret_cast<sockaddr*>(&address);
    const int accepted = ::accept4(socket.get(), peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        accepts_again_ = now_ + kPauseWithoutDescriptors;
        complain_of_limit();
      }
      if (errno != EINTR && errno != ECONNABORTED) {
        return;
      }
    } else if (connections_.size() >= connection_limit_) {
      complain_of_limit();
      ::close(accepted);
    } else {
      // Closes it where it cannot take it.
      MHD_add_connection(daemon_.get(), accepted, peer, size);
    }
  }
}

void ServerLoop::complain_of_limit() {
  if (now_ >= complains_again_) {
    complains_again_ = now_ + kBetweenComplaints;
    log(LogLevel::warn,
        "server",
        "too many connections, new ones are closed or have to wait",
        {{"connections", connections_.size()}, {"limit", connection_limit_}});
  }
}

}  // namespace image_syncer
