#pragma once

#include <image_syncer/http/byte_rate.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/util/hasher.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

/// What sessions count; shared, outlives them.
struct TrafficCounters {
  std::atomic<std::uint64_t>* requests = nullptr;
  std::atomic<std::uint64_t>* bytes_down = nullptr;  ///< bodies only
  std::atomic<std::uint64_t>* bytes_up = nullptr;    ///< bodies only
};

struct SessionOptions {
  std::string user_agent;
  TrafficCounters counters;
  /// Called for each request before it goes out, with the exchange's host: how long it has to wait
  /// for a configured rate. Empty = never.
  std::function<std::chrono::milliseconds(const std::string& host)> pace;
  /// Told of each request that ended by itself (none that was dropped by a stop or by `cancel`),
  /// with the exchange's host: the status of the answer; 0 = it had none, or broke off. On the
  /// session's thread; must not throw. Empty = nobody is told.
  std::function<void(const std::string& host, int status)> on_answer = {};
  /// The rate at which bodies to and from a host may move; null = as fast as they can. Outlives the
  /// session. Empty = no host has one.
  std::function<ByteRate*(const std::string& host)> byte_rate = {};
};

/// The source delivered bytes that are not those of the digest: too many, or others.
class ContentError final : public Error {
 public:
  explicit ContentError(std::string message)
      : Error(std::move(message), Retry::later) {}
};

enum class LegResult {
  done,       ///< the exchange finished without error
  failed,     ///< `Exchange::rethrow_failure` tells why
  dropped,    ///< too slow: try again apart from the others
  cancelled,  ///< the source failed, or its bytes were wrong
};

/// When a leg that holds up the others is dropped (docs/architecture.md, Fan-out).
struct LaggardPolicy {
  bool enabled = true;
  /// A leg is a laggard when its own speed is below this part of the median of the others'.
  double speed_ratio = 0.25;
  /// It is dropped when it alone held up the others for this part of the time that the whole blob
  /// would take them without it,
  double tolerated_share = 0.25;
  /// but not before this
  std::chrono::milliseconds tolerated_min = std::chrono::seconds(3);
  /// and at the latest after this.
  std::chrono::milliseconds tolerated_max = std::chrono::seconds(10);
  /// A leg that is slower still than this part, and takes bytes all the time (a disk that stalls
  /// for a moment does not), is no doubtful case: `clear_min` stands for `tolerated_min`.
  double clear_ratio = 0.1;
  std::chrono::milliseconds clear_min = std::chrono::milliseconds(1500);
};

struct FanOutOptions {
  std::uint64_t size = 0;
  HashAlgorithm algorithm = HashAlgorithm::sha256;
  std::string expected_hex;
  std::size_t ring_bytes = 1'048'576;
  LaggardPolicy laggards;
  /// Delays before a source that broke off in mid-blob is reopened; it counts anew after 1 MiB of
  /// progress. A Retry-After beyond the longest is not waited for.
  std::vector<std::chrono::milliseconds> source_delays = {std::chrono::seconds(0),
                                                          std::chrono::seconds(1),
                                                          std::chrono::seconds(2),
                                                          std::chrono::seconds(4)};
  /// Told the bytes that have passed the slowest live leg, as they grow. May be empty.
  std::atomic<std::uint64_t>* progress = nullptr;
  /// Called as soon as a leg (by its index) has ended, while others go on. May be empty; must not
  /// throw.
  std::function<void(std::size_t leg, LegResult result)> on_leg_end;
  /// Called once for a leg that turned out to hold up the others (it is then dropped unless all
  /// bytes have been sent). May be empty; must not throw.
  std::function<void(std::size_t leg)> on_slow_leg;
};

struct FanOutResult {
  /// In the order of the legs.
  std::vector<LegResult> legs;
  /// Why the source failed: the blob was not delivered, or its bytes are not those of its digest.
  /// Null: it was delivered and right, or no leg was left to take it.
  std::exception_ptr source_failure;
  bool source_resumed = false;
};

/// One thread's HTTP: a libcurl multi handle with its connections, kept for the thread's life.
/// Created, used and destroyed by one thread.
class Session {
 public:
  explicit Session(SessionOptions options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;
  ~Session();

  /// Counts here what is requested from now on.
  void count(TrafficCounters counters);

  /// How many requests of a host may be on the wire at a time.
  using Width = std::function<std::size_t(const std::string& host)>;

  /// Runs all exchanges to their end, each host's within its width. Failures stay in the exchanges.
  /// Throws `Stopped` when `stop` is requested: requests on the wire are dropped at once.
  void run(std::span<Exchange* const> exchanges, const Width& width, const std::stop_token& stop);
  void run(Exchange& exchange, const std::stop_token& stop);

  /// Downloads a blob once and uploads it with every leg at the same time, through a ring of
  /// `ring_bytes`. The last byte is only given to the legs when size and digest are right, so that
  /// no target can commit wrong bytes. A leg that fails or lags leaves; the others go on. A broken
  /// source is reopened where it broke off. Throws `Stopped` like `run`.
  FanOutResult fan_out(SourceExchange& source,
                       std::span<Exchange* const> legs,
                       const FanOutOptions& options,
                       const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
