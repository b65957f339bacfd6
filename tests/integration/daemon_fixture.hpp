#pragma once

#include "integration/sync_fixture.hpp"

#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A daemon of `sync.yaml` in the folder, from construction on ready for requests.
class RunningDaemon {
 public:
  static constexpr std::chrono::milliseconds kPoll{5};
  static constexpr int kPolls = 6000;

  /// `log` gets what it writes to stderr; a new file for each. Throws `std::runtime_error` with it
  /// when the daemon does not come up.
  RunningDaemon(const std::vector<std::string>& command,
                const std::filesystem::path& log,
                const ProcessOptions& options)
      : log_(log),
        program_(command, {.input = {}, .out = {}, .err = log}, options) {
    constexpr std::string_view kField = " port=";
    if (!until([&] { return has_logged("started "); })) {
      throw std::runtime_error("the daemon does not start: " + logged());
    }
    const std::string text = logged();
    const std::size_t at = text.find(kField, text.find("started "));
    port_ = text.substr(at + kField.size(), text.find(' ', at + 1) - at - kField.size());
  }

  [[nodiscard]] const std::string& port() const { return port_; }

  [[nodiscard]] ChildProcess& program() { return program_; }

  /// Requests to it, with these credentials.
  [[nodiscard]] RegistryClient client(const std::string& user = {},
                                      const std::string& password = {}) const {
    return RegistryClient(
        {.origin = "http://127.0.0.1:" + port_, .user = user, .password = password});
  }

  /// Everything that it has written to stderr.
  [[nodiscard]] std::string logged() const {
    std::ifstream file(log_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// In a whole line.
  [[nodiscard]] bool has_logged(std::string_view text) const {
    const std::string all = logged();
    const std::size_t at = all.find(text);
    return at != std::string::npos && all.find('\n', at) != std::string::npos;
  }

  /// Until `condition`; false when the daemon ends before it, or never fulfils it.
  bool until(const std::function<bool()>& condition) {
    for (int i = 0; i < kPolls; ++i) {
      if (condition()) {
        return true;
      }
      if (program_.wait(kPoll)) {
        return false;
      }
    }
    return false;
  }

  /// Until `registry` has the whole image under that tag.
  bool brings(const RealRegistry& registry,
              const std::string& repository,
              const std::string& tag,
              const BuiltManifest& image) {
    RegistryClient client = registry.client();
    // Not get_manifest(): while a tag is being written, this registry may answer 500.
    const std::string accept = "Accept: " + image.media_type;
    const std::string path = "/v2/" + repository + "/manifests/" + tag;
    return until([&] { return client.request("GET", path, {accept}).status == 200; }) &&
           client.lacks(repository, tag, image).empty();
  }

 private:
  std::filesystem::path log_;
  ChildProcess program_;
  std::string port_;
};

/// Runs daemons of `sync.yaml`, which is written by the test: `app.port` is to be "127.0.0.1:0".
class DaemonFixture : public SyncFixture {
 protected:
  /// `app.port`, and no run by itself.
  static constexpr std::chrono::seconds kGrace{2};
  static constexpr std::string_view kQuiet =
      "app: {port: \"127.0.0.1:0\", shutdownGrace: 2s}\n"
      "sync: {interval: 24h, runAtStart: false}\n";
  /// Something to do, so that nothing is warned about.
  static constexpr std::string_view kRule =
      "sync: {interval: 24h, runAtStart: false}\n"
      "images: {\"127.0.0.1:9/app:v1\": \"127.0.0.1:9/copy\"}\n";

  /// Something that is never asked for.
  static constexpr std::string_view kMapped =
      "registry: {reg: [{sourceName: \"127.0.0.1:9\", namespace: team, destinationName: "
      "a.example}]}\n";

  /// Settings that allow plain http for these registries.
  static std::string open_registries(std::initializer_list<const RealRegistry*> registries) {
    std::string text = "registries:\n";
    for (const RealRegistry* registry : registries) {
      text += "  " + registry->host() + ": {insecure: true}\n";
    }
    return text;
  }

  /// As `open_registries`; the target is asked so seldom that work takes its time.
  static std::string slow_target(const RealRegistry& source,
                                 const RealRegistry& target,
                                 int per_second) {
    return "registries:\n  " + source.host() + ": {insecure: true}\n  " + target.host() +
           ": {insecure: true, requestsPerSecond: " + std::to_string(per_second) + "}\n";
  }

  /// `registry.reg`: images of the source's namespace "team" go there.
  static std::string mapping(const RealRegistry& source, const std::string& destinations) {
    return "registry: {reg: [{sourceName: \"" + source.host() +
           "\", namespace: team, destinationName: \"" + destinations + "\"}]}\n";
  }

  /// In one step, as whoever looks at it sees it.
  void configure(const std::string& content) const {
    write("sync.yaml.new", content);
    std::filesystem::rename(file("sync.yaml.new"), file("sync.yaml"));
  }

  /// The exit code, or a description of another end.
  static std::string end_of(ChildProcess& program, std::chrono::milliseconds limit) {
    const auto status = program.wait(limit);
    if (!status) {
      return "still running";
    }
    return WIFEXITED(*status) ? std::to_string(WEXITSTATUS(*status))
                              : "signal " + std::to_string(WTERMSIG(*status));
  }

  std::unique_ptr<RunningDaemon> start() {
    return std::make_unique<RunningDaemon>(
        command({"-c", "sync.yaml"}), file("log" + std::to_string(++started_)), options());
  }

  static std::string hook(const std::string& name, const std::string& tag) {
    return "/images/sync/hook?name=" + name + "&tag=" + tag;
  }

 private:
  int started_ = 0;
};

}  // namespace image_syncer
