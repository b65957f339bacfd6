#include "support/http_server/test_proxy.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace image_syncer {
namespace {

/// The port of `host:port`.
std::uint16_t port_of(const std::string& authority) {
  return static_cast<std::uint16_t>(std::stoi(authority.substr(authority.rfind(':') + 1)));
}

/// A plain request as the server behind the proxy gets it, without body.
std::string forwarded(const ServerRequest& request, const std::string& path) {
  std::string text = request.method + " " + path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!to_lower(name).starts_with("proxy-")) {
      text += name + ": " + value + "\r\n";
    }
  }
  return text + "Connection: close\r\n\r\n";
}

}  // namespace

TestProxy::TestProxy(std::string credentials, int status)
    : credentials_(std::move(credentials)),
      status_(status),
      server_([this](ServerExchange& exchange) { serve(exchange); }) {}

void TestProxy::serve(ServerExchange& exchange) {
  const ServerRequest& request = exchange.request();
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back({request.method, request.target, request.headers});
  }
  const auto given = request.header("Proxy-Authorization").value_or("");
  if (!credentials_.empty() && given != "Basic " + base64_encode(credentials_)) {
    exchange.send(
        {.status = 407, .headers = {{"Proxy-Authenticate", "Basic realm=\"test\""}}, .body = ""});
    return;
  }
  if (status_ != 0) {
    exchange.send({.status = status_, .headers = {}, .body = ""});
    return;
  }
  if (request.method == "CONNECT") {
    exchange.relay(port_of(request.target), "HTTP/1.1 200 Connection established\r\n\r\n", "");
  }
  const std::string scheme = "http://";
  const std::size_t path = request.target.find('/', scheme.size());
  if (!request.target.starts_with(scheme) || path == std::string::npos) {
    throw std::runtime_error("no request for a proxy: " + request.target);
  }
  exchange.relay(port_of(request.target.substr(scheme.size(), path - scheme.size())),
                 "",
                 forwarded(request, request.target.substr(path)));
}

std::vector<ProxiedRequest> TestProxy::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> TestProxy::targets() {
  std::vector<std::string> targets;
  for (ProxiedRequest& request : requests()) {
    if (std::find(targets.begin(), targets.end(), request.target) == targets.end()) {
      targets.push_back(std::move(request.target));
    }
  }
  return targets;
}

bool TestProxy::saw_header(const std::string& name) {
  const auto all = requests();
  return std::any_of(all.begin(), all.end(), [&name](const ProxiedRequest& request) {
    return std::any_of(request.headers.begin(), request.headers.end(), [&name](const auto& header) {
      return equals_ignore_case(header.first, name);
    });
  });
}

}  // namespace image_syncer
