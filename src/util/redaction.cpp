#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/synchronized.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <vector>

namespace image_syncer {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kShortestSecret = 4;
/// Values whose last `Secret` is gone stay known for a while: a message that holds one may still be
/// on its way to the log. A daemon gets a new token every few minutes, so "for ever" would leak.
constexpr std::size_t kRememberedReleases = 64;

/// Query parameters of the registry API (distribution-spec; token specification) that say what is
/// asked for, not who asks.
constexpr std::array<std::string_view, 11> kHarmlessParameters = {"artifacttype",
                                                                  "client_id",
                                                                  "digest",
                                                                  "from",
                                                                  "last",
                                                                  "mount",
                                                                  "n",
                                                                  "ns",
                                                                  "page_size",
                                                                  "scope",
                                                                  "service"};

struct KnownSecrets {
  std::map<std::string, std::size_t, std::less<>> uses;
  std::deque<std::string> released;

  void add(std::string_view value) {
    const auto at = uses.try_emplace(std::string(value), 0).first;
    ++at->second;
  }

  void remove(std::string_view value) {
    const auto at = uses.find(value);
    if (at != uses.end() && --at->second == 0) {
      uses.erase(at);
    }
  }
};

/// Never destroyed: secrets in static objects may outlive any order of destruction.
Synchronized<KnownSecrets>& known_secrets() {
  static auto* const secrets = new Synchronized<KnownSecrets>();
  return *secrets;
}

/// Appends the ranges of `text` that hold `secret`, overlapping ones included.
void find_all(std::string_view text,
              std::string_view secret,
              std::vector<std::pair<std::size_t, std::size_t>>& found) {
  for (std::size_t at = text.find(secret); at != std::string_view::npos;
       at = text.find(secret, at + 1)) {
    found.emplace_back(at, at + secret.size());
  }
}

std::string mask_ranges(std::string_view text,
                        std::vector<std::pair<std::size_t, std::size_t>> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::string result;
  std::size_t done = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin > done || (begin == 0 && done == 0)) {
      result += text.substr(done, begin - done);
      result += kMask;
    }
    done = std::max(done, end);
  }
  return result.append(text.substr(done));
}

bool looks_like_digest(std::string_view text) {
  return text.starts_with("sha256:") || text.starts_with("sha512:");
}

/// Where the authority of `url` begins; npos when it has none that could hold user info.
std::size_t authority_begin(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos && scheme_end < url.find_first_of("?#")) {
    return scheme_end + 3;
  }
  if (url.starts_with("//")) {
    return 2;
  }
  return std::string_view::npos;
}

bool has_odd_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return colon != std::string_view::npos &&
         authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
}

/// How many characters of `rest`, which begins with an authority, are user info with its `@`.
/// Passwords that were not percent-encoded hold `/`, `?` and `#`; then what stands in front of
/// those is no host with port, or the delimiter is none that a URL of a registry has there. When in
/// doubt the text is hidden.
std::size_t user_info_length(std::string_view rest) {
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  std::size_t at = authority.rfind('@');
  const bool doubtful = has_odd_port(authority) || (end < rest.size() && rest[end] != '/');
  if (at == std::string_view::npos && doubtful) {
    at = rest.rfind('@');
  }
  return at == std::string_view::npos ? 0 : at + 1;
}

std::string without_user_info(std::string_view url) {
  const std::size_t begin = authority_begin(url);
  if (begin != std::string_view::npos) {
    return std::string(url.substr(0, begin)) +
           std::string(url.substr(begin + user_info_length(url.substr(begin))));
  }
  // `user:password@host`, as in a proxy setting, but not `image:tag@digest`.
  const std::string_view head = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = head.rfind('@');
  const bool is_user_info = at != std::string_view::npos && head.find(':') < at &&
                            !looks_like_digest(head.substr(at + 1));
  return std::string(is_user_info ? url.substr(at + 1) : url);
}

std::string masked_parameter(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  const std::string_view name = parameter.substr(0, equals);
  const bool harmless =
      std::find(kHarmlessParameters.begin(), kHarmlessParameters.end(), to_lower(name)) !=
      kHarmlessParameters.end();
  if (harmless || parameter.empty() || equals + 1 == parameter.size()) {
    return std::string(parameter);
  }
  if (equals == std::string_view::npos) {
    return std::string(kMask);
  }
  return std::string(name) + "=" + std::string(kMask);
}

}  // namespace

struct Secret::Registration {
  explicit Registration(std::string text)
      : value(std::move(text)),
        encoded(percent_encode(value)) {
    auto known = known_secrets().lock();
    known->add(value);
    known->add(encoded);
  }

  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  Registration(Registration&&) = delete;
  Registration& operator=(Registration&&) = delete;

  ~Registration() {
    auto known = known_secrets().lock();
    for (const std::string& text : {value, encoded}) {
      known->released.push_back(text);
    }
    while (known->released.size() > kRememberedReleases) {
      known->remove(known->released.front());
      known->released.pop_front();
    }
  }

  std::string value;
  std::string encoded;
};

Secret::Secret(std::string value)
    : registration_(value.empty() ? nullptr
                                  : std::make_shared<const Registration>(std::move(value))) {}

const std::string& Secret::reveal() const noexcept {
  static const std::string none;
  return registration_ ? registration_->value : none;
}

Secret basic_form(std::string_view username, const Secret& password) {
  return Secret(base64_encode(std::string(username) + ":" + password.reveal()));
}

void register_secret(std::string_view value) {
  auto known = known_secrets().lock();
  known->add(value);
  known->add(percent_encode(value));
}

std::string redact(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  {
    auto known = known_secrets().lock();
    for (const auto& [secret, uses] : known->uses) {
      if (secret.size() >= kShortestSecret) {
        find_all(text, secret, found);
      }
    }
  }
  return found.empty() ? std::string(text) : mask_ranges(text, std::move(found));
}

std::string redact_url(std::string_view url) {
  const std::string plain = without_user_info(url);
  const std::size_t fragment = plain.find('#');
  std::string_view rest = std::string_view(plain).substr(0, fragment);
  const std::size_t query = rest.find('?');
  std::string result(rest.substr(0, query));
  if (query != std::string_view::npos) {
    char separator = '?';
    for (const std::string_view parameter : split(rest.substr(query + 1), '&')) {
      result += separator;
      result += masked_parameter(parameter);
      separator = '&';
    }
  }
  if (fragment != std::string::npos) {
    result.append("#").append(kMask);
  }
  return result;
}

}  // namespace image_syncer
