#pragma once

#include "auth/credential_key.hpp"
#include <image_syncer/auth/credential.hpp>
#include <image_syncer/auth/credential_places.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// One credential file of docker or podman.
class CredentialFile {
 public:
  /// One of `auths` that holds something.
  struct Entry {
    std::string name;  ///< the key as written
    CredentialKey key;
    Credential credential;
    std::string problem;  ///< why it cannot be used; names file and key. "" = it can
  };

  /// Whom a file names for a registry.
  struct Helper {
    std::string name;      ///< the program without `docker-credential-`
    std::string server;    ///< what the program is to be asked for
    bool is_only = false;  ///< `credHelpers`: `auths` of the same file do not count beside it
  };

  CredentialFile() = default;

  /// Reads and parses. A file that is missing or blank has no entries. One that cannot be read or
  /// understood has a `problem`; nothing is thrown. Entries that say nothing are warned about.
  [[nodiscard]] static CredentialFile load(const CredentialPlace& place);
  /// Throws `Error` with file and line, and never with what stands there.
  [[nodiscard]] static CredentialFile parse(const CredentialPlace& place, std::string_view text);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Why nothing in this file counts; "" when it does.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  [[nodiscard]] std::optional<Helper> helper_for(const Repository& repository) const;
  /// The best entry of `auths`; nullptr = none.
  [[nodiscard]] const Entry* entry_for(const Repository& repository) const;

 private:
  struct HelperEntry {
    CredentialKey key;
    std::string name;
  };

  friend class CredentialFileReader;

  std::string path_;
  std::string problem_;
  std::vector<Entry> entries_;
  std::vector<HelperEntry> helpers_;
  std::string default_helper_;
};

}  // namespace image_syncer
