#include "support/fake_registry/scripted_server.hpp"

#include "support/fake_registry/credential_ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <utility>

namespace image_syncer {

struct FaultScript::Rule {
  Match match;
  std::optional<std::regex> path;
  Action action = {};
  bool active = false;  // `action` is complete

  [[nodiscard]] bool fits(const ServerRequest& request) const {
    return active && match.times > 0 && (match.method.empty() || match.method == request.method) &&
           (!path || std::regex_match(std::string(request.path()), *path)) &&
           (!match.also || match.also(request));
  }
};

FaultScript::FaultScript(ScriptedServer& server, std::shared_ptr<Rule> rule)
    : server_(&server),
      rule_(std::move(rule)) {}

FaultScript::~FaultScript() {
  const std::lock_guard lock(server_->mutex_);
  rule_->active = true;
}

FaultScript& FaultScript::reply(int status, ServerHeaders headers, std::string body) {
  ServerResponse response{.status = status, .headers = std::move(headers), .body = std::move(body)};
  return handle(
      [response = std::move(response)](ServerExchange& exchange) { exchange.send(response); });
}

FaultScript& FaultScript::after_body() {
  rule_->action.reads_body = true;
  return *this;
}

FaultScript& FaultScript::reset() {
  return handle([](ServerExchange& exchange) { exchange.drop(true); });
}

FaultScript& FaultScript::close() {
  return handle([](ServerExchange& exchange) { exchange.drop(false); });
}

FaultScript& FaultScript::hang() {
  return handle([](ServerExchange& exchange) { exchange.hang(); });
}

FaultScript& FaultScript::handle(std::function<void(ServerExchange&)> handler) {
  rule_->action.instead = std::move(handler);
  return *this;
}

FaultScript& FaultScript::lose_answer() {
  rule_->action.loses_answer = true;
  return *this;
}

FaultScript& FaultScript::mutate(std::function<void(ServerResponse&)> change) {
  rule_->action.change = std::move(change);
  return *this;
}

FaultScript& FaultScript::delay(std::shared_ptr<Gate> gate) {
  rule_->action.gate = std::move(gate);
  return *this;
}

FaultScript& FaultScript::throttle(std::uint64_t bytes_per_second) {
  rule_->action.faults.bytes_per_second = bytes_per_second;
  return *this;
}

FaultScript& FaultScript::hold_after(std::uint64_t bytes, std::shared_ptr<Gate> gate) {
  rule_->action.faults.hold_response = {bytes, std::move(gate)};
  return *this;
}

FaultScript& FaultScript::cut_after(std::uint64_t bytes) {
  rule_->action.faults.response_limit = bytes;
  return *this;
}

FaultScript& FaultScript::reset_after(std::uint64_t bytes) {
  rule_->action.faults.by_reset = true;
  return cut_after(bytes);
}

FaultScript& FaultScript::hold_request_after(std::uint64_t bytes, std::shared_ptr<Gate> gate) {
  rule_->action.faults.hold_request = {bytes, std::move(gate)};
  return *this;
}

FaultScript& FaultScript::reset_request_after(std::uint64_t bytes) {
  rule_->action.faults.request_limit = bytes;
  rule_->action.faults.by_reset = true;
  return *this;
}

ScriptedServer::ScriptedServer(Answer answer, HttpServerOptions options)
    : answer_(std::move(answer)),
      server_([this](ServerExchange& exchange) { serve(exchange); }, options) {}

ScriptedServer::~ScriptedServer() {
  server_.stop();
  CredentialLedger::of_process().forget(server_.host());
  for (const std::string& complaint : take_foreign_credentials()) {
    ADD_FAILURE() << complaint;
  }
}

std::vector<std::string> ScriptedServer::take_foreign_credentials() {
  const std::lock_guard lock(mutex_);
  return std::exchange(foreign_, {});
}

FaultScript ScriptedServer::on(Match match) {
  auto rule = std::make_shared<FaultScript::Rule>();
  if (!match.path.empty()) {
    rule->path.emplace(match.path);
  }
  rule->match = std::move(match);
  const std::lock_guard lock(mutex_);
  rules_.push_back(rule);
  return {*this, std::move(rule)};
}

void ScriptedServer::behave() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

std::optional<FaultScript::Action> ScriptedServer::fault_for(const ServerRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& rule : rules_) {
    if (!rule->fits(request)) {
      continue;
    }
    if (rule->match.skip > 0) {
      --rule->match.skip;
      continue;
    }
    if (rule->match.times != kAlways) {
      --rule->match.times;
    }
    return rule->action;
  }
  return std::nullopt;
}

void ScriptedServer::serve(ServerExchange& exchange) {
  if (std::string complaint =
          CredentialLedger::of_process().complaint(exchange.request(), server_.host());
      !complaint.empty()) {
    const std::lock_guard lock(mutex_);
    foreign_.push_back(std::move(complaint));
  }
  const auto fault = fault_for(exchange.request());
  if (!fault) {
    exchange.send(answer_(exchange));
    return;
  }
  if (fault->gate) {
    exchange.pass(*fault->gate);
  }
  exchange.faults = fault->faults;
  if (fault->reads_body) {
    (void)exchange.read_all();
  }
  if (fault->instead) {
    fault->instead(exchange);
    return;
  }
  ServerResponse response = answer_(exchange);
  if (fault->loses_answer) {
    exchange.drop(true);
  }
  if (fault->change) {
    fault->change(response);
  }
  exchange.send(response);
}

RequestLog::Entries ScriptedServer::matching(const std::string& method, const std::string& path) {
  RequestLog::Entries entries = log().entries();
  const std::regex pattern(path.empty() ? ".*" : path);
  std::erase_if(entries, [&](const ServedRequest& entry) {
    return (!method.empty() && entry.request.method != method) ||
           !std::regex_match(std::string(entry.request.path()), pattern);
  });
  return entries;
}

std::size_t ScriptedServer::count(const std::string& method, const std::string& path) {
  return matching(method, path).size();
}

std::uint64_t ScriptedServer::bytes_received(const std::string& method, const std::string& path) {
  std::uint64_t total = 0;
  for (const ServedRequest& entry : matching(method, path)) {
    total += entry.received;
  }
  return total;
}

std::uint64_t ScriptedServer::bytes_sent(const std::string& method, const std::string& path) {
  std::uint64_t total = 0;
  for (const ServedRequest& entry : matching(method, path)) {
    total += entry.sent;
  }
  return total;
}

std::vector<std::string> ScriptedServer::lines(const std::string& method, const std::string& path) {
  std::vector<std::string> lines;
  for (const ServedRequest& entry : matching(method, path)) {
    lines.push_back(entry.request.method + " " + entry.request.target);
  }
  return lines;
}

std::vector<std::string> ScriptedServer::authorizations() {
  std::vector<std::string> values;
  for (const ServedRequest& entry : log().entries()) {
    const auto value = entry.request.header("authorization");
    if (value && std::find(values.begin(), values.end(), *value) == values.end()) {
      values.push_back(*value);
    }
  }
  return values;
}

}  // namespace image_syncer
