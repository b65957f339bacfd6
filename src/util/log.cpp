#include "util/log_format.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <exception>
#include <memory>
#include <string>

namespace image_syncer {

namespace {

struct Output {
  std::unique_ptr<spdlog::logger> logger;
  LogFormat format = LogFormat::text;
  bool to_file = false;
  LogWriter writer = nullptr;
  void* writer_context = nullptr;
};

/// The lines arrive finished: spdlog only adds the newline, writes and flushes.
std::unique_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_unique<spdlog::logger>("image-syncer", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

Output stderr_output() {
  Output output;
  output.logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_st>());
  return output;
}

std::atomic<LogLevel> lowest_level{LogLevel::warn};

/// The lock is held while a line is written: lines do not mix, and after `set_log_writer` returns
/// the former writer is not called any more. Never destroyed, so that threads may log until the
/// end.
Synchronized<Output>& output() {
  static auto* const instance = new Synchronized<Output>(stderr_output());
  return *instance;
}

}  // namespace

void configure_log(const LogOptions& options) {
  Output fresh;
  if (options.file.empty()) {
    fresh = stderr_output();
  } else {
    try {
      fresh.logger = make_logger(std::make_shared<spdlog::sinks::basic_file_sink_st>(options.file));
    } catch (const std::exception& error) {
      throw Error("cannot open the log file " + options.file + ": " + error.what());
    }
    fresh.to_file = true;
  }
  fresh.format = options.format;
  auto current = output().lock();
  fresh.writer = current->writer;
  fresh.writer_context = current->writer_context;
  *current = std::move(fresh);
  lowest_level = options.level;
}

bool log_enabled(LogLevel level) noexcept {
  return level != LogLevel::off && level >= lowest_level.load(std::memory_order_relaxed);
}

void log(LogLevel level,
         std::string_view module,
         std::string_view message,
         std::initializer_list<LogField> fields) noexcept {
  if (!log_enabled(level)) {
    return;
  }
  try {
    const LogRecord record{std::chrono::system_clock::now(), level, module, message, fields};
    auto current = output().lock();
    std::string line = format_log_line(current->format, record);
    if (current->writer != nullptr && !current->to_file) {
      current->writer(current->writer_context, line += '\n');
    } else {
      current->logger->log(spdlog::level::critical, spdlog::string_view_t(line));
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): a line is lost rather than the work it speaks of
  }
}

void set_log_writer(LogWriter writer, void* context) {
  auto current = output().lock();
  current->writer = writer;
  current->writer_context = context;
}

}  // namespace image_syncer
