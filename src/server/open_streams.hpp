#pragma once

#include "server/event_buffer.hpp"
#include "server/mhd_response.hpp"
#include "server/open_request.hpp"
#include "server/resumer.hpp"

#include <poll.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace image_syncer {

/// The connections that get events. Belongs to the loop's thread.
class OpenStreams {
 public:
  explicit OpenStreams(Resumer& resumer)
      : resumer_(&resumer) {}

  /// The answer to `exchange` that sends what `buffer` gets.
  [[nodiscard]] MhdResponse open(const OpenRequest& exchange, std::shared_ptr<EventBuffer> buffer);

  /// Something has happened to the buffer.
  void touch(const EventBuffer& buffer);
  /// The exchange of this connection is over.
  void disconnect(const MHD_Connection* connection);
  /// Sends a sign of life to all, and cuts off who has not taken the one before.
  void beat();
  /// No more is to come: what waits is sent yet.
  void finish();
  /// Cuts all off.
  void abandon();

  [[nodiscard]] bool empty() const { return streams_.empty(); }

  [[nodiscard]] std::size_t size() const { return streams_.size(); }

  /// Entries for `poll` that tell when a client closes its connection, which the library does not
  /// look at while nothing is to be sent.
  void watch(std::vector<pollfd>& entries) const;
  /// The same entries, afterwards.
  void look(const std::vector<pollfd>& entries, std::size_t from);

 private:
  struct Stream {
    OpenStreams* owner;
    std::shared_ptr<EventBuffer> buffer;
    MHD_Connection* connection;  // null: over
    int socket;
    bool suspended = false;  // nothing to send
    bool cut = false;
  };

  static ssize_t read(void* context, std::uint64_t position, char* into, std::size_t size) noexcept;
  static void done(void* context) noexcept;
  void resume(Stream& stream);
  void cut(Stream& stream);

  Resumer* resumer_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace image_syncer
