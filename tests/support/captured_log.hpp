#pragma once

#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Collects the log lines of its lifetime instead of letting them go to stderr.
class CapturedLog {
 public:
  explicit CapturedLog(LogLevel level = LogLevel::warn) {
    LogOptions options;
    options.level = level;
    configure_log(options);
    set_log_writer(&CapturedLog::write, this);
  }

  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;
  CapturedLog(CapturedLog&&) = delete;
  CapturedLog& operator=(CapturedLog&&) = delete;

  ~CapturedLog() {
    set_log_writer(nullptr, nullptr);
    LogOptions options;
    options.level = LogLevel::warn;
    configure_log(options);
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  /// How many lines hold `text`.
  [[nodiscard]] std::size_t count(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [text](const std::string& line) {
          return line.find(text) != std::string::npos;
        }));
  }

 private:
  static void write(void* context, std::string_view line) {
    auto* self = static_cast<CapturedLog*>(context);
    const std::lock_guard lock(self->mutex_);
    self->lines_.emplace_back(line);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace image_syncer
