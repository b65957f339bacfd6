#include "config/auth_reader.hpp"

#include "config/fields.hpp"
#include "config/value.hpp"
#include <image_syncer/config/size.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/pem.hpp>
#include <image_syncer/util/proxy_url.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::int64_t kMaxConcurrent = 1000;
constexpr double kMaxRequestsPerSecond = 100'000;

Problem read_max_concurrent(RegistryEntry& entry, const Value& value) {
  const std::optional<std::int64_t> number = parse_integer(value.text);
  if (!number || *number < 1 || *number > kMaxConcurrent) {
    return "expected a number from 1 to " + std::to_string(kMaxConcurrent) + ", found " +
           quote(value.written);
  }
  entry.max_concurrent = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

Problem read_requests_per_second(RegistryEntry& entry, const Value& value) {
  const std::optional<double> number = parse_number(value.text);
  if (!number || *number <= 0 || *number > kMaxRequestsPerSecond) {
    return "expected a number above 0, at most 100000, found " + quote(value.written);
  }
  entry.requests_per_second = number;
  return std::nullopt;
}

Problem read_bandwidth(RegistryEntry& entry, const Value& value) {
  const std::optional<std::uint64_t> bytes = parse_size(value.text);
  if (!bytes || *bytes == 0) {
    return "expected bytes per second such as 10MiB, found " + quote(value.written);
  }
  entry.bandwidth = bytes;
  return std::nullopt;
}

Problem read_certificates(std::string& target, const Value& value) {
  try {
    check_certificates(value.text);
  } catch (const Error& error) {
    return as_written(error.message(), value);
  }
  target = value.text;
  return std::nullopt;
}

// Checked when the certificate is known as well.
Problem read_key_file(RegistryEntry& entry, const Value& value) {
  if (value.text.empty()) {
    return "expected the name of a file";
  }
  entry.key_file = value.text;
  return std::nullopt;
}

Problem read_proxy(RegistryEntry& entry, const Value& value) {
  const std::string word = to_lower(value.text);
  if (word.empty() || word == "none" || word == "direct") {
    entry.proxy = "";
    return std::nullopt;
  }
  try {
    (void)parse_proxy_url(value.text);
  } catch (const Error& error) {
    return error.message() + ", or none for no proxy";
  }
  entry.proxy = value.text;
  return std::nullopt;
}

/// A key of an entry.
struct Setting {
  std::string_view name;
  Problem (*read)(RegistryEntry& entry, const Value& value);
  bool is_credential = false;  ///< its variables are refused in rules
};

constexpr std::array<Setting, 12> kSettings = {{
    {"username",
     [](RegistryEntry& entry, const Value& value) -> Problem {
       entry.username = value.text;
       return std::nullopt;
     },
     true},
    {"password",
     [](RegistryEntry& entry, const Value& value) -> Problem {
       for (const std::string& part : value.inserted) {
         register_secret(part);
       }
       entry.password = Secret(value.text);
       return std::nullopt;
     },
     true},
    {"insecure",
     [](RegistryEntry& entry, const Value& value) { return read_bool(entry.insecure, value); }},
    {"plainHttp",
     [](RegistryEntry& entry, const Value& value) { return read_bool(entry.plain_http, value); }},
    {"skipTlsVerify",
     [](RegistryEntry& entry, const Value& value) {
       return read_bool(entry.skip_tls_verify, value);
     }},
    {"maxConcurrent", read_max_concurrent},
    {"requestsPerSecond", read_requests_per_second},
    {"caFile",
     [](RegistryEntry& entry, const Value& value) {
       return read_certificates(entry.ca_file, value);
     }},
    {"certFile",
     [](RegistryEntry& entry, const Value& value) {
       return read_certificates(entry.cert_file, value);
     }},
    {"keyFile", read_key_file},
    {"proxy", read_proxy, true},
    {"bandwidth", read_bandwidth},
}};

constexpr std::array<std::string_view, kSettings.size()> kSettingNames = [] {
  std::array<std::string_view, kSettings.size()> names;
  std::transform(kSettings.begin(), kSettings.end(), names.begin(), [](const Setting& setting) {
    return setting.name;
  });
  return names;
}();

/// Reads one map of entries.
class AuthReader {
 public:
  AuthReader(const Environment& environment, Unset unset, FileComplaints& complaints)
      : environment_(environment),
        unset_(unset),
        complaints_(complaints) {}

  void read_entry(const MapEntry& item, const std::string& path) {
    RegistryEntry entry;
    entry.mark = complaints_.mark(item.position);
    try {
      entry.key = normalize_auth_key(item.key);
    } catch (const Error& error) {
      complaints_.error(item.position, path, error.message());
      return;
    }
    check_host(entry.key, item.position, path);
    if (item.value->kind == NodeKind::map) {
      read_settings(entry, item, path);
    } else if (item.value->kind != NodeKind::null) {
      complaints_.error(
          item.value->position, path, wrong_type("a map {username, password, …}", *item.value));
    }
    add(std::move(entry), item.position, path);
  }

  AuthPart take() { return std::move(part_); }

 private:
  void read_settings(RegistryEntry& entry, const MapEntry& item, const std::string& path) {
    const Fields fields =
        match_fields(*item.value, kSettingNames, path, UnknownKey::warning, complaints_);
    for (const Setting& setting : kSettings) {
      const auto field = fields.find(setting.name);
      if (field != fields.end()) {
        read_setting(setting, entry, *field->second, join_path(path, field->second->key));
      }
    }
    for (const auto& [one, other] : {std::pair("certFile", "keyFile"), {"keyFile", "certFile"}}) {
      if (fields.contains(one) && !fields.contains(other)) {
        complaints_.error(fields.at(one)->position,
                          join_path(path, fields.at(one)->key),
                          "needs " + std::string(other) + " beside it");
      }
    }
    check_key(entry, fields, path);
    if (fields.contains("username") != fields.contains("password")) {
      const bool has_name = fields.contains("username");
      complaints_.warn(item.position,
                       path,
                       has_name ? "username without password" : "password without username");
    }
  }

  void check_key(const RegistryEntry& entry, const Fields& fields, const std::string& path) {
    if (entry.cert_file.empty() || entry.key_file.empty()) {
      return;  // complained about, or none
    }
    try {
      check_client_key(entry.key_file, entry.cert_file);
    } catch (const Error& error) {
      const MapEntry& key = *fields.at("keyFile");
      const std::string message = as_written(error.message(), entry.key_file, key.value->text);
      complaints_.error(key.value->position,
                        join_path(path, key.key),
                        as_written(message, entry.cert_file, fields.at("certFile")->value->text));
    }
  }

  void read_setting(const Setting& setting,
                    RegistryEntry& entry,
                    const MapEntry& field,
                    const std::string& key) {
    const Node& node = *field.value;
    const std::optional<Value> value = read_value(node, key, environment_, unset_, complaints_);
    if (!value) {
      return;
    }
    if (setting.is_credential) {
      part_.credential_variables.insert(value->variables.begin(), value->variables.end());
    }
    if (!value->is_complete) {
      return;
    }
    part_.files.insert(value->files.begin(), value->files.end());
    if (const Problem problem = setting.read(entry, *value)) {
      complaints_.error(node.position, key, *problem);
    }
  }

  void check_host(const std::string& key, Position position, const std::string& path) {
    const std::string host = key.substr(0, key.find('/'));
    const bool can_be_named = host == "localhost" || host.find_first_of(".:") != std::string::npos;
    if (!can_be_named) {
      complaints_.warn(position,
                       path,
                       "no image is found under the host " + quote(host) +
                           " (no dot, no port): for a namespace of Docker Hub write docker.io/" +
                           host);
    }
  }

  void add(RegistryEntry entry, Position position, const std::string& path) {
    const auto [first, is_new] = seen_.emplace(entry.key, Seen{position.line, path});
    if (!is_new) {
      if (first->second.path != path) {  // the same text was complained about before
        complaints_.error(position,
                          path,
                          "the same registry as in line " + std::to_string(first->second.line) +
                              ": both mean " + entry.key);
      }
      return;
    }
    part_.entries.push_back(std::move(entry));
    part_.paths.push_back(path);
  }

  struct Seen {
    int line;
    std::string path;
  };

  const Environment& environment_;
  Unset unset_;
  FileComplaints& complaints_;
  AuthPart part_;
  std::map<std::string, Seen> seen_;  // by normalised key
};

/// Whether `entry` sets something that the host does not have.
bool differs(const RegistryEntry& entry, const RegistryEntry& host) {
  const auto own = [&entry, &host](auto member) {
    using Member = std::remove_cvref_t<decltype(entry.*member)>;
    return entry.*member != Member() && entry.*member != host.*member;
  };
  return own(&RegistryEntry::insecure) || own(&RegistryEntry::plain_http) ||
         own(&RegistryEntry::skip_tls_verify) || own(&RegistryEntry::ca_file) ||
         own(&RegistryEntry::cert_file) || own(&RegistryEntry::key_file) ||
         own(&RegistryEntry::proxy) || own(&RegistryEntry::max_concurrent) ||
         own(&RegistryEntry::requests_per_second) || own(&RegistryEntry::bandwidth);
}

/// Like the first component of an image name (docs/configuration.md, Names), but a word alone is a
/// host, too.
bool is_host(std::string_view first, bool is_alone) {
  return is_alone || first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string normalize_auth_key(std::string_view key) {
  if (key.find("://") != std::string_view::npos) {
    throw Error("write the registry without http:// or https://; plain http is `insecure: true`");
  }
  while (key.ends_with('/')) {
    key.remove_suffix(1);
  }
  const std::size_t slash = key.find('/');
  const std::string_view first = key.substr(0, slash);
  if (first.empty()) {
    throw Error("the registry is missing");
  }
  if (!is_host(first, slash == std::string_view::npos)) {
    return parse_repository(key).str();
  }
  if (slash == std::string_view::npos) {
    // The parser of names wants a path as well.
    return is_host(first, false) ? parse_repository(std::string(first) + "/namespace").registry
                                 : normalize_registry(first);
  }
  const std::string_view path = key.substr(slash + 1);
  const Repository repository = parse_repository(key);
  // On Docker Hub one word is a repository of library/ in a name, but a namespace here.
  const bool is_word = path.find('/') == std::string_view::npos;
  return repository.registry + "/" + (is_word ? std::string(path) : repository.path);
}

AuthPart read_auth(const Node& root,
                   std::string_view path,
                   const Environment& environment,
                   Unset unset,
                   FileComplaints& complaints) {
  AuthReader reader(environment, unset, complaints);
  if (root.kind == NodeKind::null) {
    complaints.warn(root.position, path, "holds no registries: access will be anonymous");
  } else if (root.kind != NodeKind::map) {
    complaints.error(
        root.position, path, wrong_type("a map registry: {username, password, …}", root));
  }
  for (const MapEntry& item : root.entries) {
    reader.read_entry(item, join_path(path, item.key));
  }
  return reader.take();
}

void add_auth(AuthPart& part, AuthPart more, Complaints& complaints) {
  for (std::size_t at = 0; at < more.entries.size(); ++at) {
    RegistryEntry& entry = more.entries[at];
    const auto known = std::find_if(part.entries.begin(),
                                    part.entries.end(),
                                    [&entry](const auto& other) { return other.key == entry.key; });
    if (known != part.entries.end()) {
      FileComplaints(entry.mark.file, complaints)
          .error({entry.mark.line, entry.mark.column},
                 more.paths[at],
                 "the same registry as " + known->mark.str() + ": both mean " + entry.key);
      continue;
    }
    part.entries.push_back(std::move(entry));
    part.paths.push_back(std::move(more.paths[at]));
  }
  part.credential_variables.merge(more.credential_variables);
  part.files.merge(more.files);
}

RegistryEntries finish_auth(AuthPart part, Complaints& complaints) {
  RegistryEntries entries(std::move(part.entries));
  for (std::size_t at = 0; at < entries.all().size(); ++at) {
    const RegistryEntry& entry = entries.all()[at];
    const std::string host = entry.key.substr(0, entry.key.find('/'));
    if (host != entry.key && differs(entry, *entries.settings_for(host))) {
      FileComplaints(entry.mark.file, complaints)
          .warn({entry.mark.line, entry.mark.column},
                part.paths[at],
                "connection settings and limits belong to the whole host: ignored here, write "
                "them under " +
                    host);
    }
  }
  return entries;
}

}  // namespace image_syncer
