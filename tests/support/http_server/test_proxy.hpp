#pragma once

#include "support/http_server/http_server.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace image_syncer {

/// What a proxy was asked, in order of arrival.
struct ProxiedRequest {
  std::string method;  ///< CONNECT, or that of a plain request
  std::string target;  ///< `host:port` of a CONNECT, else the whole URL
  ServerHeaders headers;
};

/// An HTTP proxy on 127.0.0.1: tunnels (CONNECT) and plain requests, one a connection. Whatever
/// name is asked for, it connects to 127.0.0.1 with the port of the request. Any thread may call
/// anything.
class TestProxy {
 public:
  /// `credentials`: "user:password" that it insists on; "" = none. `status`: answer this instead of
  /// connecting anybody; 0 = connect.
  explicit TestProxy(std::string credentials = {}, int status = 0);

  /// "127.0.0.1:PORT"
  [[nodiscard]] const std::string& host() const { return server_.host(); }

  [[nodiscard]] std::vector<ProxiedRequest> requests();
  /// The targets of `requests`, each once, in order.
  [[nodiscard]] std::vector<std::string> targets();
  /// Whether any request to the proxy itself had a header `name`.
  [[nodiscard]] bool saw_header(const std::string& name);

  void stop() { server_.stop(); }

 private:
  void serve(ServerExchange& exchange);

  std::string credentials_;
  int status_;
  std::mutex mutex_;
  std::vector<ProxiedRequest> requests_;  // guarded by mutex_
  HttpServer server_;                     // last: it calls the rest
};

}  // namespace image_syncer
