#pragma once

#include "support/fake_registry/fake_registry.hpp"
#include "support/fast_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/transfer/engine.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace image_syncer {

/// What a user does wrong, or what goes wrong for them, ends in words that docs/troubleshooting.md
/// explains: each test makes one mistake with the real configuration, credentials, connections,
/// registry client and engine, and compares what is said with the page.
class MistakeTest : public testing::Test {
 protected:
  MistakeTest();

  /// In messages, `host` becomes `name`.
  void call(const std::string& host, const std::string& name) { names_[host] = name; }

  /// A registry that is called `name` in messages.
  void call(const FakeRegistry& registry, const std::string& name) { call(registry.host(), name); }

  void write(const std::string& file, const std::string& text) const { scratch_.write(file, text); }

  /// One run with auth.yaml and images.yaml; the complaints, or the failures of the summary and its
  /// warnings.
  [[nodiscard]] std::vector<std::string> run();

  [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_.path(); }

  /// The usual case: one image `app:v1` of `source` is to go to `target`, both over plain http.
  /// `settings`: more in the target's entry of auth.yaml (", username: …").
  void prepare(FakeRegistry& source, FakeRegistry& target, const std::string& settings = {});

  /// Whether the page has a section `title` that begins with exactly these lines.
  static void expect_explained(const std::string& title, const std::vector<std::string>& lines);

  EngineOptions options_;
  std::map<std::string, std::string> environment_;
  BuiltManifest image_;

 private:
  [[nodiscard]] std::string anonymous(std::string line) const;

  ScratchDir scratch_{ScratchDir::Place::memory};
  FastClock clock_{1000};
  std::map<std::string, std::string> names_;
};

}  // namespace image_syncer
