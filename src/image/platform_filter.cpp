#include <image_syncer/image/platform.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
  throw Error("\"" + printable(pattern, 100) + "\" is not a platform pattern: " + why);
}

/// The names that `uname` and Go use for one architecture.
std::string canonical_architecture(const std::string& name) {
  constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
      {"aarch64", "arm64"},
      {"x86_64", "amd64"},
  };
  for (const auto& [alias, canonical] : kAliases) {
    if (name == alias) {
      return std::string(canonical);
    }
  }
  return name;
}

/// A name, a version or a variant, lower case.
std::string word(std::string_view pattern, std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string lower = to_lower(text);
  if (lower.empty()) {
    refuse(pattern, "a part of it is empty");
  }
  if (lower.find_first_not_of(kAllowed) != std::string::npos) {
    refuse(pattern, "only letters, digits, \".\", \"_\" and \"-\" may stand in a part");
  }
  return lower;
}

/// Whether `version` is `wanted` or continues it after a `.`.
bool version_matches(std::string_view wanted, std::string_view version) {
  return version.starts_with(wanted) &&
         (version.size() == wanted.size() || version[wanted.size()] == '.');
}

}  // namespace

/// `name[:detail]`
PlatformFilter::Pattern PlatformFilter::parse_pattern(std::string_view whole,
                                                      std::string_view text) {
  const std::size_t colon = text.find(':');
  Pattern pattern{word(whole, text.substr(0, colon)), {}};
  if (colon != std::string_view::npos) {
    pattern.detail = word(whole, text.substr(colon + 1));
  }
  return pattern;
}

PlatformFilter::PlatformFilter(const std::vector<std::string>& os_patterns,
                               const std::vector<std::string>& architecture_patterns) {
  const auto parse_all = [](const std::vector<std::string>& texts) {
    std::vector<Pattern> patterns;
    patterns.reserve(texts.size());
    for (const std::string& text : texts) {
      patterns.push_back(parse_pattern(text, trim(text)));
    }
    return patterns;
  };
  std::vector<Pattern> systems = parse_all(os_patterns);
  std::vector<Pattern> architectures = parse_all(architecture_patterns);
  if (systems.empty() && architectures.empty()) {
    return;
  }
  // An empty list allows anything: one pattern without a name.
  systems.resize(std::max<std::size_t>(systems.size(), 1));
  architectures.resize(std::max<std::size_t>(architectures.size(), 1));
  for (const Pattern& system : systems) {
    for (const Pattern& architecture : architectures) {
      pairs_.push_back({system, architecture});
    }
  }
  simplify();
}

PlatformFilter PlatformFilter::from_platforms(const std::vector<std::string>& patterns) {
  PlatformFilter filter;
  for (const std::string& text : patterns) {
    const std::vector<std::string_view> parts = split(trim(text), '/');
    if (parts.size() > 3) {
      refuse(text, "write os/architecture or os/architecture/variant");
    }
    Pair pair{parse_pattern(text, parts[0]), {}};
    if (parts.size() > 1) {
      pair.architecture.name = word(text, parts[1]);
    }
    if (parts.size() > 2) {
      pair.architecture.detail = word(text, parts[2]);
    }
    filter.pairs_.push_back(std::move(pair));
  }
  filter.simplify();
  return filter;
}

/// One form for all filters that mean the same: canonical names, sorted, and without the pairs that
/// another pair covers.
void PlatformFilter::simplify() {
  for (Pair& pair : pairs_) {
    pair.architecture.name = canonical_architecture(pair.architecture.name);
  }
  std::sort(pairs_.begin(), pairs_.end());
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
  std::vector<Pair> kept;
  for (const Pair& pair : pairs_) {
    const bool covered = std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& other) {
      return other != pair && covers(other, pair);
    });
    if (!covered) {
      kept.push_back(pair);
    }
  }
  pairs_ = std::move(kept);
}

bool PlatformFilter::covers(const Pair& general, const Pair& special) {
  const auto same_or_any = [](const std::string& wanted, const std::string& name) {
    return wanted.empty() || wanted == name;
  };
  return same_or_any(general.os.name, special.os.name) &&
         (general.os.detail.empty() || version_matches(general.os.detail, special.os.detail)) &&
         same_or_any(general.architecture.name, special.architecture.name) &&
         same_or_any(general.architecture.detail, special.architecture.detail);
}

bool PlatformFilter::empty() const {
  return pairs_.empty();
}

bool PlatformFilter::matches(const Platform& platform) const {
  if (empty()) {
    return true;
  }
  Pair given{{to_lower(platform.os), to_lower(platform.os_version)},
             {canonical_architecture(to_lower(platform.architecture)), to_lower(platform.variant)}};
  // v8 is the only variant that images for arm64 are built for, and most leave it out.
  if (given.architecture.name == "arm64" && given.architecture.detail.empty()) {
    given.architecture.detail = "v8";
  }
  return std::any_of(
      pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return covers(pair, given); });
}

std::string PlatformFilter::normalized() const {
  const auto text_of = [](const Pattern& pattern) {
    const std::string name = pattern.name.empty() ? "*" : pattern.name;
    return pattern.detail.empty() ? name : name + ":" + pattern.detail;
  };
  std::string text;
  for (const Pair& pair : pairs_) {
    text += (text.empty() ? "" : ",") + text_of(pair.os) + "/" + text_of(pair.architecture);
  }
  return text;
}

}  // namespace image_syncer
