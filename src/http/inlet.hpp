#pragma once

#include "http/ring.hpp"
#include "http/transfer.hpp"
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/hasher.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>

namespace image_syncer {

/// The way of a blob into a fan-out's ring: runs the source's exchange, hashes what comes, begins
/// again where the source broke off, and publishes the last byte once the whole is known to be
/// right. It ends with an error when the blob cannot be had or is not the right one.
class Inlet final : public Exchange, public BodySink {
 public:
  /// All three outlive it.
  Inlet(SourceExchange& source, Ring& ring, const FanOutOptions& options);

  [[nodiscard]] const std::string& host() const override { return source_.host(); }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;
  void on_failure(const TransportError& error) override;

  void abandon() override { source_.abandon(); }

  [[nodiscard]] bool begin_body(const Response& head) override;
  [[nodiscard]] Taken write_body(std::span<const char> bytes) override;

  /// All bytes are in the ring and published.
  [[nodiscard]] bool is_delivered() const { return delivered_; }

  [[nodiscard]] bool was_resumed() const { return resumed_; }

 private:
  void tell_source(const std::function<void()>& news);
  void on_blob_answer(const Response& response);
  void end_body(const std::exception_ptr& cause);
  void reopen_or_throw(const std::exception_ptr& cause);
  [[nodiscard]] bool try_again(const Error& cause);
  void verify();

  SourceExchange& source_;
  Ring& ring_;
  const FanOutOptions& options_;
  Hasher hasher_;
  bool asked_for_blob_ = false;  // or for something on the way to it, such as a token
  bool body_begun_ = false;
  std::uint64_t skip_ = 0;              // bytes at the front of this answer that are known already
  std::exception_ptr refusal_;          // why we do not take this answer
  std::size_t reopened_ = 0;            // since the last progress worth the name
  std::uint64_t reopened_at_ = 0;       // offset
  std::chrono::milliseconds delay_{0};  // of the next request
  bool delivered_ = false;
  bool resumed_ = false;
};

}  // namespace image_syncer
