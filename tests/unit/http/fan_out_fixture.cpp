#include "fan_out_fixture.hpp"

#include <charconv>
#include <utility>

namespace image_syncer {

BlobServer::BlobServer(std::string bytes)
    : bytes_(std::move(bytes)),
      server_([this](ServerExchange& exchange) { return serve(exchange.request()); }) {}

ServerResponse BlobServer::serve(const ServerRequest& request) const {
  const std::string range = request.header("range").value_or("");
  std::size_t first = 0;
  if (range.starts_with("bytes=")) {
    std::from_chars(range.data() + 6, range.data() + range.size(), first);
  }
  if (first > 0 && first >= bytes_.size()) {
    return {.status = 416, .headers = {}, .body = {}};
  }
  ServerResponse response{
      .status = range.empty() ? 200 : 206, .headers = {}, .body = bytes_.substr(first)};
  if (!range.empty()) {
    response.set_header("Content-Range",
                        "bytes " + std::to_string(first) + "-" + std::to_string(bytes_.size() - 1) +
                            "/" + std::to_string(bytes_.size()));
  }
  return response;
}

std::optional<std::string> BlobServer::range(std::size_t request) {
  return server_.log().entries().at(request).request.header("range");
}

UploadServer::UploadServer()
    : server_([this](ServerExchange& exchange) { return serve(exchange); }) {}

ServerResponse UploadServer::serve(ServerExchange& exchange) {
  if (exchange.request().method == "PUT") {
    committed_ = true;
    return {.status = 201, .headers = {}, .body = {}};
  }
  {
    const std::lock_guard lock(mutex_);
    received_.clear();
  }
  std::string buffer(256UL * 1024, '\0');
  while (const std::size_t count = exchange.read(buffer)) {
    const std::lock_guard lock(mutex_);
    received_.append(buffer, 0, count);
  }
  return {.status = 202, .headers = {}, .body = {}};
}

std::string UploadServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void FanOutTest::set_up(std::string bytes, std::size_t leg_count) {
  options.size = bytes.size();
  options.expected_hex = hash_hex(options.algorithm, bytes);
  options.source_delays.assign(4, std::chrono::milliseconds(0));
  options.laggards.enabled = false;
  source = std::make_unique<BlobServer>(std::move(bytes));
  download = std::make_unique<GetSource>(source->server().origin() + "/blob", options.size);
  for (std::size_t leg = 0; leg < leg_count; ++leg) {
    targets.push_back(std::make_unique<UploadServer>());
    legs.push_back(
        std::make_unique<UploadLeg>(targets.back()->server().origin() + "/upload", options.size));
  }
}

FanOutResult FanOutTest::run(const std::stop_token& stop) {
  std::vector<Exchange*> all;
  for (const auto& leg : legs) {
    all.push_back(leg.get());
  }
  return session.fan_out(*download, all, options, stop);
}

testing::AssertionResult FanOutTest::has_blob(std::size_t leg) const {
  if (targets.at(leg)->received() != source->bytes()) {
    return testing::AssertionFailure()
           << "target " << leg << " has other bytes, " << targets.at(leg)->received().size();
  }
  return targets.at(leg)->is_committed()
             ? testing::AssertionSuccess()
             : testing::AssertionFailure() << "target " << leg << " was not told that it is all";
}

testing::AssertionResult FanOutTest::has_no_blob(std::size_t leg) const {
  if (targets.at(leg)->is_committed()) {
    return testing::AssertionFailure() << "target " << leg << " was told that it is all";
  }
  return targets.at(leg)->received().size() < options.size
             ? testing::AssertionSuccess()
             : testing::AssertionFailure() << "target " << leg << " has the last byte";
}

std::string message_of(const std::exception_ptr& failure) {
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      return error.message();
    }
  }
  return {};
}

bool is_content_error(const std::exception_ptr& failure) {
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const ContentError&) {
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  return false;
}

}  // namespace image_syncer
