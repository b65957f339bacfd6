#pragma once

#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/message.hpp>
#include <image_syncer/http/session.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// A request without proxy.
[[nodiscard]] Request request_for(Method method, std::string url);

[[nodiscard]] MemoryBody memory_body(std::string bytes);

/// Sends its requests one after the other and keeps what came back.
class ListExchange : public Exchange {
 public:
  explicit ListExchange(std::vector<Request> requests, std::string host = "host")
      : requests_(std::move(requests)),
        host_(std::move(host)) {}

  explicit ListExchange(Request request, std::string host = "host")
      : ListExchange(std::vector<Request>{std::move(request)}, std::move(host)) {}

  [[nodiscard]] const std::string& host() const override { return host_; }

  [[nodiscard]] Step next(const Wake& wake) override;

  void on_response(Response response) override { responses.push_back(std::move(response)); }

  std::vector<Response> responses;
  /// What `next` is to answer in its place while it gives something.
  std::function<std::optional<Step>(const Wake&)> before_next;
  std::size_t asked = 0;

 private:
  std::vector<Request> requests_;
  std::string host_;
  std::size_t next_ = 0;
};

/// The kind of transport failure that `exchange` ended with; absent when it did not.
[[nodiscard]] std::optional<TransportFailure> failure_of(const Exchange& exchange);
/// The message of the error that `exchange` ended with; "" when it did not.
[[nodiscard]] std::string message_of(const Exchange& exchange);

/// Long enough for a machine that is busy with other things.
inline constexpr std::chrono::milliseconds kPatience{30'000};

/// Downloads `url`, as a blob of `size` bytes, with Range from where it is told to begin.
class GetSource : public SourceExchange {
 public:
  GetSource(std::string url, std::uint64_t size)
      : url_(std::move(url)),
        size_(size) {}

  [[nodiscard]] const std::string& host() const override { return host_; }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;
  [[nodiscard]] std::optional<std::uint64_t> body_offset(const Response& head) override;
  void restart(std::uint64_t offset) override;

  std::uint32_t buffer_bytes = 512 * 1024;
  std::chrono::milliseconds stall_timeout = kPatience;  ///< until the first restart
  std::vector<std::uint64_t> restarts;
  std::vector<int> refusals;
  /// Requests before the first one for the blob, such as for a token.
  std::vector<Request> before;

 private:
  std::string url_;
  std::string host_ = "source";
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
};

/// PATCH of the blob to `url`, then PUT.
class UploadLeg : public Exchange {
 public:
  UploadLeg(std::string url, std::uint64_t size)
      : url_(std::move(url)),
        size_(size) {}

  [[nodiscard]] const std::string& host() const override { return url_; }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;

  std::uint32_t buffer_bytes = 512 * 1024;
  std::chrono::milliseconds stall_timeout = kPatience;
  std::vector<int> statuses;
  /// A 401 to the PATCH is answered with another try.
  bool repeats = false;

 private:
  std::string url_;
  std::uint64_t size_;
  bool patched_ = false;
  bool finished_ = false;
};

}  // namespace image_syncer
