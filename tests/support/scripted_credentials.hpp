#pragma once

#include <image_syncer/auth/credential.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// Credentials that a test sets: for everybody, for single repositories, with successors for when
/// they are refused, late ones, and ones that cannot be had. Any thread may call anything.
class ScriptedCredentials final : public CredentialSource {
 public:
  explicit ScriptedCredentials(std::optional<Credential> for_all = std::nullopt)
      : for_all_(std::move(for_all)) {}

  void set(std::optional<Credential> for_all);
  /// Only for the repositories with this path.
  void set(const std::string& path, std::optional<Credential> credential);
  /// What `find` gives after a refusal, in order.
  void renew_with(std::vector<Credential> successors);
  /// `find` gives `Pending` from now on, until `arrive`.
  void hold();
  /// Wakes all who wait.
  void arrive();
  /// `find` throws this from now on.
  void fail_with(const std::string& message);

  [[nodiscard]] Held find(const Repository& repository, const std::function<void()>& wake) override;
  [[nodiscard]] bool renew(const Repository& repository, const Credential& credential) override;

  /// How often `find` and `renew` were called.
  [[nodiscard]] std::size_t finds() const;
  [[nodiscard]] std::size_t renewals_asked() const;

 private:
  [[nodiscard]] std::optional<Credential>& place(const std::string& path);

  mutable std::mutex mutex_;
  std::optional<Credential> for_all_;  // this and the following are guarded by mutex_
  std::map<std::string, std::optional<Credential>> by_path_;
  std::vector<Credential> successors_;
  std::vector<std::function<void()>> waiting_;
  std::optional<std::string> failure_;
  bool held_ = false;
  std::size_t finds_ = 0;
  std::size_t renewals_asked_ = 0;
};

}  // namespace image_syncer
