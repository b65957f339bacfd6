#pragma once

#include <chrono>
#include <map>
#include <optional>

struct MHD_Connection;

namespace image_syncer {

/// When which connections are cut off. Belongs to the loop's thread.
class Deadlines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Watched;
  using Queue = std::multimap<Time, Watched*>;

  /// One connection.
  struct Watched {
    int socket = -1;
    bool has_exchange = false;  ///< a request has begun
    std::optional<Queue::iterator> entry;
  };

  void set(Watched& connection, Time when);
  void clear(Watched& connection);

  /// Those whose time has come; they have no deadline any more.
  template <typename Cut>
  void expire(Time now, Cut cut) {
    while (!queue_.empty() && queue_.begin()->first <= now) {
      Watched& connection = *queue_.begin()->second;
      clear(connection);
      cut(connection);
    }
  }

  [[nodiscard]] std::optional<Time> next() const;

 private:
  Queue queue_;
};

}  // namespace image_syncer
