#include "support/http_server/server_exchange.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>

namespace image_syncer {
namespace {

constexpr std::size_t kPiece = 256UL * 1024;
// What a server may read and drop to keep a connection alive (Go's net/http does the same).
constexpr std::uint64_t kMaxDrained = 256UL * 1024;
constexpr std::uint64_t kMaxLingered = 64UL * 1024 * 1024;

/// Waits until `when` or until a stop is requested.
void wait_until(std::chrono::steady_clock::time_point when, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, when, [] { return false; });
}

}  // namespace

ServerExchange::ServerExchange(ServerRequest request, Wiring wiring)
    : request_(std::move(request)),
      wiring_(std::move(wiring)) {
  const auto expect = request_.header("expect");
  awaits_continue_ = expect && equals_ignore_case(*expect, "100-continue");
  const auto coding = request_.header("transfer-encoding");
  chunked_body_ = coding && equals_ignore_case(*coding, "chunked");
  const auto length = request_.header("content-length");
  if (length && !chunked_body_) {
    std::from_chars(length->data(), length->data() + length->size(), body_left_);
  }
}

void ServerExchange::start_body() {
  if (awaits_continue_) {
    awaits_continue_ = false;
    wiring_.stream->write("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

/// Reads the size line of the next chunk into `body_left_`; false at the last one.
bool ServerExchange::next_chunk() {
  if (!first_chunk_) {
    (void)wiring_.input->read_line();  // the line end behind the chunk's data
  }
  first_chunk_ = false;
  const auto line = wiring_.input->read_line();
  if (!line || std::from_chars(line->data(), line->data() + line->size(), body_left_, 16).ec !=
                   std::errc()) {
    throw ConnectionLost();
  }
  if (body_left_ > 0) {
    return true;
  }
  (void)wiring_.input->read_head();  // trailers
  chunked_body_ = false;
  return false;
}

std::size_t ServerExchange::read(std::span<char> into) {
  apply(faults.hold_request, faults.request_limit, received_);
  if (body_is_read() || into.empty()) {
    return 0;
  }
  start_body();
  if (chunked_body_ && body_left_ == 0 && !next_chunk()) {
    return 0;
  }
  const std::size_t wanted = piece(faults.hold_request,
                                   faults.request_limit,
                                   received_,
                                   std::min<std::uint64_t>(into.size(), body_left_));
  const std::size_t count = wiring_.input->read(into.first(wanted));
  if (count == 0) {
    throw ConnectionLost();
  }
  body_left_ -= count;
  received_ += count;
  wiring_.log->update(wiring_.number, [&](ServedRequest& entry) { entry.received = received_; });
  pace(count);
  return count;
}

std::string ServerExchange::read_all() {
  std::string body;
  std::string buffer(kPiece, '\0');
  while (const std::size_t count = read(buffer)) {
    body.append(buffer, 0, count);
  }
  return body;
}

/// Whether the connection cannot be used again after this answer.
bool ServerExchange::closes_after(const ServerResponse& head) const {
  const auto connection = request_.header("connection");
  return !wiring_.keep_alive || head.framing == BodyFraming::close ||
         (connection && equals_ignore_case(*connection, "close")) ||
         (!body_is_read() && (awaits_continue_ || chunked_body_ || body_left_ > kMaxDrained));
}

void ServerExchange::begin(const ServerResponse& head, std::uint64_t length) {
  answered_ = true;
  framing_ = head.framing;
  closing_ = closes_after(head);
  has_body_ = request_.method != "HEAD" && head.status != 204 && head.status != 304;
  std::string text = "HTTP/1.1 " + std::to_string(head.status) + " ";
  text.append(reason_phrase(head.status)).append("\r\n");
  bool has_length = head.status == 204 || head.status == 304;
  for (const auto& [name, value] : head.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
    has_length = has_length || equals_ignore_case(name, "content-length");
  }
  promised_ = framing_ == BodyFraming::length ? length : 0;
  if (framing_ == BodyFraming::chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (framing_ == BodyFraming::length && !has_length) {
    text += "Content-Length: " + std::to_string(length) + "\r\n";
  }
  if (closing_) {
    text += "Connection: close\r\n";
  }
  wiring_.log->update(wiring_.number, [&](ServedRequest& entry) { entry.status = head.status; });
  wiring_.stream->write(text + "\r\n");
}

void ServerExchange::send(const ServerResponse& response) {
  begin(response, response.body.size());
  write(response.body.view());
}

void ServerExchange::write(std::string_view bytes) {
  if (!has_body_) {
    return;
  }
  while (!bytes.empty()) {
    apply(faults.hold_response, faults.response_limit, sent_);
    const std::size_t count =
        piece(faults.hold_response, faults.response_limit, sent_, std::min(bytes.size(), kPiece));
    sent_ += count;
    wiring_.log->update(wiring_.number, [&](ServedRequest& entry) { entry.sent = sent_; });
    write_framed(bytes.substr(0, count));
    bytes.remove_prefix(count);
    pace(count);
  }
  apply(faults.hold_response, faults.response_limit, sent_);
}

void ServerExchange::write_framed(std::string_view bytes) {
  if (framing_ != BodyFraming::chunked) {
    wiring_.stream->write(bytes);
    return;
  }
  std::array<char, 16> size{};
  char* const end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string chunk(size.data(), end);
  chunk.append("\r\n").append(bytes).append("\r\n");
  wiring_.stream->write(chunk);
}

void ServerExchange::pass(Gate& gate) {
  if (!gate.pass(wiring_.stop)) {
    throw ConnectionLost();
  }
}

void ServerExchange::hang() {
  Gate never;
  (void)never.pass(wiring_.stop);
  throw ConnectionLost();
}

void ServerExchange::drop(bool by_reset) {
  if (by_reset) {
    // RST throws away what is still in the send buffer: let the peer have it first.
    for (int tries = 0; tries < 2000 && wiring_.stream->has_unsent(); ++tries) {
      wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1), wiring_.stop);
    }
    wiring_.stream->reset_on_close();
  }
  throw ConnectionLost();
}

/// The faults that lie at this position of a body.
void ServerExchange::apply(std::optional<ServerFaults::Hold>& hold,
                           const std::optional<Position>& limit,
                           Position at) {
  if (hold && at >= hold->after) {
    const auto gate = std::exchange(hold, std::nullopt)->gate;
    pass(*gate);
  }
  if (limit && at >= *limit) {
    drop(faults.by_reset);
  }
}

/// How many of `wanted` bytes may go in one piece: up to the next fault, less when throttled.
std::size_t ServerExchange::piece(const std::optional<ServerFaults::Hold>& hold,
                                  const std::optional<Position>& limit,
                                  Position at,
                                  std::size_t wanted) const {
  std::uint64_t count = wanted;
  if (hold) {
    count = std::min(count, hold->after - at);
  }
  if (limit) {
    count = std::min(count, *limit - at);
  }
  if (faults.bytes_per_second > 0) {
    count = std::min(count, std::max<std::uint64_t>(1, faults.bytes_per_second / 50));
  }
  return count;
}

/// Holds the body to the wanted rate.
void ServerExchange::pace(std::size_t bytes) {
  if (faults.bytes_per_second == 0) {
    return;
  }
  if (paced_ == 0) {
    pacing_since_ = std::chrono::steady_clock::now();
    // Else the kernel would take megabytes before the sender feels anything.
    wiring_.stream->limit_receive_buffer(16 * 1024);
  }
  paced_ += bytes;
  const std::chrono::duration<double> due(static_cast<double>(paced_) /
                                          static_cast<double>(faults.bytes_per_second));
  wait_until(pacing_since_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due),
             wiring_.stop);
  if (wiring_.stop.stop_requested()) {
    throw ConnectionLost();
  }
}

/// Takes in what the client still sends, so that closing does not make the kernel send a RST that
/// overtakes the answer.
void ServerExchange::linger() {
  wiring_.stream->finish_writing();
  std::string buffer(kPiece, '\0');
  for (std::uint64_t total = 0; total < kMaxLingered;) {
    const std::size_t count = wiring_.input->read(buffer);
    if (count == 0) {
      return;
    }
    total += count;
    received_ += count;
    wiring_.log->update(wiring_.number, [&](ServedRequest& entry) { entry.received = received_; });
  }
}

bool ServerExchange::finish() {
  if (!answered_) {
    send({.status = 500, .headers = {}, .body = "the test server's handler gave no answer"});
  }
  if (framing_ == BodyFraming::chunked && has_body_) {
    wiring_.stream->write("0\r\n\r\n");
  }
  const bool complete = !has_body_ || framing_ != BodyFraming::length || sent_ == promised_;
  if (closing_ || !complete) {
    if (complete) {
      linger();
    }
    return false;
  }
  faults = {};
  (void)read_all();
  return true;
}

}  // namespace image_syncer
