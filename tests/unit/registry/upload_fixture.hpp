#pragma once

#include "client_fixture.hpp"
#include <image_syncer/registry/registry.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

inline constexpr std::size_t kMiB = 1024UL * 1024;

/// One registry, and a blob to be put into its repository "b".
struct Upload {
  explicit Upload(const FakeRegistryOptions& options = {}, std::string content = "some content")
      : bytes(std::move(content)),
        registry(options),
        client(registry.host(), {.credential = alice()}),
        upload(client.registry().upload(client.repository("b"), descriptor_of(bytes))) {}

  std::unique_ptr<ResultExchange<UploadStart>> start(const std::string& mount_from = {}) {
    return client.run(upload->start(
        mount_from.empty() ? std::nullopt : std::optional(client.repository(mount_from))));
  }

  std::unique_ptr<Exchange> send() {
    return client.run(upload->send(std::make_shared<const std::string>(bytes)));
  }

  /// From another registry, by a fan-out with one leg.
  std::unique_ptr<Exchange> stream() {
    FakeRegistry source;
    source.store().put_blob("a", upload->digest().str(), bytes);
    Client from(source.host());
    const auto download =
        from.registry().blob_source(from.repository("a"), descriptor_of(bytes), 64 * 1024);
    auto leg = upload->leg(64 * 1024);
    std::vector<Exchange*> legs{leg.get()};
    FanOutOptions options;
    options.size = bytes.size();
    options.expected_hex = upload->digest().hex();
    const FanOutResult result = client.session().fan_out(*download, legs, options, {});
    EXPECT_EQ(result.legs.at(0) == LegResult::done, !leg->failed());
    return leg;
  }

  [[nodiscard]] bool is_stored() {
    const auto stored = registry.store().blob("b", upload->digest().str());
    return stored && stored->view() == bytes;
  }

  /// Without the ping.
  [[nodiscard]] std::vector<std::string> methods() {
    std::vector<std::string> all;
    for (const ServedRequest& entry : registry.server().log().entries()) {
      if (entry.request.path() != "/v2/") {
        all.push_back(entry.request.method);
      }
    }
    return all;
  }

  std::string bytes;
  FakeRegistry registry;
  Client client;
  std::unique_ptr<BlobUpload> upload;
};

}  // namespace image_syncer
