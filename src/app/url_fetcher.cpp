#include "app/url_fetcher.hpp"

#include "app/version.hpp"
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/proxy.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kMostWaiting = 100;

class Fetch final : public Exchange {
 public:
  Fetch(std::string url, const ProxyPolicy& proxies)
      : url_(std::move(url)),
        proxies_(proxies) {}

  [[nodiscard]] const std::string& host() const override { return url_; }

  [[nodiscard]] Step next(const Wake& /*wake*/) override {
    if (std::exchange(asked_, true)) {
      return Finished{};
    }
    Request request;
    request.url = url_;
    request.max_body = 64ULL * 1024;
    request.connection.proxy = proxies_.choose(url_);
    request.connect_timeout = std::chrono::seconds(10);
    request.stall_timeout = std::chrono::seconds(20);
    return request;
  }

  void on_response(Response response) override {
    if (response.status != 200) {
      fail(std::make_exception_ptr(Error("answered " + std::to_string(response.status))));
    }
  }

 private:
  std::string url_;
  const ProxyPolicy& proxies_;
  bool asked_ = false;
};

}  // namespace

UrlFetcher::UrlFetcher()
    : thread_([this](const std::stop_token& stop) {
        try {
          loop(stop);
        } catch (const Stopped&) {
          return;  // as asked
        }
      }) {}

UrlFetcher::~UrlFetcher() = default;

void UrlFetcher::fetch(const std::string& url) {
  {
    auto waiting = waiting_.lock();
    if (waiting->size() < kMostWaiting) {
      waiting->push_back(url);
      changed_.notify_all();
      return;
    }
  }
  log(LogLevel::warn, "app", "not fetched: too many wait", {{"url", redact_url(url)}});
}

void UrlFetcher::loop(const std::stop_token& stop) {
  const ProxyPolicy proxies = ProxyPolicy::from_environment(process_environment());
  while (!stop.stop_requested()) {
    std::string url;
    {
      auto waiting = waiting_.lock();
      if (!changed_.wait(waiting.mutex_lock(), stop, [&waiting] { return !waiting->empty(); })) {
        return;
      }
      url = std::move(waiting->front());
      waiting->pop_front();
    }
    SessionOptions options;
    options.user_agent = "image-syncer/" + std::string(kVersion);
    Session session(std::move(options));
    Fetch fetch(url, proxies);
    session.run(fetch, stop);
    try {
      fetch.rethrow_failure();
      log(LogLevel::info,
          "app",
          "fetched, as a webhook's sender asked",
          {{"url", redact_url(url)}});
    } catch (const Error& error) {
      log(LogLevel::warn,
          "app",
          "a webhook's sender asked to fetch a URL, which failed",
          {{"url", redact_url(url)}, {"cause", error.message()}});
    }
  }
}

}  // namespace image_syncer
