#include "support/real_registry/child_process.hpp"

#include "support/scratch_dir.hpp"
#include <image_syncer/util/files.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxOutput = 256UL * 1024 * 1024;

/// "NAME=value" of everything the child shall see.
std::vector<std::string> environment_of(const ProcessOptions& options) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals != std::string::npos && (!options.clean_environment || name == "PATH")) {
      variables[name] = text.substr(equals + 1);
    }
  }
  for (const auto& [name, value] : options.environment) {
    variables[name] = value;
  }
  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    lines.push_back(std::string(name).append("=").append(value));
  }
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> list;
  list.reserve(lines.size() + 1);
  for (std::string& line : lines) {
    list.push_back(line.data());
  }
  list.push_back(nullptr);
  return list;
}

/// A descriptor for the child, closed here when it has gone over.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags) {
    const std::string name = path.empty() ? "/dev/null" : path.string();
    fd_ = ::open(name.c_str(), flags | O_CLOEXEC, 0644);
    if (fd_ < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot open " + name);
    }
  }

  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  OpenFile(OpenFile&&) = delete;
  OpenFile& operator=(OpenFile&&) = delete;

  ~OpenFile() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

/// In the child after fork: only async-signal-safe calls.
[[noreturn]] void become(const std::vector<char*>& arguments,
                         const std::vector<char*>& environment,
                         const std::array<int, 3>& fds,
                         const char* directory,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  (void)::signal(SIGPIPE, SIG_DFL);
  if (::getppid() != parent || (*directory != '\0' && ::chdir(directory) != 0) ||
      ::dup2(fds[0], 0) < 0 || ::dup2(fds[1], 1) < 0 || ::dup2(fds[2], 2) < 0) {
    ::_exit(126);
  }
  ::execvpe(arguments[0], arguments.data(), environment.data());
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments,
                           const Files& files,
                           const ProcessOptions& options) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = environment_of(options);
  const std::vector<char*> argument_list = pointers(words);
  const std::vector<char*> variable_list = pointers(variables);
  const OpenFile input(files.input, O_RDONLY);
  const OpenFile out(files.out, O_WRONLY | O_CREAT | O_APPEND);
  const OpenFile err(files.err, O_WRONLY | O_CREAT | O_APPEND);
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    become(argument_list,
           variable_list,
           {input.fd(), out.fd(), err.fd()},
           options.directory.c_str(),
           self);
  }
  if (pid_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot fork");
  }
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "pidfd_open failed");
  }
}

ChildProcess::~ChildProcess() {
  if (!status_) {
    signal(SIGKILL);
    (void)wait(std::chrono::minutes(1));
  }
  ::close(pidfd_);
}

void ChildProcess::signal(int number) {
  if (!status_) {
    ::kill(pid_, number);
  }
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds limit) {
  if (!status_) {
    pollfd ended{.fd = pidfd_, .events = POLLIN, .revents = 0};
    int status = 0;
    if (::poll(&ended, 1, static_cast<int>(limit.count())) > 0 &&
        ::waitpid(pid_, &status, 0) == pid_) {
      status_ = status;
    }
  }
  return status_;
}

void ChildProcess::stop(std::chrono::milliseconds grace) {
  signal(SIGTERM);
  if (!wait(grace)) {
    signal(SIGKILL);
    (void)wait(std::chrono::minutes(1));
  }
}

ProcessOutput run_process(const std::vector<std::string>& arguments,
                          const ProcessOptions& options) {
  // Files instead of pipes: nothing can block, whatever the program writes.
  const ScratchDir scratch;
  const ChildProcess::Files files{
      scratch.write("in", options.input), scratch.file("out"), scratch.file("err")};
  ChildProcess child(arguments, files, options);
  ProcessOutput output;
  std::optional<int> status = child.wait(options.timeout);
  if (!status) {
    output.timed_out = true;
    child.signal(SIGKILL);
    status = child.wait(std::chrono::minutes(1));
  }
  if (status && WIFEXITED(*status)) {
    output.exit_code = WEXITSTATUS(*status);
  } else if (status && WIFSIGNALED(*status)) {
    output.signal = WTERMSIG(*status);
  }
  output.out = read_file(files.out, kMaxOutput);
  output.err = read_file(files.err, kMaxOutput);
  return output;
}

}  // namespace image_syncer
