#include "auth/program.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/file_descriptor.hpp>
#include <image_syncer/util/text.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kFirstFreeFd = 3;
constexpr std::size_t kMaxInput = 4000;  // a pipe takes PIPE_BUF (4096) at once
constexpr std::size_t kBufferBytes = 4096;
/// How often to look whether a program has ended, on kernels that do not say so (before 5.3).
constexpr milliseconds kLook{50};

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(what + ": " + std::generic_category().message(error));
}

/// Above the three that the program gets as its own, so that no `dup2` meets its own source.
FileDescriptor moved_up(FileDescriptor fd) {
  if (fd.get() >= kFirstFreeFd) {
    return fd;
  }
  FileDescriptor high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFreeFd));
  if (!high.is_open()) {
    fail("cannot make a pipe", errno);
  }
  return high;
}

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
      fail("cannot make a pipe", errno);
    }
    FileDescriptor first(fds[0]);
    FileDescriptor second(fds[1]);
    read = moved_up(std::move(first));
    write = moved_up(std::move(second));
  }

  FileDescriptor read;
  FileDescriptor write;
};

/// What is set for a program before it starts.
class SpawnSettings {
 public:
  SpawnSettings() {
    check(::posix_spawn_file_actions_init(&actions_));
    check(::posix_spawnattr_init(&attributes_));
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    check(::posix_spawnattr_setsigdefault(&attributes_, &all));
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setpgroup(&attributes_, 0));
    check(::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP));
  }

  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  SpawnSettings(SpawnSettings&&) = delete;
  SpawnSettings& operator=(SpawnSettings&&) = delete;

  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void give(const FileDescriptor& mine, int theirs) {
    check(::posix_spawn_file_actions_adddup2(&actions_, mine.get(), theirs));
  }

  // Not every library opens its sockets with CLOEXEC.
  void close_others() {
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstFreeFd));
  }

  [[nodiscard]] pid_t start(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = arguments;
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    pid_t pid = -1;
    check(::posix_spawn(&pid, pointers[0], &actions_, &attributes_, pointers.data(), environ));
    return pid;
  }

 private:
  static void check(int error) {
    if (error != 0) {
      fail("it cannot be started", error);
    }
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// A running program; killed with its group and waited for at the latest by the destructor.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid),
        end_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;

  ~Child() {
    if (pid_ > 0) {
      // Not waited for yet, so that neither number can be another's.
      ::kill(-pid_, SIGKILL);
      static_cast<void>(reap());
    }
  }

  /// Readable when the program has ended; -1 where the kernel has no such thing.
  [[nodiscard]] int end() const { return end_.get(); }

  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid_;
  }

  /// The wait status.
  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
  FileDescriptor end_;
};

/// What a program writes to one of its descriptors.
class Outlet {
 public:
  Outlet(FileDescriptor from, std::string& into)
      : from_(std::move(from)),
        into_(into) {
    if (::fcntl(from_.get(), F_SETFL, O_NONBLOCK) != 0) {
      fail("cannot read from it", errno);
    }
  }

  [[nodiscard]] int fd() const { return from_.get(); }

  /// Takes a piece of what there is. False: there was nothing.
  [[nodiscard]] bool take() {
    std::array<char, kBufferBytes> buffer{};
    const ssize_t count = from_.is_open() ? ::read(from_.get(), buffer.data(), buffer.size()) : 0;
    if (count > 0) {
      into_.append(buffer.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      from_.close();
    }
    return false;
  }

 private:
  FileDescriptor from_;
  std::string& into_;
};

int milliseconds_until(steady_clock::time_point when) {
  const auto left = std::chrono::ceil<milliseconds>(when - steady_clock::now());
  return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 1000L * 3600));
}

/// Until there is something to read, the program ends, a stop is requested or time is up.
void wait_for_news(const Child& child,
                   const std::array<const Outlet*, 2>& outlets,
                   const FileDescriptor& stopping,
                   steady_clock::time_point deadline) {
  std::array<pollfd, 4> fds{{{outlets[0]->fd(), POLLIN, 0},
                             {outlets[1]->fd(), POLLIN, 0},
                             {child.end(), POLLIN, 0},
                             {stopping.get(), POLLIN, 0}}};
  const int left = milliseconds_until(deadline);
  const int look = child.end() < 0 ? std::min(left, static_cast<int>(kLook.count())) : left;
  static_cast<void>(::poll(fds.data(), fds.size(), look));  // whatever it says, we look again
}

/// Follows a program to its end. Throws `Error` beyond a limit, and `Stopped`.
void follow(const Child& child,
            Pipe& out,
            Pipe& err,
            const ProgramLimits& limits,
            const std::stop_token& stop,
            ProgramOutput& result) {
  const auto deadline = steady_clock::now() + limits.time;
  const FileDescriptor stopping(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopping.is_open()) {
    fail("cannot wait for it", errno);
  }
  const std::stop_callback wake(stop, [&stopping] { ::eventfd_write(stopping.get(), 1); });
  Outlet from_out(std::move(out.read), result.out);
  Outlet from_err(std::move(err.read), result.err);
  while (true) {
    if (stop.stop_requested()) {
      throw Stopped();
    }
    // In this order: what it wrote before its end is there when the end is seen.
    const bool has_ended = child.has_ended();
    const bool has_out = from_out.take();
    const bool has_err = from_err.take();
    if (result.out.size() > limits.out) {
      throw Error("it wrote more than " + format_bytes(limits.out) + " and was killed");
    }
    result.err.resize(std::min(result.err.size(), limits.err));
    if (has_ended && !has_out && !has_err) {
      return;
    }
    if (steady_clock::now() >= deadline) {
      throw Error("it gave no answer within " + format_duration(limits.time) + " and was killed");
    }
    if (!has_out && !has_err) {
      wait_for_news(child, {&from_out, &from_err}, stopping, deadline);
    }
  }
}

}  // namespace

std::optional<std::string> find_program(const std::string& name, std::string_view search_path) {
  for (const std::string_view folder : split(search_path, ':')) {
    if (!folder.starts_with('/')) {
      continue;
    }
    std::string path = std::string(folder) + "/" + name;

    struct stat status {};

    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return std::nullopt;
}

ProgramOutput run_program(const std::vector<std::string>& arguments,
                          std::string_view input,
                          const ProgramLimits& limits,
                          const std::stop_token& stop) {
  assert(!arguments.empty());
  if (input.size() > kMaxInput) {
    throw Error("it cannot be asked about a name of " + std::to_string(input.size()) + " bytes");
  }
  Pipe in;
  Pipe out;
  Pipe err;
  // Before it starts: the pipe takes it all, and there is nobody yet who could close it (SIGPIPE).
  if (::write(in.write.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
    fail("cannot write to it", errno);
  }
  in.write.close();
  SpawnSettings settings;
  settings.give(in.read, STDIN_FILENO);
  settings.give(out.write, STDOUT_FILENO);
  settings.give(err.write, STDERR_FILENO);
  settings.close_others();
  Child child(settings.start(arguments));
  in.read.close();
  out.write.close();
  err.write.close();
  ProgramOutput result;
  follow(child, out, err, limits, stop, result);
  const int status = child.reap();
  if (WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  } else {
    result.signal = WTERMSIG(status);
  }
  return result;
}

}  // namespace image_syncer
