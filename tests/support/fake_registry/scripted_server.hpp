#pragma once

#include "support/http_server/http_server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

inline constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();

/// Which requests a scripted fault is for.
struct Match {
  std::string method = {};  ///< "": any
  std::string path = {};    ///< regular expression for the whole path (without query); "": any
  std::function<bool(const ServerRequest&)> also = {};
  std::size_t skip = 0;   ///< leaves the first so many matching requests alone
  std::size_t times = 1;  ///< then takes so many
};

class ScriptedServer;

/// Says what happens to the requests of one `Match`; takes effect when it goes out of scope, as a
/// rule at the end of the statement. The server must still be there then. Several may be combined
/// where that has a meaning:
///
///     server.on({.method = "GET", .path = "/v2/.*/blobs/.*"}).throttle(100'000).cut_after(5'000);
class [[nodiscard]] FaultScript {
 public:
  struct Action {
    ServerFaults faults;
    std::shared_ptr<Gate> gate;
    std::function<void(ServerExchange&)> instead;
    std::function<void(ServerResponse&)> change;
    bool reads_body = false;
    bool loses_answer = false;
  };

  struct Rule;

  FaultScript(ScriptedServer& server, std::shared_ptr<Rule> rule);
  FaultScript(const FaultScript&) = delete;
  FaultScript& operator=(const FaultScript&) = delete;
  FaultScript(FaultScript&&) = delete;
  FaultScript& operator=(FaultScript&&) = delete;
  ~FaultScript();

  /// Answers this instead of handling the request; at once, before the request body is read, unless
  /// `after_body` is given too.
  FaultScript& reply(int status, ServerHeaders headers = {}, std::string body = {});
  FaultScript& after_body();
  /// Ends the connection without an answer: by RST, or by FIN.
  FaultScript& reset();
  FaultScript& close();
  /// Never answers; the request body is not read.
  FaultScript& hang();
  /// Any other behaviour, instead of handling the request.
  FaultScript& handle(std::function<void(ServerExchange&)> handler);

  /// Handles the request as always, but nobody learns of it: RST instead of the answer.
  FaultScript& lose_answer();
  /// Handles the request as always and changes the answer.
  FaultScript& mutate(std::function<void(ServerResponse&)> change);

  /// Waits at the gate before anything is done.
  FaultScript& delay(std::shared_ptr<Gate> gate);
  /// Both bodies at this rate.
  FaultScript& throttle(std::uint64_t bytes_per_second);
  /// The response body stops after `bytes`: until the gate is open, or for good (FIN, RST).
  FaultScript& hold_after(std::uint64_t bytes, std::shared_ptr<Gate> gate);
  FaultScript& cut_after(std::uint64_t bytes);
  FaultScript& reset_after(std::uint64_t bytes);
  /// The same while the request body is read.
  FaultScript& hold_request_after(std::uint64_t bytes, std::shared_ptr<Gate> gate);
  FaultScript& reset_request_after(std::uint64_t bytes);

 private:
  ScriptedServer* server_;
  std::shared_ptr<Rule> rule_;
};

/// An HTTP server that answers by a function, with faults put in by the test. Any thread may call
/// anything.
///
/// A credential that belongs to other servers of the test process (see `CredentialLedger`) fails
/// the running test when the server is destroyed.
class ScriptedServer {
 public:
  /// Reads the request body if it wants and says the answer.
  using Answer = std::function<ServerResponse(ServerExchange&)>;

  explicit ScriptedServer(Answer answer, HttpServerOptions options = {});
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ScriptedServer(ScriptedServer&&) = delete;
  ScriptedServer& operator=(ScriptedServer&&) = delete;
  ~ScriptedServer();

  /// The first fault in order of `on` that matches a request and is not used up decides.
  FaultScript on(Match match);

  /// Drops all faults.
  void behave();

  /// Requests so far; "" matches any method, and the path is a regular expression for the whole
  /// path.
  [[nodiscard]] std::size_t count(const std::string& method = {}, const std::string& path = {});
  /// Body bytes of those requests, and of the answers to them.
  [[nodiscard]] std::uint64_t bytes_received(const std::string& method = {},
                                             const std::string& path = {});
  [[nodiscard]] std::uint64_t bytes_sent(const std::string& method = {},
                                         const std::string& path = {});
  /// The same requests as "METHOD target" lines, for messages and order checks.
  [[nodiscard]] std::vector<std::string> lines(const std::string& method = {},
                                               const std::string& path = {});
  /// The credentials of others that arrived so far; those taken do not fail the test.
  [[nodiscard]] std::vector<std::string> take_foreign_credentials();

  /// Every distinct Authorization value that arrived, in order.
  [[nodiscard]] std::vector<std::string> authorizations();

  [[nodiscard]] RequestLog& log() { return server_.log(); }

  [[nodiscard]] HttpServer& http() { return server_; }

  [[nodiscard]] const std::string& host() const { return server_.host(); }

  [[nodiscard]] std::string origin() const { return server_.origin(); }

  void stop() { server_.stop(); }

 private:
  friend class FaultScript;

  [[nodiscard]] std::optional<FaultScript::Action> fault_for(const ServerRequest& request);
  void serve(ServerExchange& exchange);
  [[nodiscard]] RequestLog::Entries matching(const std::string& method, const std::string& path);

  Answer answer_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<FaultScript::Rule>> rules_;  // guarded by mutex_
  std::vector<std::string> foreign_;                       // guarded by mutex_
  HttpServer server_;                                      // last: it calls the rest
};

}  // namespace image_syncer
