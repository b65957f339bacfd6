#pragma once

#include "http/curl_handle.hpp"
#include <image_syncer/http/message.hpp>
#include <image_syncer/http/session.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>

namespace image_syncer {

/// Where the body of a `body_to_ring` answer goes.
class BodySink {
 public:
  enum class Taken { all, pause, abort };

  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  BodySink(BodySink&&) = delete;
  BodySink& operator=(BodySink&&) = delete;
  virtual ~BodySink() = default;

  /// Before the first byte. False: not for the sink, keep it in the response. May throw.
  [[nodiscard]] virtual bool begin_body(const Response& head) = 0;
  /// All of it or nothing: `pause` makes libcurl offer the same bytes again after `unpause`.
  [[nodiscard]] virtual Taken write_body(std::span<const char> bytes) = 0;
};

/// Where a StreamBody comes from.
class BodyFeed {
 public:
  BodyFeed() = default;
  BodyFeed(const BodyFeed&) = delete;
  BodyFeed& operator=(const BodyFeed&) = delete;
  BodyFeed(BodyFeed&&) = delete;
  BodyFeed& operator=(BodyFeed&&) = delete;
  virtual ~BodyFeed() = default;

  /// The number of bytes copied; 0 = none there yet: the upload pauses.
  [[nodiscard]] virtual std::size_t read_body(std::span<char> out) = 0;
  /// Stand at `offset` of the blob; false = no longer there.
  [[nodiscard]] virtual bool seek_body(std::uint64_t offset) = 0;
};

/// One request on the wire: an easy handle with its buffers and callbacks. Neither copied nor
/// moved, since libcurl holds its address. Belongs to its session's thread.
class Transfer {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `rate`, `sink` and `feed` may be null where the request does not need them; they outlive the
  /// transfer.
  Transfer(CurlEasy handle,
           Request request,
           const SessionOptions& options,
           ByteRate* rate,
           BodySink* sink,
           BodyFeed* feed);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Transfer(Transfer&&) = delete;
  Transfer& operator=(Transfer&&) = delete;
  ~Transfer() = default;

  [[nodiscard]] CURL* handle() const { return handle_.get(); }

  [[nodiscard]] const Request& request() const { return request_; }

  /// The handle, reset, for another transfer; this one is finished with it.
  [[nodiscard]] CurlEasy take_handle();

  /// The answer; call once, when the transfer is complete with success or was cut off at
  /// `max_body`.
  [[nodiscard]] Response take_response();
  /// Whether `code` only says that we stopped reading at `max_body`.
  [[nodiscard]] bool stopped_at_limit(CURLcode code) const;

  /// What a callback threw; null if nothing.
  [[nodiscard]] std::exception_ptr callback_failure() const { return callback_failure_; }

  [[nodiscard]] TransportError make_error(CURLcode code) const;

  /// Of the answer, as soon as its head is there; before that 0.
  [[nodiscard]] int status() const;

  [[nodiscard]] bool download_paused() const { return download_paused_; }

  [[nodiscard]] bool upload_paused() const { return upload_paused_; }

  /// When it is to be let go again: it waits for its rate. Absent when it does not.
  [[nodiscard]] std::optional<time_point> throttled_until() const { return throttled_until_; }

  /// Lets go of both directions. Call between `perform` and `poll`, never from a callback. libcurl
  /// calls back at once with what it has kept; unless the result is success, the transfer has ended
  /// with it.
  [[nodiscard]] CURLcode unpause();

  /// When it counts as stalled unless something moves before. Absent while it is paused: then it
  /// waits for the others of its fan-out, not for its server.
  [[nodiscard]] std::optional<time_point> stalls_at() const;

  [[nodiscard]] time_point started() const { return started_; }

 private:
  enum class BodyState { none, kept, to_sink };

  void set_up(const SessionOptions& options);
  void set_up_method();
  void set_up_body(CurlList& headers);
  void set_up_connection();
  void set_up_trust();
  [[nodiscard]] Response make_head() const;
  [[nodiscard]] std::size_t on_write(std::span<const char> bytes);
  [[nodiscard]] bool is_held_by_rate();
  void moved(std::atomic<std::uint64_t>* counter, std::size_t count);
  [[nodiscard]] std::size_t keep(std::span<const char> bytes);
  [[nodiscard]] std::size_t on_read(std::span<char> out);
  [[nodiscard]] int on_seek(std::int64_t offset);

  static std::size_t write_callback(char* data,
                                    std::size_t size,
                                    std::size_t count,
                                    void* self) noexcept;
  static std::size_t read_callback(char* data,
                                   std::size_t size,
                                   std::size_t count,
                                   void* self) noexcept;
  static int progress_callback(void* self,
                               curl_off_t download_total,
                               curl_off_t downloaded,
                               curl_off_t upload_total,
                               curl_off_t uploaded) noexcept;
  static CURLcode trust_callback(CURL* handle, void* context, void* self) noexcept;
  static int seek_callback(void* self, curl_off_t offset, int origin) noexcept;

  Request request_;
  ByteRate* rate_;
  BodySink* sink_;
  BodyFeed* feed_;
  TrafficCounters counters_;
  CurlList headers_;
  char error_[CURL_ERROR_SIZE] = {};  // NOLINT(modernize-avoid-c-arrays): libcurl writes here
  BodyState body_state_ = BodyState::none;
  std::string body_;
  bool truncated_ = false;
  bool download_paused_ = false;
  bool upload_paused_ = false;
  std::optional<time_point> throttled_until_;
  std::uint64_t uploaded_ = 0;
  curl_off_t moved_ = 0;  // body bytes in both directions, as libcurl counts them
  std::exception_ptr callback_failure_;
  time_point started_;
  time_point last_progress_;
  CurlEasy handle_;  // last: it refers to all of the above
};

}  // namespace image_syncer
