// The part of the loop that deals with requests.
#include "server/loop.hpp"
#include "server/mhd_response.hpp"
#include "server/request_reader.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <cstring>
#include <utility>

namespace image_syncer {
namespace {

// Of all requests together: a thousand clients may each send a long body.
constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kMaxLoggedPath = 200;

void log_failure(const HttpRequest& request, std::string_view message, std::string_view cause) {
  log(LogLevel::error,
      "server",
      message,
      {{"method", printable(request.method, kMaxLoggedPath)},
       {"path", printable(request.path(), kMaxLoggedPath)},
       {"cause", cause}});
}

HttpResponse internal_error() {
  return error_response(500, "internal error; the log says more");
}

HttpResponse overloaded() {
  HttpResponse response = error_response(503, "too much is being sent at once");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

ServerLoop::Watched& ServerLoop::watched(MHD_Connection& connection) {
  const MHD_ConnectionInfo* info =
      MHD_get_connection_info(&connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return *static_cast<Watched*>(info->socket_context);
}

void ServerLoop::on_begin(MHD_Connection& connection, void** context) {
  const MHD_ConnectionInfo* info =
      MHD_get_connection_info(&connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  auto begun = std::make_unique<Watched>();
  begun->socket = info->connect_fd;
  deadlines_.set(*begun, now_ + settings_.header_timeout);
  connections_.insert(begun.get());
  *context = begun.release();
}

void ServerLoop::on_end(void** context) {
  const std::unique_ptr<Watched> ended(static_cast<Watched*>(std::exchange(*context, nullptr)));
  deadlines_.clear(*ended);
  connections_.erase(ended.get());
}

void* ServerLoop::on_target(MHD_Connection& connection, const char* target) {
  auto exchange = std::make_unique<std::shared_ptr<OpenRequest>>(std::make_shared<OpenRequest>());
  (*exchange)->connection = &connection;
  if (target != nullptr) {
    (*exchange)->target = target;
    (*exchange)->target_end = target + std::strlen(target);
  }
  ++exchanges_;
  watched(connection).has_exchange = true;
  deadlines_.set(watched(connection), now_ + settings_.header_timeout);
  return exchange.release();
}

// Called with the head, with each part of the body, and at the end again and again until there is
// an answer.
MHD_Result ServerLoop::on_request(const std::shared_ptr<OpenRequest>& exchange,
                                  const char* method,
                                  const char* version,
                                  std::string_view data) {
  if (!std::exchange(exchange->has_head, true)) {
    return begin_request(*exchange, method, version);
  }
  return data.empty() ? finish_request(exchange) : take_body(*exchange, data);
}

MHD_Result ServerLoop::begin_request(OpenRequest& exchange,
                                     const char* method,
                                     const char* version) {
  read_head(exchange, settings_, method, version);
  if (exchange.refusal && exchange.refuses_at_once) {
    return queue(exchange, std::move(*exchange.refusal));
  }
  if (announces_body(exchange.request)) {
    deadlines_.set(watched(*exchange.connection), now_ + settings_.body_timeout);
  }
  return MHD_YES;
}

MHD_Result ServerLoop::take_body(OpenRequest& exchange, std::string_view data) {
  exchange.received += data.size();
  if (exchange.received > max_tolerated(settings_.max_body)) {
    return MHD_NO;  // the library cannot answer in the middle of a body
  }
  if (!exchange.refusal) {
    if (exchange.received > settings_.max_body) {
      exchange.refusal = body_too_long(settings_.max_body);
    } else if (body_bytes_ + data.size() > kMaxBodyBytes) {
      exchange.refusal = overloaded();
    }
  }
  std::string& body = exchange.request.body;
  if (exchange.refusal) {
    body_bytes_ -= body.size();
    body = {};
  } else {
    body += data;
    body_bytes_ += data.size();
  }
  return MHD_YES;
}

MHD_Result ServerLoop::finish_request(const std::shared_ptr<OpenRequest>& exchange) {
  if (!std::exchange(exchange->is_dispatched, true)) {
    deadlines_.clear(watched(*exchange->connection));
    if (exchange->refusal) {
      exchange->reply = std::move(*exchange->refusal);
    } else if (stop_at_) {
      exchange->reply = error_response(503, "the server ends");
    } else {
      dispatch(exchange);
    }
  }
  if (exchange->reply) {
    return send_reply(*exchange);
  }
  exchange->is_suspended = true;
  suspended_.insert(exchange.get());
  MHD_suspend_connection(exchange->connection);
  return MHD_YES;
}

void ServerLoop::dispatch(const std::shared_ptr<OpenRequest>& exchange) {
  try {
    handler_(exchange->request, Responder(exchange, mailbox_));
  } catch (const std::exception& error) {
    exchange->has_failed = true;
    log_failure(exchange->request, "the handler of a request failed", error.what());
  } catch (...) {
    exchange->has_failed = true;
    log_failure(exchange->request, "the handler of a request failed", "unknown");
  }
  read_letters();  // its answer may be there
  if (exchange->has_failed) {
    settle(*exchange, Unanswered{});
  }
}

void ServerLoop::settle(OpenRequest& exchange, Reply reply) {
  if (exchange.connection == nullptr || exchange.reply) {
    if (const auto* stream = std::get_if<std::shared_ptr<EventBuffer>>(&reply)) {
      (*stream)->abandon();
      (*stream)->leave();
    }
    return;
  }
  if (std::holds_alternative<Unanswered>(reply) && !exchange.has_failed) {
    log_failure(exchange.request, "a request was not answered", "the handler gave it up");
  }
  exchange.reply = std::move(reply);
  if (std::exchange(exchange.is_suspended, false)) {
    suspended_.erase(&exchange);
    resumer_.resume(exchange.connection);
  }
}

MHD_Result ServerLoop::send_reply(OpenRequest& exchange) {
  Reply reply = std::move(*exchange.reply);
  if (auto* response = std::get_if<HttpResponse>(&reply)) {
    return queue(exchange, std::move(*response));
  }
  auto* const stream = std::get_if<std::shared_ptr<EventBuffer>>(&reply);
  if (stream == nullptr) {
    return queue(exchange, internal_error());
  }
  if (exchange.request.method == "HEAD") {
    (*stream)->abandon();
    (*stream)->leave();
    return queue(exchange, 200, make_event_head());
  }
  exchange.is_stream = true;
  if (stop_at_) {
    (*stream)->finish();
  }
  return queue(exchange, 200, streams_.open(exchange, std::move(*stream)));
}

MHD_Result ServerLoop::queue(OpenRequest& exchange, HttpResponse response) {
  const int status = response.status;
  MhdResponse made;
  try {
    made = make_response(std::move(response));
  } catch (const Error& error) {
    log_failure(exchange.request, "a request cannot be answered", error.message());
    return queue(exchange, 500, make_response(internal_error()));
  }
  return queue(exchange, status, std::move(made));
}

MHD_Result ServerLoop::queue(OpenRequest& exchange, int status, MhdResponse response) {
  if (stop_at_) {
    MHD_add_response_header(response.get(), "Connection", "close");
  }
  if (!exchange.is_stream) {
    deadlines_.set(watched(*exchange.connection), now_ + settings_.answer_timeout);
  }
  return MHD_queue_response(exchange.connection, static_cast<unsigned int>(status), response.get());
}

void ServerLoop::on_completed(OpenRequest& exchange) {
  --exchanges_;
  body_bytes_ -= exchange.request.body.size();
  suspended_.erase(&exchange);
  if (exchange.is_stream) {
    streams_.disconnect(exchange.connection);
  }
  Watched& connection = watched(*std::exchange(exchange.connection, nullptr));
  connection.has_exchange = false;
  deadlines_.set(connection, stop_at_ ? now_ : now_ + settings_.header_timeout);
}

}  // namespace image_syncer
