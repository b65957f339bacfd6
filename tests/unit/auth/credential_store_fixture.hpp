#pragma once

#include "support/await_credential.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/auth/credential_store.hpp>
#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// What a helper says that has nothing.
inline constexpr const char* kNotFound = "echo 'credentials not found in native keychain'; exit 1";

/// A credential store over files and helper programs in a scratch folder. Files and helpers are
/// written first; `start` makes the store.
class CredentialStoreTest : public testing::Test {
 protected:
  void own(const std::string& registry, const std::string& username) { own_[registry] = username; }

  /// One more place, with this content.
  std::string file(const std::string& name, const std::string& content, bool is_legacy = false) {
    places_.push_back({dir_.write(name, content), is_legacy});
    return places_.back().path.string();
  }

  /// A bash script as helper; what it was asked is in `$1` and `$key`.
  void helper(const std::string& name, const std::string& body) const {
    const auto path = dir_.write("bin/docker-credential-" + name,
                                 "#!/bin/bash\nread -r key\necho \"$1 $key\" >> " +
                                     dir_.file("calls").string() + "\n" + body + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  /// The line of a helper that answers.
  static std::string answer(const std::string& username, const std::string& secret) {
    return R"(echo '{"ServerURL":"x","Username":")" + username + R"(","Secret":")" + secret +
           R"("}')";
  }

  /// What helpers were asked so far, a line each.
  [[nodiscard]] std::string calls() const {
    std::ifstream file(dir_.file("calls"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void start() {
    options_.own = [this](const Repository& repository) -> std::optional<OwnCredential> {
      const auto found = own_.find(repository.registry);
      return found == own_.end()
                 ? std::nullopt
                 : std::optional(OwnCredential{{found->second, Secret("p")}, "auth.yaml:1:1"});
    };
    options_.places = places_;
    options_.helper_path = dir_.file("bin").string();
    store_ = std::make_unique<CredentialStore>(options_, clock_);
  }

  void stop() { store_.reset(); }

  [[nodiscard]] CredentialStore& store() { return *store_; }

  /// "user:password", "anonymous", or the message of the error, which is final.
  std::string found(const Repository& repository) {
    try {
      const auto credential = await_credential(*store_, repository);
      return credential ? credential->username + ":" + credential->password.reveal() : "anonymous";
    } catch (const Error& error) {
      EXPECT_EQ(error.retry(), Retry::never);
      return error.message();
    }
  }

  std::string found(const std::string& repository) { return found(parse_repository(repository)); }

  /// The credential, which must be there.
  Credential credential(const std::string& repository) {
    return await_credential(*store_, parse_repository(repository)).value();
  }

  ScratchDir dir_;
  ManualClock clock_;
  CredentialStoreOptions options_;
  std::vector<CredentialPlace> places_;

 private:
  std::map<std::string, std::string> own_;
  std::unique_ptr<CredentialStore> store_;
};

}  // namespace image_syncer
