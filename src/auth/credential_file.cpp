#include "auth/credential_file.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace image_syncer {
namespace {

// Keeps the order of the file: of two keys that say the same the first counts.
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kMaxName = 200;

/// "FILE:3:5": where byte number `byte` (from 1) of `text` is.
std::string place_of(const std::string& path, std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return path + ":" + std::to_string(line) + ":" + std::to_string(before.size() - line_begin + 1);
}

// The library's own message quotes the text, which may be a password.
Json parse_json(const std::string& path, std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(place_of(path, text, error.byte) + ": this is not JSON");
  }
}

bool is_header_safe(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// "user:password" in two; containers/image trims NULs around the password.
std::pair<std::string, std::string> split_login(const std::string& login, std::size_t colon) {
  std::string password = login.substr(colon + 1);
  const std::size_t begin = std::min(password.find_first_not_of('\0'), password.size());
  password = password.substr(begin, password.find_last_not_of('\0') + 1 - begin);
  return {login.substr(0, colon), std::move(password)};
}

/// The one whose key fits best; of equals the first. nullptr = none.
template <typename Keyed>
const Keyed* best_of(const std::vector<Keyed>& all, const Repository& repository) {
  const Keyed* best = nullptr;
  std::size_t best_fit = 0;
  for (const Keyed& one : all) {
    const std::size_t fit = one.key.fit(repository);
    if (fit > best_fit) {
      best = &one;
      best_fit = fit;
    }
  }
  return best;
}

}  // namespace

/// Makes a `CredentialFile` of its JSON.
class CredentialFileReader {
 public:
  explicit CredentialFileReader(const CredentialPlace& place) { file_.path_ = place.path.string(); }

  [[nodiscard]] CredentialFile read(const Json& whole, bool is_legacy) {
    expect_map(whole, "");
    if (is_legacy) {
      read_entries(whole, "");
      return std::move(file_);
    }
    if (const Json* const auths = member(whole, "auths")) {
      expect_map(*auths, "auths");
      read_entries(*auths, "auths.");
    }
    if (const Json* const helpers = member(whole, "credHelpers")) {
      expect_map(*helpers, "credHelpers");
      for (const auto& [name, program] : helpers->items()) {
        read_helper(name, program);
      }
    }
    if (const Json* const program = member(whole, "credsStore")) {
      file_.default_helper_ = text_of(*program, "credsStore");
    }
    return std::move(file_);
  }

 private:
  /// Absent and null are the same, as to Go.
  static const Json* member(const Json& map, const char* name) {
    const auto found = map.find(name);
    return found == map.end() || found->is_null() ? nullptr : &*found;
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& what) const {
    throw Error(file_.path_ + ": " + (key.empty() ? "" : key + ": ") + what);
  }

  void expect_map(const Json& value, const std::string& key) const {
    if (!value.is_object()) {
      refuse(key, "expected a map");
    }
  }

  [[nodiscard]] std::string text_of(const Json& value, const std::string& key) const {
    if (!value.is_string()) {
      refuse(key, "expected a string");
    }
    return value.get<std::string>();
  }

  [[nodiscard]] std::string text_member(const Json& map,
                                        const char* name,
                                        const std::string& key) const {
    const Json* const value = member(map, name);
    return value == nullptr ? std::string() : text_of(*value, key + "." + name);
  }

  void read_helper(const std::string& name, const Json& program) {
    CredentialKey key = CredentialKey::parse(name);
    std::string value = text_of(program, "credHelpers." + printable(name, kMaxName));
    if (key.path.empty()) {  // helpers are asked for whole registries
      file_.helpers_.push_back({std::move(key), std::move(value)});
    }
  }

  void read_entries(const Json& auths, const std::string& prefix) {
    for (const auto& [name, value] : auths.items()) {
      CredentialFile::Entry entry;
      entry.name = printable(name, kMaxName);
      entry.key = CredentialKey::parse(name);
      try {
        read_entry(entry, value, prefix + entry.name);
      } catch (const Error& error) {
        entry.problem = error.message();
      }
      const Credential& found = entry.credential;
      // `{}` is what remains of an entry whose secret a helper has taken over.
      const bool is_empty = found.username.empty() && found.password.empty() &&
                            found.identity_token.empty() && found.registry_token.empty();
      if (!is_empty || !entry.problem.empty()) {
        file_.entries_.push_back(std::move(entry));
      }
    }
  }

  void read_entry(CredentialFile::Entry& entry, const Json& value, const std::string& key) const {
    if (value.is_null()) {
      return;
    }
    expect_map(value, key);
    Credential& credential = entry.credential;
    credential.identity_token = Secret(text_member(value, "identitytoken", key));
    credential.registry_token = Secret(text_member(value, "registrytoken", key));
    if (!is_header_safe(credential.registry_token.reveal())) {
      refuse(key + ".registrytoken", "it holds characters that no token may have");
    }
    const std::string encoded(trim(text_member(value, "auth", key)));
    if (encoded.empty()) {
      credential.username = text_member(value, "username", key);
      credential.password = Secret(text_member(value, "password", key));
      if (!credential.password.empty()) {
        register_secret(basic_form(credential.username, credential.password).reveal());
      }
      return;
    }
    register_secret(encoded);
    const auto login = base64_decode(encoded);
    if (!login) {
      refuse(key + ".auth", "this is not base64 of \"user:password\"");
    }
    const std::size_t colon = login->find(':');
    if (colon == std::string::npos) {
      register_secret(*login);
      log(LogLevel::warn,
          "auth",
          "a credential without \":\" between user and password does not count",
          {{"file", file_.path_}, {"key", key + ".auth"}});
      return;
    }
    auto [username, password] = split_login(*login, colon);
    credential.username = std::move(username);
    credential.password = Secret(std::move(password));
  }

  CredentialFile file_;
};

CredentialFile CredentialFile::parse(const CredentialPlace& place, std::string_view text) {
  if (trim(text).empty()) {
    CredentialFile file;
    file.path_ = place.path.string();
    return file;
  }
  return CredentialFileReader(place).read(parse_json(place.path.string(), text), place.is_legacy);
}

CredentialFile CredentialFile::load(const CredentialPlace& place) {
  std::error_code error;
  if (std::filesystem::status(place.path, error).type() == std::filesystem::file_type::not_found) {
    return parse(place, "");
  }
  try {
    return parse(place, read_file(place.path, kMaxFile));
  } catch (const Error& failure) {
    CredentialFile file;
    file.path_ = place.path.string();
    file.problem_ = failure.message();
    return file;
  }
}

std::optional<CredentialFile::Helper> CredentialFile::helper_for(
    const Repository& repository) const {
  const HelperEntry* const best = best_of(helpers_, repository);
  // As docker has it, an empty name in `credHelpers` takes a registry out of `credsStore`.
  if (best != nullptr) {
    return best->name.empty() ? std::nullopt
                              : std::optional(Helper{best->name, docker_key(best->key.host), true});
  }
  if (default_helper_.empty()) {
    return std::nullopt;
  }
  return Helper{default_helper_, docker_key(credential_host(repository.registry)), false};
}

const CredentialFile::Entry* CredentialFile::entry_for(const Repository& repository) const {
  return best_of(entries_, repository);
}

}  // namespace image_syncer
