#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace image_syncer {

namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::size_t kMaxNameLength = 255;
constexpr std::size_t kMaxTagLength = 128;
constexpr std::size_t kImageIdLength = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_alphanumeric(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c);
}

std::string quote(std::string_view text) {
  return "\"" + printable(text, 300) + "\"";
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(quote(text) + " is not an image reference: " + why);
}

bool is_host_label(std::string_view label) {
  return !label.empty() && is_alphanumeric(label.front()) && is_alphanumeric(label.back()) &&
         std::all_of(
             label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_ipv6(std::string_view address) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, std::string(address).c_str(), &parsed) == 1;
}

bool is_host_name(std::string_view name) {
  if (name.starts_with('[')) {
    return name.ends_with(']') && is_ipv6(name.substr(1, name.size() - 2));
  }
  const std::vector<std::string_view> labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// docker's rule: what stands in front of the first `/` is a host only when it cannot be a path.
bool looks_like_host(std::string_view component) {
  return component == "localhost" || component.find_first_of(".:") != std::string_view::npos ||
         std::any_of(component.begin(), component.end(), is_upper);
}

void check_host(std::string_view text, std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (!is_host_name(host.substr(0, colon))) {
    refuse(text, quote(host.substr(0, colon)) + " is not a host name");
  }
  if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) {
    refuse(text, quote(host.substr(colon + 1)) + " is not a port");
  }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (distribution-spec, Pulling manifests)
bool is_path_component(std::string_view component) {
  const auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  std::size_t at = 0;
  while (true) {
    const std::size_t word = at;
    while (at < component.size() && is_word(component[at])) {
      ++at;
    }
    if (at == word) {
      return false;
    }
    if (at == component.size()) {
      return true;
    }
    const std::size_t separator_begin = at;
    while (at < component.size() && !is_word(component[at])) {
      ++at;
    }
    const std::string_view separator = component.substr(separator_begin, at - separator_begin);
    if (separator != "." && separator != "_" && separator != "__" &&
        separator.find_first_not_of('-') != std::string_view::npos) {
      return false;
    }
  }
}

void check_path(std::string_view text, std::string_view path) {
  for (const std::string_view component : split(path, '/')) {
    if (is_path_component(component)) {
      continue;
    }
    if (component.empty()) {
      refuse(text, path.empty() ? "it names no repository" : "a part between slashes is empty");
    }
    if (std::any_of(component.begin(), component.end(), is_upper)) {
      refuse(text, quote(component) + " has upper-case letters, repositories are lower case");
    }
    refuse(text,
           quote(component) +
               " is not a repository name (a-z and 0-9, with single \".\", \"_\", \"__\" or \"-\" "
               "between them)");
  }
}

bool is_image_id(std::string_view text) {
  return text.size() == kImageIdLength && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

/// `text` is what the user wrote, for messages; `name` the part of it without tag and digest.
Repository read_repository(std::string_view text, std::string_view name) {
  if (const std::size_t scheme = name.find("://"); scheme != std::string_view::npos) {
    refuse(text, "leave out " + quote(name.substr(0, scheme + 3)));
  }
  if (is_image_id(name)) {
    refuse(text, "64 hex digits are an image ID, not a name");
  }
  const std::size_t slash = name.find('/');
  Repository repository{std::string(kDockerHub), std::string(name)};
  if (slash != std::string_view::npos && looks_like_host(name.substr(0, slash))) {
    check_host(text, name.substr(0, slash));
    repository.registry = normalize_registry(name.substr(0, slash));
    repository.path = name.substr(slash + 1);
  }
  check_path(text, repository.path);
  if (repository.registry == kDockerHub && repository.path.find('/') == std::string::npos) {
    repository.path.insert(0, "library/");
  }
  if (repository.str().size() > kMaxNameLength) {
    refuse(text, "host and path are longer than 255 characters");
  }
  return repository;
}

/// Where the `:` of a tag stands; npos without one. A `:` in front of the last `/` is a port.
std::size_t tag_colon(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return name.find(':', slash == std::string_view::npos ? 0 : slash);
}

}  // namespace

std::string Reference::str() const {
  std::string text = repository.str();
  if (!tag.empty()) {
    text += ":" + tag;
  }
  if (digest) {
    text += "@" + digest->str();
  }
  return text;
}

Repository parse_repository(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    refuse(text, "a repository has no digest");
  }
  if (text.find("://") == std::string_view::npos && tag_colon(text) != std::string_view::npos) {
    refuse(text, "a repository has no tag");
  }
  return read_repository(text, text);
}

Reference parse_reference(std::string_view text) {
  Reference reference;
  std::string_view name = text;
  if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
    try {
      reference.digest = Digest::parse(name.substr(at + 1));
    } catch (const Error& error) {
      refuse(text, error.message());
    }
    name = name.substr(0, at);
  }
  const std::size_t colon = tag_colon(name);
  if (colon != std::string_view::npos && name.substr(colon).find("://") != 0) {
    const std::string_view tag = name.substr(colon + 1);
    if (!is_valid_tag(tag)) {
      refuse(text,
             quote(tag) +
                 " is not a tag (1 to 128 letters, digits, \"_\", \".\" and \"-\", the first "
                 "a letter, digit or \"_\")");
    }
    reference.tag = tag;
    name = name.substr(0, colon);
  }
  reference.repository = read_repository(text, name);
  return reference;
}

bool is_valid_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !text.empty() && text.size() <= kMaxTagLength && is_word(text.front()) &&
         std::all_of(
             text.begin(), text.end(), [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

std::string normalize_registry(std::string_view host) {
  constexpr std::array<std::string_view, 2> kAliases = {"index.docker.io", "registry-1.docker.io"};
  std::string name = to_lower(host);
  if (std::find(kAliases.begin(), kAliases.end(), name) != kAliases.end()) {
    return std::string(kDockerHub);
  }
  // In lower case it would be read as a part of the path the next time.
  return looks_like_host(name) ? name : std::string(host);
}

}  // namespace image_syncer
