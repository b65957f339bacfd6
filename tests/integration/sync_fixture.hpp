#pragma once

#include "support/real_registry/child_process.hpp"
#include "support/real_registry/real_registry.hpp"
#include "support/scratch_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Runs the real program in a scratch folder against real registries.
class SyncFixture : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(RealRegistry::available()) << "docker-registry is not installed: make deps";
  }

  /// The command line for these arguments; paths are relative to the scratch folder.
  static std::vector<std::string> command(std::initializer_list<std::string> arguments) {
    std::vector<std::string> all{IMAGE_SYNCER_BINARY};
    all.insert(all.end(), arguments);
    return all;
  }

  /// In the scratch folder, which is the home folder too: credentials of whoever runs the tests are
  /// no part of them.
  [[nodiscard]] ProcessOptions options() const {
    return {.environment = {{"HOME", dir_.path().string()},
                            {"XDG_RUNTIME_DIR", dir_.file("runtime").string()},
                            {"XDG_CONFIG_HOME", ""},
                            {"DOCKER_CONFIG", ""},
                            {"REGISTRY_AUTH_FILE", ""},
                            {"SSL_CERT_FILE", ""},
                            {"SSL_CERT_DIR", ""}},
            .directory = dir_.path()};
  }

  [[nodiscard]] ProcessOutput run(std::initializer_list<std::string> arguments) const {
    return run_process(command(arguments), options());
  }

  /// One run over `images.yaml` with `auth.yaml`, plus these arguments.
  [[nodiscard]] ProcessOutput sync(const std::vector<std::string>& more = {}) const {
    auto all = command({"--auth", "auth.yaml", "--images", "images.yaml"});
    all.insert(all.end(), more.begin(), more.end());
    return run_process(all, options());
  }

  void write(std::string_view name, std::string_view content) const { dir_.write(name, content); }

  /// `auth.yaml`: plain http is allowed for these registries.
  void allow_http(std::initializer_list<const RealRegistry*> registries) const {
    std::string auth;
    for (const RealRegistry* registry : registries) {
      auth += registry->host() + ": {insecure: true}\n";
    }
    write("auth.yaml", auth);
  }

  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream file(dir_.file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[nodiscard]] std::filesystem::path file(std::string_view name) const { return dir_.file(name); }

  /// The manifest as a client sees it that nobody here wrote.
  static std::string seen_by_skopeo(const RealRegistry& registry, const std::string& name) {
    const auto out = run_process({"skopeo",
                                  "inspect",
                                  "--raw",
                                  "--tls-verify=false",
                                  "docker://" + registry.host() + "/" + name});
    return out.exit_code == 0 ? out.out : "skopeo: " + out.err;
  }

  /// Requests so far that change a registry.
  static std::size_t writes(const RealRegistry& registry) {
    return registry.count("PUT", ".*") + registry.count("POST", ".*") +
           registry.count("PATCH", ".*") + registry.count("DELETE", ".*");
  }

 private:
  ScratchDir dir_;
};

}  // namespace image_syncer
