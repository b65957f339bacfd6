#pragma once

#include "exchanges.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/hasher.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Serves one blob at every path, with Range.
class BlobServer {
 public:
  explicit BlobServer(std::string bytes);

  [[nodiscard]] ScriptedServer& server() { return server_; }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  /// The Range header of the n-th request.
  [[nodiscard]] std::optional<std::string> range(std::size_t request);

  FaultScript on(Match match) { return server_.on(std::move(match)); }

 private:
  [[nodiscard]] ServerResponse serve(const ServerRequest& request) const;

  std::string bytes_;
  ScriptedServer server_;
};

/// Takes one blob by PATCH and PUT.
class UploadServer {
 public:
  UploadServer();

  [[nodiscard]] ScriptedServer& server() { return server_; }

  FaultScript on(Match match) { return server_.on(std::move(match)); }

  /// What came with PATCH so far.
  [[nodiscard]] std::string received() const;

  /// Whether it was closed by PUT.
  [[nodiscard]] bool is_committed() const { return committed_; }

 private:
  [[nodiscard]] ServerResponse serve(ServerExchange& exchange);

  mutable std::mutex mutex_;
  std::string received_;  // guarded by mutex_
  std::atomic<bool> committed_{false};
  ScriptedServer server_;
};

/// One source, some targets, and a fan-out from the one to the others.
struct FanOutTest : testing::Test {
  /// Makes the source and the targets, and the legs to them.
  void set_up(std::string bytes, std::size_t leg_count);
  [[nodiscard]] FanOutResult run(const std::stop_token& stop = {});
  /// Whether target `leg` has the whole blob, and was told so.
  [[nodiscard]] testing::AssertionResult has_blob(std::size_t leg) const;
  /// Nothing was committed, and the last byte was not even sent.
  [[nodiscard]] testing::AssertionResult has_no_blob(std::size_t leg) const;

  /// By the host of the exchanges; set before `run`.
  std::map<std::string, ByteRate*> rates;
  Session session{{.user_agent = "test/1",
                   .counters = {},
                   .pace = {},
                   .on_answer = {},
                   .byte_rate = [this](const std::string& host) {
                     const auto found = rates.find(host);
                     return found == rates.end() ? nullptr : found->second;
                   }}};
  std::unique_ptr<BlobServer> source;
  std::vector<std::unique_ptr<UploadServer>> targets;
  std::unique_ptr<GetSource> download;
  std::vector<std::unique_ptr<UploadLeg>> legs;
  FanOutOptions options;
};

/// The message of a failure; "" for none.
[[nodiscard]] std::string message_of(const std::exception_ptr& failure);
[[nodiscard]] bool is_content_error(const std::exception_ptr& failure);

}  // namespace image_syncer
