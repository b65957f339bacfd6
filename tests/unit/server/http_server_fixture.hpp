#pragma once

#include "unit/server/raw_client.hpp"
#include <image_syncer/server/http_server.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace image_syncer {

/// Responders that a handler has put aside, for the test to answer. Any thread may call anything.
class HeldResponders {
 public:
  /// A handler that holds every request.
  [[nodiscard]] HttpHandler handler();
  void put(Responder responder);
  /// The next one. Fails the test when none comes within 20 s.
  [[nodiscard]] Responder take();
  void clear();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Responder> held_;
};

/// A real server on loopback.
class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpHandler handler, const HttpServerSettings& settings = {});

  void stop() { server_.reset(); }

  [[nodiscard]] HttpServer& server() { return *server_; }

  [[nodiscard]] RawClient client(int receive_buffer = 0) {
    return RawClient(server_->port(), receive_buffer);
  }

  HeldResponders held_;

 private:
  std::unique_ptr<HttpServer> server_;
};

/// Answers with the request: method, segments, parameters, and the body after a blank line.
[[nodiscard]] HttpHandler echo();

}  // namespace image_syncer
