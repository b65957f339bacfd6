#include "http/inlet.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::uint64_t kProgressWorthTheName = 1024ULL * 1024;

}  // namespace

Inlet::Inlet(SourceExchange& source, Ring& ring, const FanOutOptions& options)
    : source_(source),
      ring_(ring),
      options_(options),
      hasher_(options.algorithm) {}

Exchange::Step Inlet::next(const Wake& wake) {
  if (delivered_) {
    return Finished{};
  }
  while (true) {
    try {
      Step step = source_.next(wake);
      if (std::holds_alternative<Finished>(step)) {
        throw Error("the source ended without delivering the blob");
      }
      if (auto* request = std::get_if<Request>(&step)) {
        asked_for_blob_ = request->body_to_ring;
        body_begun_ = false;
        request->delay += std::exchange(delay_, std::chrono::milliseconds(0));
      }
      return step;
    } catch (const Error&) {
      reopen_or_throw(std::current_exception());
    }
  }
}

void Inlet::on_response(Response response) {
  if (asked_for_blob_ && response.status >= 200 && response.status < 300) {
    on_blob_answer(response);
  } else {
    tell_source([&] { source_.on_response(std::move(response)); });
  }
}

void Inlet::on_failure(const TransportError& error) {
  if (refusal_) {
    reopen_or_throw(std::exchange(refusal_, nullptr));
  } else if (asked_for_blob_) {
    end_body(std::make_exception_ptr(error));
  } else {
    tell_source([&] { source_.on_failure(error); });
  }
}

void Inlet::tell_source(const std::function<void()>& news) {
  try {
    news();
    source_.rethrow_failure();
  } catch (const Error&) {
    reopen_or_throw(std::current_exception());
  }
}

bool Inlet::begin_body(const Response& head) {
  try {
    const auto offset = source_.body_offset(head);
    if (!offset) {
      return false;
    }
    if (*offset > ring_.head()) {
      throw Error("the body begins at byte " + std::to_string(*offset) + " instead of " +
                      std::to_string(ring_.head()),
                  Retry::later);
    }
    skip_ = ring_.head() - *offset;
    body_begun_ = true;
  } catch (const Error&) {
    refusal_ = std::current_exception();
  }
  return true;
}

BodySink::Taken Inlet::write_body(std::span<const char> bytes) {
  if (refusal_) {
    return Taken::abort;
  }
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  const auto fresh = bytes.subspan(skipped);
  if (fresh.size() > options_.size - ring_.head()) {
    refusal_ = std::make_exception_ptr(ContentError("the blob is longer than the " +
                                                    std::to_string(options_.size) +
                                                    " bytes that its descriptor says"));
    return Taken::abort;
  }
  if (fresh.size() > ring_.free_bytes()) {
    return Taken::pause;
  }
  skip_ -= skipped;
  hasher_.update(std::as_bytes(fresh));
  ring_.write(fresh);
  // The last byte stays back until the whole is known to be right.
  ring_.publish(std::min(ring_.head(), options_.size - 1));
  return Taken::all;
}

void Inlet::on_blob_answer(const Response& response) {
  try {
    if (!body_begun_) {
      static_cast<void>(source_.body_offset(response));  // there was no body to look at it for
    }
    throw Error("the body ended after " + std::to_string(ring_.head()) + " of " +
                    std::to_string(options_.size) + " bytes",
                Retry::later);
  } catch (const Error&) {
    end_body(std::current_exception());
  }
}

void Inlet::end_body(const std::exception_ptr& cause) {
  if (ring_.head() == options_.size) {
    verify();  // all is there; how the answer ended does not matter
  } else {
    reopen_or_throw(cause);
  }
}

void Inlet::verify() {
  const std::string hex = hasher_.finish();
  if (hex != options_.expected_hex) {
    throw ContentError("the bytes have the digest " + hex + " instead of " + options_.expected_hex);
  }
  ring_.publish(ring_.head());
  delivered_ = true;
}

void Inlet::reopen_or_throw(const std::exception_ptr& cause) {
  try {
    std::rethrow_exception(cause);
  } catch (const ContentError&) {
    throw;
  } catch (const Error& error) {
    if (!try_again(error)) {
      throw;
    }
  }
}

// Before the first byte nothing is lost by giving up: whoever wants the blob can come back later
// instead of waiting here.
bool Inlet::try_again(const Error& cause) {
  if (cause.retry() == Retry::never || ring_.head() == 0) {
    return false;
  }
  if (ring_.head() - reopened_at_ >= kProgressWorthTheName) {
    reopened_ = 0;
  }
  const std::vector<std::chrono::milliseconds>& delays = options_.source_delays;
  const std::chrono::milliseconds asked_for = cause.retry_after().value_or(std::chrono::seconds(0));
  if (reopened_ >= delays.size() || asked_for > delays.back()) {
    return false;
  }
  log(LogLevel::debug,
      "http",
      "source broke off, reopening it",
      {{"offset", ring_.head()}, {"cause", cause.message()}});
  resumed_ = true;
  delay_ = std::max(delays[reopened_++], asked_for);
  reopened_at_ = ring_.head();
  source_.fail(nullptr);
  source_.restart(ring_.head());
  return true;
}

}  // namespace image_syncer
