#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

struct ProcessOptions {
  std::map<std::string, std::string> environment = {};  ///< on top of this process's own
  bool clean_environment = false;                       ///< only `environment` and PATH
  std::string input = {};                               ///< for stdin
  std::filesystem::path directory = {};                 ///< to run in; "" = this process's own
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  ///< then it is killed
};

struct ProcessOutput {
  int exit_code = -1;  ///< -1: ended by a signal
  int signal = 0;      ///< that ended it
  bool timed_out = false;
  std::string out;
  std::string err;
};

/// A program that was started and is killed at the latest with its owner, or with the test process
/// (a crash of the test leaves no orphan). Create it on a thread that lives as long as it.
class ChildProcess {
 public:
  /// `arguments[0]` is looked up in PATH. stdout and stderr go to these files ("" = /dev/null),
  /// stdin comes from `input`. Throws `std::system_error`.
  struct Files {
    std::filesystem::path input;
    std::filesystem::path out;
    std::filesystem::path err;
  };

  ChildProcess(const std::vector<std::string>& arguments,
               const Files& files,
               const ProcessOptions& options = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ChildProcess(ChildProcess&&) = delete;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Whether it has not ended yet.
  [[nodiscard]] bool running() { return !wait(std::chrono::milliseconds(0)); }

  void signal(int number);
  /// The wait status (`waitpid`) when it ends within `limit`. Ends at once when it did already.
  std::optional<int> wait(std::chrono::milliseconds limit);
  /// SIGTERM, then SIGKILL after `grace`; waits for the end.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> status_;
};

/// Runs a program to its end and gives what it wrote.
[[nodiscard]] ProcessOutput run_process(const std::vector<std::string>& arguments,
                                        const ProcessOptions& options = {});

}  // namespace image_syncer
