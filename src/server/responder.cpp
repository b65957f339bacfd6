#include "server/event_buffer.hpp"
#include "server/mailbox.hpp"
#include "server/open_request.hpp"
#include <image_syncer/server/responder.hpp>

#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

// A comment, which clients ignore; it makes the head leave at once.
constexpr std::string_view kGreeting = ": hello\n\n";

}  // namespace

EventStream::EventStream(std::shared_ptr<EventBuffer> buffer)
    : buffer_(std::move(buffer)) {}

EventStream& EventStream::operator=(EventStream&& other) noexcept {
  std::swap(buffer_, other.buffer_);
  return *this;
}

EventStream::~EventStream() {
  if (buffer_ != nullptr) {
    buffer_->finish();
  }
}

bool EventStream::send(std::string_view event, std::string_view data) {
  return buffer_->append(format_event(event, data));
}

bool EventStream::closed() const {
  return buffer_->closed();
}

Responder::Responder(std::shared_ptr<OpenRequest> exchange, std::shared_ptr<Mailbox> mailbox)
    : exchange_(std::move(exchange)),
      mailbox_(std::move(mailbox)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  std::swap(exchange_, other.exchange_);
  std::swap(mailbox_, other.mailbox_);
  return *this;
}

Responder::~Responder() {
  if (exchange_ != nullptr) {
    mailbox_->reply(std::move(exchange_), Unanswered{});
  }
}

void Responder::answer(HttpResponse response) {
  if (exchange_ != nullptr) {
    mailbox_->reply(std::exchange(exchange_, nullptr), std::move(response));
  }
}

EventStream Responder::stream() {
  auto buffer = exchange_ != nullptr ? Mailbox::enter_stream(mailbox_) : nullptr;
  if (buffer == nullptr) {
    HttpResponse full = error_response(503, "too many streams of events are open");
    full.headers.emplace_back("Retry-After", "15");
    answer(std::move(full));
    return EventStream(std::make_shared<EventBuffer>(nullptr, 0));
  }
  static_cast<void>(buffer->append(kGreeting));
  mailbox_->reply(std::exchange(exchange_, nullptr), buffer);
  return EventStream(std::move(buffer));
}

}  // namespace image_syncer
