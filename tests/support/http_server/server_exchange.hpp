#pragma once

#include "support/http_server/buffered_input.hpp"
#include "support/http_server/gate.hpp"
#include "support/http_server/request_log.hpp"
#include "support/http_server/server_message.hpp"
#include "support/http_server/socket_stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace image_syncer {

/// What goes wrong (or slowly) with one request. Positions count body bytes.
struct ServerFaults {
  struct Hold {
    std::uint64_t after = 0;
    std::shared_ptr<Gate> gate;
  };

  std::uint64_t bytes_per_second = 0;           ///< for both bodies; 0: as fast as it goes
  std::optional<Hold> hold_request;             ///< stop reading here until the gate is open
  std::optional<Hold> hold_response;            ///< stop sending here until the gate is open
  std::optional<std::uint64_t> request_limit;   ///< the connection ends after reading so much
  std::optional<std::uint64_t> response_limit;  ///< the connection ends after sending so much
  bool by_reset = false;                        ///< those ends are RST instead of FIN
};

/// One request and its answer, as the handler sees it. The body is read when the handler asks for
/// it (back-pressure); `Expect: 100-continue` is answered by the first read, so a handler that
/// answers without reading gives the early final status. Belongs to the connection's thread. Every
/// member throws `ConnectionLost` when the connection is gone or ended by a fault; let it pass.
class ServerExchange {
 public:
  struct Wiring {
    SocketStream* stream;
    BufferedInput* input;
    RequestLog* log;
    std::size_t number;
    std::stop_token stop;
    bool keep_alive;
  };

  ServerExchange(ServerRequest request, Wiring wiring);

  [[nodiscard]] const ServerRequest& request() const { return request_; }

  [[nodiscard]] const std::stop_token& stop() const { return wiring_.stop; }

  /// Set before reading or answering.
  ServerFaults faults;

  /// The next piece of the request body; 0 at its end.
  [[nodiscard]] std::size_t read(std::span<char> into);
  /// The rest of the request body.
  [[nodiscard]] std::string read_all();

  /// The whole answer.
  void send(const ServerResponse& response);
  /// The head of a streamed answer; `length` is used with `BodyFraming::length` only.
  void begin(const ServerResponse& head, std::uint64_t length);
  void write(std::string_view bytes);

  /// Ends this exchange by passing everything on between the client and 127.0.0.1:`port`, both
  /// ways, until both have closed: first `to_client` and `to_server`. Without TLS only.
  [[noreturn]] void relay(std::uint16_t port,
                          std::string_view to_client,
                          std::string_view to_server);

  /// Waits for the gate.
  void pass(Gate& gate);
  /// Never answers: waits until the server stops.
  [[noreturn]] void hang();
  /// Ends the connection: FIN, or RST.
  [[noreturn]] void drop(bool by_reset);

  /// For the server: completes the answer; whether the connection can take another request.
  [[nodiscard]] bool finish();

 private:
  using Position = std::uint64_t;

  void start_body();
  [[nodiscard]] bool next_chunk();

  [[nodiscard]] bool body_is_read() const { return !chunked_body_ && body_left_ == 0; }

  [[nodiscard]] bool closes_after(const ServerResponse& head) const;
  void write_framed(std::string_view bytes);
  void apply(std::optional<ServerFaults::Hold>& hold,
             const std::optional<Position>& limit,
             Position at);
  [[nodiscard]] std::size_t piece(const std::optional<ServerFaults::Hold>& hold,
                                  const std::optional<Position>& limit,
                                  Position at,
                                  std::size_t wanted) const;
  void pace(std::size_t bytes);
  void linger();

  ServerRequest request_;
  Wiring wiring_;
  bool awaits_continue_ = false;
  bool chunked_body_ = false;  // more chunks are to come
  bool first_chunk_ = true;
  std::uint64_t body_left_ = 0;  // of the body, or of the present chunk
  Position received_ = 0;
  Position sent_ = 0;
  bool answered_ = false;
  bool has_body_ = true;  // of the answer
  bool closing_ = false;
  BodyFraming framing_ = BodyFraming::length;
  std::uint64_t promised_ = 0;  // Content-Length of the answer
  std::uint64_t paced_ = 0;
  std::chrono::steady_clock::time_point pacing_since_;
};

}  // namespace image_syncer
