#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace image_syncer {

/// Whether repeating the failed operation can help.
enum class Retry {
  never,  ///< The answer will be the same: wrong credentials, bad manifest, absent tag.
  later,  ///< The cause may pass: a reset connection, a 503, a rate limit.
};

/// A failed operation: what was being done to what, and why it failed, in one line that can be
/// understood alone in a log. Never holds a secret: URLs pass `redact_url` before they get here.
///
/// A layer that knows more adds its part in front with `while_doing` and rethrows:
///
///     catch (Error& error) { error.while_doing("pushing blob sha256:ab… to reg.example/x"); throw;
///     }
///
/// A stop is not an error, see `Stopped`.
class Error : public std::exception {
 public:
  explicit Error(std::string message,
                 Retry retry = Retry::never,
                 std::optional<std::chrono::seconds> retry_after = std::nullopt)
      : message_(std::move(message)),
        retry_(retry),
        retry_after_(retry_after) {}

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  [[nodiscard]] Retry retry() const noexcept { return retry_; }

  /// What the server asked for (`Retry-After`), counted from the answer; absent when it did not.
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const noexcept {
    return retry_after_;
  }

  /// Puts "`doing`: " in front of the message.
  void while_doing(const std::string& doing) { message_.insert(0, doing + ": "); }

 private:
  std::string message_;
  Retry retry_;
  std::optional<std::chrono::seconds> retry_after_;
};

/// Thrown where work is abandoned because a stop was requested. Outside the `Error` tree, so that
/// no `catch (const Error&)` swallows it.
class Stopped final : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "stopped"; }
};

}  // namespace image_syncer
