#include "exchanges.hpp"

#include <charconv>
#include <utility>

namespace image_syncer {

Request request_for(Method method, std::string url) {
  Request request;
  request.method = method;
  request.url = std::move(url);
  return request;
}

MemoryBody memory_body(std::string bytes) {
  return MemoryBody{std::make_shared<const std::string>(std::move(bytes))};
}

Exchange::Step ListExchange::next(const Wake& wake) {
  ++asked;
  if (before_next) {
    if (auto step = before_next(wake)) {
      return std::move(*step);
    }
  }
  if (next_ == requests_.size()) {
    return Finished{};
  }
  return requests_[next_++];
}

std::optional<TransportFailure> failure_of(const Exchange& exchange) {
  try {
    exchange.rethrow_failure();
  } catch (const TransportError& error) {
    return error.failure();
  }
  return std::nullopt;
}

std::string message_of(const Exchange& exchange) {
  try {
    exchange.rethrow_failure();
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

Exchange::Step GetSource::next(const Wake& /*wake*/) {
  if (!before.empty()) {
    Request request = before.front();
    before.erase(before.begin());
    return request;
  }
  Request request = request_for(Method::get, url_);
  if (offset_ > 0) {
    request.headers.add("Range", "bytes=" + std::to_string(offset_) + "-");
  }
  request.body_to_ring = true;
  request.buffer_bytes = buffer_bytes;
  request.stall_timeout = stall_timeout;
  return request;
}

void GetSource::on_response(Response response) {
  if (response.status == 200) {
    return;  // to one of `before`
  }
  refusals.push_back(response.status);
  if (response.status == 416 && offset_ > 0) {
    offset_ = 0;
    return;
  }
  throw Error("source: " + std::to_string(response.status),
              response.status >= 500 ? Retry::later : Retry::never);
}

std::optional<std::uint64_t> GetSource::body_offset(const Response& head) {
  const auto length = head.headers.find_number("Content-Length");
  if (head.status == 200) {
    if (length && *length != size_) {
      throw ContentError("another length");
    }
    return 0;
  }
  if (head.status != 206) {
    return std::nullopt;
  }
  const std::string range(head.headers.find("Content-Range").value_or("bytes 0-"));
  std::uint64_t first = 0;
  std::from_chars(range.data() + 6, range.data() + range.size(), first);
  if (first != offset_) {
    throw Error("wrong start", Retry::later);
  }
  return first;
}

void GetSource::restart(std::uint64_t offset) {
  restarts.push_back(offset);
  stall_timeout = kPatience;
  offset_ = offset;
}

Exchange::Step UploadLeg::next(const Wake& /*wake*/) {
  if (finished_) {
    return Finished{};
  }
  Request request = request_for(patched_ ? Method::put : Method::patch, url_);
  if (!patched_) {
    request.body = StreamBody{0, size_};
    request.buffer_bytes = buffer_bytes;
  }
  request.stall_timeout = stall_timeout;
  return request;
}

void UploadLeg::on_response(Response response) {
  statuses.push_back(response.status);
  if (response.status == 401 && repeats) {
    return;
  }
  if (response.status >= 300) {
    throw Error("leg: " + std::to_string(response.status), Retry::later);
  }
  finished_ = patched_;
  patched_ = true;
}

}  // namespace image_syncer
