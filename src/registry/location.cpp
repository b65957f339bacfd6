#include "registry/location.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace image_syncer {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kShownUrl = 200;

/// Why a URL cannot be used.
struct Unusable {
  std::string reason;
};

struct SplitUrl {
  std::string scheme;          ///< "http" or "https"
  std::string host;            ///< lower case
  std::uint16_t port = 0;      ///< the default one when there is none in the text
  std::string_view authority;  ///< host and port as written
  std::string_view path;       ///< up to the query
  std::string_view query;      ///< with its '?', or empty

  [[nodiscard]] bool has_origin_of(const SplitUrl& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
};

std::string_view without_fragment(std::string_view url) {
  return url.substr(0, url.find('#'));
}

/// Curl and we must not read the same text differently.
void check_characters(std::string_view url) {
  const bool is_clean = std::all_of(url.begin(), url.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7F && c != '\\';
  });
  if (!is_clean) {
    throw Unusable{"it holds a blank, a control character or a backslash"};
  }
}

/// "" when `text` does not begin with a scheme (RFC 3986 §3.1).
std::string_view scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const auto is_letter = [](char c) {
    return kLetters.find(c) != std::string_view::npos || (c >= 'A' && c <= 'Z');
  };
  const bool is_scheme =
      !scheme.empty() && is_letter(scheme.front()) &&
      std::all_of(scheme.begin(), scheme.end(), [&](char c) {
        return is_letter(c) || std::string_view("0123456789+-.").find(c) != std::string_view::npos;
      });
  return is_scheme ? scheme : std::string_view();
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

std::uint16_t parse_port(std::string_view text, std::string_view scheme) {
  if (text.empty()) {
    return default_port(scheme);
  }
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end || port == 0) {
    throw Unusable{"its port is not a number from 1 to 65535"};
  }
  return port;
}

void check_host(const std::string& host) {
  const bool is_ipv6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string_view name =
      is_ipv6 ? std::string_view(host).substr(1, host.size() - 2) : std::string_view(host);
  const std::string allowed =
      std::string("0123456789") + (is_ipv6 ? "abcdef:." : std::string(kLetters) + "-._");
  if (name.empty()) {
    throw Unusable{"it has no host"};
  }
  if (name.find_first_not_of(allowed) != std::string_view::npos) {
    throw Unusable{"its host is not a name or an address"};
  }
}

/// An absolute URL without a fragment.
SplitUrl split_url(std::string_view url) {
  check_characters(url);
  const std::string_view scheme = scheme_of(url);
  SplitUrl parts;
  parts.scheme = to_lower(scheme);
  if (parts.scheme != "http" && parts.scheme != "https") {
    throw Unusable{"it is neither http nor https"};
  }
  std::string_view rest = url.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) {
    throw Unusable{"it has no host"};
  }
  rest.remove_prefix(2);
  parts.authority = rest.substr(0, rest.find_first_of("/?"));
  if (parts.authority.find('@') != std::string_view::npos) {
    throw Unusable{"it holds user information"};
  }
  const std::size_t bracket = parts.authority.rfind(']');
  const std::size_t colon =
      parts.authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.host = to_lower(parts.authority.substr(0, colon));
  check_host(parts.host);
  parts.port = parse_port(
      colon == std::string_view::npos ? std::string_view() : parts.authority.substr(colon + 1),
      parts.scheme);
  rest.remove_prefix(parts.authority.size());
  const std::size_t query = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, query);
  parts.query = rest.substr(query);
  return parts;
}

std::string origin_as_written(const SplitUrl& url) {
  return url.scheme + "://" + std::string(url.authority);
}

/// `base` up to its last slash with `relative` behind it, dots resolved (RFC 3986 §5.2.4).
std::string merge_paths(std::string_view base, std::string_view relative) {
  std::vector<std::string_view> kept;
  const std::size_t slash = base.rfind('/');
  const std::string merged =
      std::string(slash == std::string_view::npos ? "/" : base.substr(0, slash + 1)) +
      std::string(relative);
  const std::vector<std::string_view> segments = split(std::string_view(merged).substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    if (segments[i] == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
    } else if (segments[i] != ".") {
      kept.push_back(segments[i]);
      continue;
    }
    if (is_last) {
      kept.emplace_back();  // "a/.." is a folder and ends in a slash
    }
  }
  std::string path;
  for (const std::string_view segment : kept) {
    path += '/';
    path += segment;
  }
  return path;
}

/// A reference without scheme, as an absolute URL.
std::string complete(const SplitUrl& base, std::string_view reference) {
  if (reference.starts_with("//")) {
    return base.scheme + ":" + std::string(reference);
  }
  if (reference.starts_with('/')) {
    return origin_as_written(base) + std::string(reference);
  }
  if (reference.starts_with('?')) {
    return origin_as_written(base) + std::string(base.path) + std::string(reference);
  }
  const std::size_t query = std::min(reference.find('?'), reference.size());
  return origin_as_written(base) + merge_paths(base.path, reference.substr(0, query)) +
         std::string(reference.substr(query));
}

std::string resolve(std::string_view request_url, std::string_view location, Downgrade downgrade) {
  const std::string_view reference = without_fragment(trim(location));
  if (reference.empty()) {
    throw Unusable{"it is empty"};
  }
  check_characters(reference);
  const SplitUrl base = split_url(without_fragment(request_url));
  std::string url =
      scheme_of(reference).empty() ? complete(base, reference) : std::string(reference);
  const SplitUrl parts = split_url(url);
  const bool is_downgrade = base.scheme == "https" && parts.scheme == "http";
  const bool is_untold_tls = is_downgrade && parts.host == base.host &&
                             (parts.port == base.port || parts.port == default_port("http"));
  if (is_untold_tls || parts.has_origin_of(base)) {
    return origin_as_written(base) + std::string(parts.path) + std::string(parts.query);
  }
  if (is_downgrade && downgrade == Downgrade::refuse) {
    throw Unusable{
        "it leads from https to plain http (insecure: true in the auth file allows that)"};
  }
  return url;
}

[[noreturn]] void throw_unusable(std::string_view url, const std::string& reason) {
  throw Error("a server gave the address \"" + printable(redact_url(url), kShownUrl) +
              "\", which cannot be used: " + reason);
}

}  // namespace

std::string resolve_location(std::string_view request_url,
                             std::string_view location,
                             Downgrade downgrade) {
  try {
    return resolve(request_url, location, downgrade);
  } catch (const Unusable& unusable) {
    throw_unusable(location, unusable.reason);
  }
}

std::string with_digest(std::string_view url, const Digest& digest) {
  std::string result(without_fragment(url));
  if (result.find('?') == std::string::npos) {
    result += '?';
  } else if (result.back() != '?' && result.back() != '&') {
    result += '&';
  }
  return result + "digest=" + percent_encode(digest.str());
}

std::string origin(std::string_view url) {
  const OriginParts parts = split_origin(url);
  return parts.scheme + "://" + parts.host + ":" + parts.port;
}

OriginParts split_origin(std::string_view url) {
  try {
    const SplitUrl parts = split_url(without_fragment(url));
    return {parts.scheme, parts.host, std::to_string(parts.port)};
  } catch (const Unusable& unusable) {
    throw_unusable(url, unusable.reason);
  }
}

bool same_origin(std::string_view a, std::string_view b) {
  try {
    return split_url(without_fragment(a)).has_origin_of(split_url(without_fragment(b)));
  } catch (const Unusable&) {
    return false;
  }
}

}  // namespace image_syncer
