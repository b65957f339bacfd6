#include "auth/credential_file.hpp"
#include "auth/credential_helper.hpp"
#include "auth/helper_calls.hpp"
#include <image_syncer/auth/credential_store.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <set>
#include <utility>

namespace image_syncer {
namespace {

/// What to do about a source that fails.
std::string remedy(const Repository& repository) {
  return "or give " + repository.registry + " an entry in the auth file, which goes before it";
}

/// "docker-credential-pass (credsStore in /h/.docker/config.json)"
std::string describe(const CredentialFile::Helper& helper, const CredentialFile& file) {
  return helper_program(helper.name) + " (" + (helper.is_only ? "credHelpers" : "credsStore") +
         " in " + file.path() + ")";
}

Error helper_error(const Repository& repository,
                   const CredentialFile::Helper& helper,
                   const CredentialFile& file,
                   const std::string& cause) {
  return Error("no credentials for registry " + repository.registry + ": " +
               describe(helper, file) + ": " + cause + ": make \"echo " + helper.server + " | " +
               helper_program(helper.name) + " get\" work, take it out of the file, " +
               remedy(repository));
}

Error file_error(const Repository& repository, const std::string& problem) {
  return Error("no credentials for registry " + repository.registry + ": " + problem +
               ": correct the file, " + remedy(repository));
}

}  // namespace

struct CredentialStore::Impl {
  Impl(CredentialStoreOptions given, Clock& clock)
      : options(std::move(given)),
        helpers(options.helper_path, {.time = options.helper_time}, clock) {}

  /// The answer of one file; nullopt: it knows nothing, the next one may.
  [[nodiscard]] std::optional<Held> find_in(const CredentialFile& file,
                                            const Repository& repository,
                                            const std::function<void()>& wake);
  [[nodiscard]] std::optional<bool> renew_in(const CredentialFile& file,
                                             const Repository& repository,
                                             const Credential& credential);
  [[nodiscard]] Held give(const Repository& repository,
                          Credential credential,
                          const std::string& from);
  void say(const Repository& repository, const Credential* credential, const std::string& from);

  CredentialStoreOptions options;
  std::vector<CredentialFile> files;
  Synchronized<std::set<std::pair<std::string, std::string>>> said;  // registry, source
  HelperCalls helpers;
};

CredentialStore::CredentialStore(CredentialStoreOptions options, Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {
  for (const CredentialPlace& place : impl_->options.places) {
    impl_->files.push_back(CredentialFile::load(place));
    if (const std::string& problem = impl_->files.back().problem(); !problem.empty()) {
      log(LogLevel::warn,
          "auth",
          "a credential file cannot be used: registries that need it will fail",
          {{"cause", problem}});
    }
  }
}

CredentialStore::~CredentialStore() = default;

CredentialSource::Held CredentialStore::find(const Repository& repository,
                                             const std::function<void()>& wake) {
  if (impl_->options.own) {
    if (auto own = impl_->options.own(repository)) {
      return impl_->give(repository, std::move(own->credential), own->from);
    }
  }
  for (const CredentialFile& file : impl_->files) {
    if (auto held = impl_->find_in(file, repository, wake)) {
      return std::move(*held);
    }
  }
  impl_->say(repository, nullptr, "no source has any: anonymous");
  return std::nullopt;
}

std::optional<CredentialSource::Held> CredentialStore::Impl::find_in(
    const CredentialFile& file, const Repository& repository, const std::function<void()>& wake) {
  if (!file.problem().empty()) {
    throw file_error(repository, file.problem());
  }
  const auto helper = file.helper_for(repository);
  if (helper) {
    const auto answer = helpers.ask(helper->name, helper->server, wake);
    if (std::holds_alternative<Pending>(answer)) {
      return Held(Pending{});
    }
    if (const auto* const failure = std::get_if<HelperCalls::Failure>(&answer)) {
      throw helper_error(repository, *helper, file, failure->cause);
    }
    if (const auto& credential = std::get<std::optional<Credential>>(answer)) {
      return give(repository, *credential, describe(*helper, file));
    }
    if (helper->is_only) {
      return std::nullopt;
    }
  }
  const CredentialFile::Entry* const entry = file.entry_for(repository);
  if (entry == nullptr) {
    return std::nullopt;
  }
  if (!entry->problem.empty()) {
    throw file_error(repository, entry->problem);
  }
  return give(repository, entry->credential, file.path() + " (" + entry->name + ")");
}

CredentialSource::Held CredentialStore::Impl::give(const Repository& repository,
                                                   Credential credential,
                                                   const std::string& from) {
  say(repository, &credential, from);
  credential.from = from;
  return credential;
}

// A ping without a path knows nothing of entries for namespaces: that it is anonymous says nothing.
void CredentialStore::Impl::say(const Repository& repository,
                                const Credential* credential,
                                const std::string& from) {
  if ((credential == nullptr && repository.path.empty()) ||
      !said.lock()->emplace(repository.registry, from).second) {
    return;
  }
  if (credential == nullptr) {
    log(LogLevel::info,
        "auth",
        "no credentials",
        {{"registry", repository.registry}, {"from", from}});
    return;
  }
  log(LogLevel::info,
      "auth",
      "credentials",
      {{"registry", repository.registry}, {"from", from}, {"username", credential->username}});
}

bool CredentialStore::renew(const Repository& repository, const Credential& credential) {
  if (impl_->options.own && impl_->options.own(repository)) {
    return false;
  }
  for (const CredentialFile& file : impl_->files) {
    if (const auto renewed = impl_->renew_in(file, repository, credential)) {
      return *renewed;
    }
  }
  return false;
}

// Walks as `find` did, to the source that the credential is from.
std::optional<bool> CredentialStore::Impl::renew_in(const CredentialFile& file,
                                                    const Repository& repository,
                                                    const Credential& credential) {
  if (const auto helper = file.helper_for(repository)) {
    const auto renewal = helpers.renew(helper->name, helper->server, credential);
    if (renewal != HelperCalls::Renewal::has_none) {
      return renewal == HelperCalls::Renewal::may_differ;
    }
    if (helper->is_only) {
      return std::nullopt;
    }
  }
  return file.entry_for(repository) == nullptr ? std::nullopt : std::optional(false);
}

}  // namespace image_syncer
