#pragma once

#include <image_syncer/http/message.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace image_syncer {

/// One logical request as a small state machine: it may take several requests on the wire (a token,
/// a redirect, a repeat after 401, the next chunk). A `Session` asks `next` for a request, sends
/// it, hands the answer to `on_response`, and asks again until `next` says that it is finished. An
/// `Error` thrown by either ends the exchange; `rethrow_failure` gives it to the owner.
///
/// An exchange belongs to the thread of the session that runs it.
class Exchange {
 public:
  /// Nothing to send until `wake` is called (another thread's token request is under way).
  struct Waiting {};

  struct Finished {};

  using Step = std::variant<Request, Waiting, Finished>;
  /// Makes the session ask again; callable from any thread, also after the session is gone.
  using Wake = std::function<void()>;

  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  virtual ~Exchange() = default;

  /// The registry whose permits its requests use.
  [[nodiscard]] virtual const std::string& host() const = 0;
  [[nodiscard]] virtual Step next(const Wake& wake) = 0;
  virtual void on_response(Response response) = 0;
  /// No answer came. The default ends the exchange with the error.
  virtual void on_failure(const TransportError& error);

  /// Nothing more will be asked of it, its request was dropped: what others may be waiting for (a
  /// token that it was getting) is theirs now.
  virtual void abandon() {}

  /// Whether the exchange ended with an error.
  [[nodiscard]] bool failed() const { return failure_ != nullptr; }

  void rethrow_failure() const;

  /// Ends the exchange with `failure`.
  void fail(std::exception_ptr failure) { failure_ = std::move(failure); }

 private:
  std::exception_ptr failure_;
};

/// The downloading side of a fan-out.
class SourceExchange : public Exchange {
 public:
  /// At which offset of the blob the body of this answer begins, for a request with `body_to_ring`;
  /// absent: the body is not the blob (an error answer) and is kept for `on_response`. Throws
  /// `Error` when the answer can never be right (wrong length, wrong range).
  [[nodiscard]] virtual std::optional<std::uint64_t> body_offset(const Response& head) = 0;
  /// Begin anew: the next request asks for the blob from `offset` on.
  virtual void restart(std::uint64_t offset) = 0;
};

}  // namespace image_syncer
