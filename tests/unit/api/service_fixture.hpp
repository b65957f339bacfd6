#pragma once

#include "unit/api/fake_port.hpp"
#include "unit/api/watched_clock.hpp"
#include "unit/server/raw_client.hpp"
#include <image_syncer/api/api.hpp>
#include <image_syncer/server/http_server.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// The API behind a real server on loopback, with a daemon that is not there and a clock that
/// stands still.
class ApiServiceTest : public testing::Test {
 protected:
  ApiServiceTest();
  ~ApiServiceTest() override;

  /// The server too: routes cannot be changed while it serves.
  void serve_with(AccessCredentials credentials);

  [[nodiscard]] RawClient client() { return RawClient(server_->port()); }

  /// The answer to one request on a connection of its own.
  [[nodiscard]] RawAnswer ask(const std::string& request);

  FakePort port_;
  WatchedClock clock_;
  std::unique_ptr<ApiService> service_;

 private:
  std::unique_ptr<Router> router_;
  std::unique_ptr<HttpServer> server_;
};

/// "METHOD /path" of everything that is served, `{id}` filled in.
[[nodiscard]] std::vector<std::string> all_routes();

/// A request for one of them.
[[nodiscard]] std::string request_for(std::string_view route, std::string_view headers);

}  // namespace image_syncer
