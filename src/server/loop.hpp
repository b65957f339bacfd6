#pragma once

#include "server/deadlines.hpp"
#include "server/listener.hpp"
#include "server/mailbox.hpp"
#include "server/open_request.hpp"
#include "server/open_streams.hpp"
#include "server/resumer.hpp"
#include <image_syncer/server/http_server.hpp>

#include <microhttpd.h>
#include <poll.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace image_syncer {

/// The server's thread: accepts, lets libmicrohttpd parse and send, calls the handler, takes
/// replies from the mailbox, and keeps time. The library runs inside this loop rather than in a
/// thread of its own: so nothing but the mailbox is shared, connections beyond the limit are closed
/// (it would leave them waiting), deadlines are for the whole of a head or body (it only knows
/// idleness), and no connection can be suspended while it stops (it would abort).
class ServerLoop {
 public:
  /// Throws `Error`. `run` may be called on another thread, once.
  ServerLoop(const HttpServerSettings& settings,
             HttpHandler handler,
             Listener listener,
             std::size_t connection_limit,
             std::shared_ptr<Mailbox> mailbox);
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;
  ServerLoop(ServerLoop&&) = delete;
  ServerLoop& operator=(ServerLoop&&) = delete;
  ~ServerLoop();

  /// Until the mailbox says stop, and then until all is ended.
  void run();

 private:
  using Time = Deadlines::Time;
  using Watched = Deadlines::Watched;

  struct DaemonDeleter {
    void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
  };

  void turn();
  void run_library();
  void wait();
  [[nodiscard]] std::optional<Time> next_time() const;
  void read_letters();
  void begin_stop();
  void end();

  void accept_from(const FileDescriptor& socket);
  void complain_of_limit();

  // What the library calls: a connection begins or ends, a request line has come, a part of a
  // request has come, a request is over.
  void on_begin(MHD_Connection& connection, void** context);
  void on_end(void** context);
  void* on_target(MHD_Connection& connection, const char* target);
  MHD_Result on_request(const std::shared_ptr<OpenRequest>& exchange,
                        const char* method,
                        const char* version,
                        std::string_view data);
  void on_completed(OpenRequest& exchange);

  MHD_Result begin_request(OpenRequest& exchange, const char* method, const char* version);
  MHD_Result take_body(OpenRequest& exchange, std::string_view data);
  MHD_Result finish_request(const std::shared_ptr<OpenRequest>& exchange);
  void dispatch(const std::shared_ptr<OpenRequest>& exchange);
  void settle(OpenRequest& exchange, Reply reply);
  MHD_Result send_reply(OpenRequest& exchange);
  MHD_Result queue(OpenRequest& exchange, HttpResponse response);
  MHD_Result queue(OpenRequest& exchange, int status, MhdResponse response);

  static Watched& watched(MHD_Connection& connection);

  friend struct LoopCallbacks;

  const HttpServerSettings settings_;
  const HttpHandler handler_;
  Listener listener_;
  const std::size_t connection_limit_;
  const std::shared_ptr<Mailbox> mailbox_;

  std::unordered_set<Watched*> connections_;
  std::size_t exchanges_ = 0;   // begun and not completed
  std::size_t body_bytes_ = 0;  // of all requests that are being received or answered
  std::unordered_set<OpenRequest*> suspended_;
  Deadlines deadlines_;
  Resumer resumer_;
  OpenStreams streams_{resumer_};
  std::vector<pollfd> polled_;
  Time now_;
  Time next_beat_;
  Time accepts_again_;           // no descriptor was left: later
  Time complains_again_;         // of too many connections
  std::optional<Time> stop_at_;  // stopping: until when answers may take
  bool has_begun_to_stop_ = false;
  bool ended_ = false;                                 // nothing may be suspended any more
  std::unique_ptr<MHD_Daemon, DaemonDeleter> daemon_;  // first to go: it calls the rest
};

}  // namespace image_syncer
