#include "app/api_client.hpp"

#include "app/daemon_settings.hpp"
#include "app/record_port.hpp"
#include "app/version.hpp"
#include <image_syncer/api/api.hpp>
#include <image_syncer/api/api_text.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

// The answer to a page of the queue is some hundred kilobytes.
constexpr std::uint64_t kLongestAnswer = 64ULL * 1024 * 1024;
constexpr std::chrono::seconds kConnect{5};
constexpr std::chrono::seconds kAnswer{30};

const std::string kPost = "POST";
const std::string kGet = "GET";

const std::string& method_of(const ApiRequest& call) {
  return call.body.empty() ? kGet : kPost;
}

// One request to the daemon.
class DaemonExchange final : public Exchange {
 public:
  explicit DaemonExchange(Request request)
      : request_(std::move(request)) {}

  [[nodiscard]] const std::string& host() const override { return request_->url; }

  [[nodiscard]] Step next(const Wake& /*wake*/) override {
    if (std::exchange(asked_, true)) {
      return Finished{};
    }
    return *request_;
  }

  void on_response(Response response) override { response_ = std::move(response); }

  [[nodiscard]] Response& response() { return response_; }

 private:
  std::optional<Request> request_;
  Response response_;
  bool asked_ = false;
};

// The daemon that a sync file describes.
class DaemonClient final : public ApiClient {
 public:
  /// `in_use`: why the record cannot be read itself.
  DaemonClient(const DaemonConfig& config, std::string in_use, std::stop_token stop)
      : in_use_(std::move(in_use)),
        origin_(origin_of(config.listen)),
        auth_(config.auth),
        stop_(std::move(stop)),
        session_(
            {.user_agent = "image-syncer/" + std::string(kVersion), .counters = {}, .pace = {}}) {}

  [[nodiscard]] HttpResponse make(const ApiRequest& call) override {
    DaemonExchange exchange(request_of(call));
    session_.run(exchange, stop_);
    try {
      exchange.rethrow_failure();
    } catch (const TransportError& error) {
      throw Error(in_use_ + "; and no daemon answers at " + origin_ +
                  " (app.port): " + error.message());
    }
    Response& response = exchange.response();
    return {.status = response.status, .body = std::move(response.body)};
  }

 private:
  static std::string origin_of(const ListenAddress& listen) {
    std::string host = listen.host.empty() || listen.host == "0.0.0.0" ? "127.0.0.1" : listen.host;
    if (host == "::") {
      host = "::1";
    }
    if (host.find(':') != std::string::npos && !host.starts_with('[')) {
      host = "[" + host + "]";
    }
    return "http://" + host + ":" + std::to_string(listen.port);
  }

  [[nodiscard]] Request request_of(const ApiRequest& call) const {
    Request request;
    request.url = origin_ + "/api/v1";
    for (const std::string& piece : call.path) {
      request.url += "/" + percent_encode(piece);
    }
    char separator = '?';
    for (const auto& [name, value] : call.query) {
      request.url += std::exchange(separator, '&') + name + "=" + percent_encode(value);
    }
    if (auth_) {
      request.headers.add("Authorization",
                          "Basic " + basic_form(auth_->username, auth_->password).reveal());
    }
    if (!call.body.empty()) {
      request.method = Method::post;
      request.headers.add("Content-Type", "application/json");
      request.body = MemoryBody{std::make_shared<const std::string>(call.body)};
    }
    request.max_body = kLongestAnswer;
    request.connect_timeout = kConnect;
    request.stall_timeout = kAnswer;
    return request;
  }

  const std::string in_use_;
  const std::string origin_;
  const std::optional<BasicAuth> auth_;
  const std::stop_token stop_;
  Session session_;
};

// The record of a daemon that does not run.
class RecordClient final : public ApiClient {
 public:
  explicit RecordClient(const std::string& file)
      : record_(file, RecordOptions{.synchronous_full = true}, system_clock()),
        history_(record_),
        queue_(record_),
        port_(record_, history_, queue_) {}

  [[nodiscard]] HttpResponse make(const ApiRequest& call) override {
    HttpRequest request;
    request.method = method_of(call);
    request.segments = {"api", "v1"};
    request.segments.insert(request.segments.end(), call.path.begin(), call.path.end());
    request.query = call.query;
    request.body = call.body;
    return answer_api(port_, request);
  }

 private:
  SyncRecord record_;
  RunHistory history_;
  ImageQueue queue_;
  RecordPort port_;
};

}  // namespace

bool is_good(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

std::string body_of(const HttpResponse& response) {
  if (!is_good(response)) {
    throw Error(error_of(response.body));
  }
  return response.body;
}

std::unique_ptr<ApiClient> open_api(const Options& options, const std::stop_token& stop) {
  const bool is_file_only = options.is_db_given && options.config.empty();
  const DaemonSettings settings =
      is_file_only ? nullptr : load_daemon_settings(find_sync_file(options), options);
  const std::string file = is_file_only ? options.db : settings->record_file;
  if (!std::filesystem::exists(file)) {
    throw Error("there is no record " + file + ": nothing has run yet, or it is elsewhere (--db)");
  }
  try {
    return std::make_unique<RecordClient>(file);
  } catch (const RecordInUse& error) {
    if (is_file_only) {
      throw Error(error.message() + "; give the daemon's sync file (-c) to ask the daemon instead");
    }
    return std::make_unique<DaemonClient>(*settings, error.message(), stop);
  }
}

}  // namespace image_syncer
