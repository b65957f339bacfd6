#include "server/open_streams.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

// A comment, which clients ignore.
constexpr std::string_view kSignOfLife = ":\n\n";

}  // namespace

MhdResponse OpenStreams::open(const OpenRequest& exchange, std::shared_ptr<EventBuffer> buffer) {
  const MHD_ConnectionInfo* info =
      MHD_get_connection_info(exchange.connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  auto stream = std::make_unique<Stream>(Stream{.owner = this,
                                                .buffer = std::move(buffer),
                                                .connection = exchange.connection,
                                                .socket = info->connect_fd});
  streams_.reserve(streams_.size() + 1);
  MhdResponse response = make_event_response(&OpenStreams::read, &OpenStreams::done, stream.get());
  streams_.push_back(std::move(stream));
  return response;
}

void OpenStreams::touch(const EventBuffer& buffer) {
  const auto found = std::ranges::find_if(
      streams_, [&](const auto& stream) { return stream->buffer.get() == &buffer; });
  if (found == streams_.end()) {
    return;
  }
  if ((*found)->buffer->overflowed()) {
    cut(**found);
  } else {
    resume(**found);
  }
}

void OpenStreams::disconnect(const MHD_Connection* connection) {
  for (const auto& stream : streams_) {
    if (stream->connection == connection) {
      stream->connection = nullptr;
      stream->buffer->abandon();
    }
  }
}

void OpenStreams::beat() {
  for (const auto& stream : streams_) {
    if (stream->buffer->stuck()) {
      cut(*stream);
    } else {
      static_cast<void>(stream->buffer->append(kSignOfLife));
    }
  }
}

void OpenStreams::finish() {
  for (const auto& stream : streams_) {
    stream->buffer->finish();
  }
}

void OpenStreams::abandon() {
  for (const auto& stream : streams_) {
    cut(*stream);
  }
}

void OpenStreams::watch(std::vector<pollfd>& entries) const {
  for (const auto& stream : streams_) {
    const bool watched = stream->suspended && !stream->cut;
    entries.push_back({.fd = watched ? stream->socket : -1, .events = POLLRDHUP, .revents = 0});
  }
}

void OpenStreams::look(const std::vector<pollfd>& entries, std::size_t from) {
  for (std::size_t i = 0; i < streams_.size() && from + i < entries.size(); ++i) {
    if (entries[from + i].revents != 0) {
      cut(*streams_[i]);
    }
  }
}

// The library calls these two, on the loop's thread.
ssize_t OpenStreams::read(void* context,
                          std::uint64_t /*position*/,
                          char* into,
                          std::size_t size) noexcept {
  Stream& stream = *static_cast<Stream*>(context);
  if (stream.cut || stream.buffer->overflowed()) {
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
  const EventBuffer::Taken taken = stream.buffer->take({into, size});
  if (taken.ended) {
    return MHD_CONTENT_READER_END_OF_STREAM;
  }
  if (taken.count == 0) {
    stream.suspended = true;
    MHD_suspend_connection(stream.connection);
  }
  return static_cast<ssize_t>(taken.count);
}

void OpenStreams::done(void* context) noexcept {
  auto* const stream = static_cast<Stream*>(context);
  stream->buffer->abandon();
  stream->buffer->leave();
  auto& streams = stream->owner->streams_;
  std::erase_if(streams, [&](const auto& each) { return each.get() == stream; });
}

void OpenStreams::resume(Stream& stream) {
  if (stream.connection != nullptr && std::exchange(stream.suspended, false)) {
    resumer_->resume(stream.connection);
  }
}

void OpenStreams::cut(Stream& stream) {
  stream.cut = true;
  stream.buffer->abandon();
  if (stream.connection != nullptr) {
    // Where the connection is not suspended the library waits for the client to take more.
    static_cast<void>(::shutdown(stream.socket, SHUT_RDWR));
    resume(stream);
  }
}

}  // namespace image_syncer
