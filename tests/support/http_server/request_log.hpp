#pragma once

#include "support/http_server/server_message.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace image_syncer {

/// One request as the server saw it, in order of arrival.
struct ServedRequest {
  std::size_t number = 0;
  std::size_t connection = 0;  ///< which of the server's connections, from 0
  std::chrono::steady_clock::time_point arrived;
  ServerRequest request;
  std::string client_name;     ///< common name of the client's certificate; "" = it has none
  std::uint64_t received = 0;  ///< body bytes read so far
  int status = 0;              ///< 0: no answer (yet)
  std::uint64_t sent = 0;      ///< body bytes handed to the socket so far
};

/// Everything a server was asked, written by its connections and read by the test. An entry appears
/// when the head has arrived, and status and counts are entered before the bytes leave: a client
/// that has its answer finds it in the log.
class RequestLog {
 public:
  using Entries = std::vector<ServedRequest>;

  std::size_t add(std::size_t connection,
                  const ServerRequest& request,
                  std::string client_name = {});
  void update(std::size_t number, const std::function<void(ServedRequest&)>& change);

  [[nodiscard]] Entries entries() const;
  /// How many entries fulfil `wanted`.
  [[nodiscard]] std::size_t count(const std::function<bool(const ServedRequest&)>& wanted) const;
  /// Forgets everything so far, so that a test can count from here on. Not while requests run.
  void clear();

  /// Waits until `reached` holds for the entries; false when it does not within `limit`.
  [[nodiscard]] bool wait_until(const std::function<bool(const Entries&)>& reached,
                                std::chrono::milliseconds limit = std::chrono::seconds(20)) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Entries entries_;
  std::size_t forgotten_ = 0;  // entries removed by clear(): numbers go on
};

}  // namespace image_syncer
