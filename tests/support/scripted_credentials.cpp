#include "support/scripted_credentials.hpp"

#include <image_syncer/util/error.hpp>

#include <utility>

namespace image_syncer {

void ScriptedCredentials::set(std::optional<Credential> for_all) {
  const std::lock_guard lock(mutex_);
  for_all_ = std::move(for_all);
}

void ScriptedCredentials::set(const std::string& path, std::optional<Credential> credential) {
  const std::lock_guard lock(mutex_);
  by_path_[path] = std::move(credential);
}

void ScriptedCredentials::renew_with(std::vector<Credential> successors) {
  const std::lock_guard lock(mutex_);
  successors_ = std::move(successors);
}

void ScriptedCredentials::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void ScriptedCredentials::arrive() {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
    waiting = std::exchange(waiting_, {});
  }
  for (const auto& wake : waiting) {
    wake();
  }
}

void ScriptedCredentials::fail_with(const std::string& message) {
  const std::lock_guard lock(mutex_);
  failure_ = message;
}

std::optional<Credential>& ScriptedCredentials::place(const std::string& path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? for_all_ : found->second;
}

CredentialSource::Held ScriptedCredentials::find(const Repository& repository,
                                                 const std::function<void()>& wake) {
  const std::lock_guard lock(mutex_);
  ++finds_;
  if (failure_) {
    throw Error(*failure_);
  }
  if (held_) {
    waiting_.push_back(wake);
    return Pending{};
  }
  return place(repository.path);
}

bool ScriptedCredentials::renew(const Repository& repository, const Credential& credential) {
  const std::lock_guard lock(mutex_);
  ++renewals_asked_;
  std::optional<Credential>& present = place(repository.path);
  if (present && present->password == credential.password &&
      present->identity_token == credential.identity_token &&
      present->registry_token == credential.registry_token) {
    if (successors_.empty()) {
      return false;
    }
    present = successors_.front();
    successors_.erase(successors_.begin());
  }
  return true;
}

std::size_t ScriptedCredentials::finds() const {
  const std::lock_guard lock(mutex_);
  return finds_;
}

std::size_t ScriptedCredentials::renewals_asked() const {
  const std::lock_guard lock(mutex_);
  return renewals_asked_;
}

}  // namespace image_syncer
