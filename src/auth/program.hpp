#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

struct ProgramLimits {
  std::chrono::milliseconds time = std::chrono::seconds(30);  ///< by the machine's clock
  std::size_t out = std::size_t{1024} * 1024;                 ///< bytes
  std::size_t err = std::size_t{64} * 1024;                   ///< bytes; what is more is dropped
};

struct ProgramOutput {
  int exit_code = -1;  ///< -1: ended by a signal
  int signal = 0;      ///< that ended it
  std::string out;
  std::string err;
};

/// The program `name` in the folders of `search_path` ("/usr/bin:/bin"); absent = none. Folders
/// that are not absolute are passed over: the working folder may be anybody's.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name,
                                                      std::string_view search_path);

/// Runs a program, without a shell, to its end, and takes what it wrote. It gets `input` (at most
/// 4000 bytes) and then the end on stdin, this process's environment and folder, no other
/// descriptors, the default signals, and a process group of its own: neither the terminal's Ctrl-C
/// nor its input reaches it. Whatever happens, the program and what it started in its group are
/// gone afterwards, except for what a program that ended well left behind.
/// Throws `Error` when it cannot be started or goes beyond a limit, and `Stopped`.
[[nodiscard]] ProgramOutput run_program(const std::vector<std::string>& arguments,
                                        std::string_view input,
                                        const ProgramLimits& limits,
                                        const std::stop_token& stop);

}  // namespace image_syncer
