#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// The platform of an image as it stands in a descriptor or a config blob.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;

  /// `linux/arm64/v8`, `windows/amd64 10.0.17763.1`; for messages.
  [[nodiscard]] std::string str() const;
  friend auto operator<=>(const Platform&, const Platform&) = default;
};

/// Which platforms of an image are copied (docs/configuration.md, platform filters):
/// `--os`/`--arch`, `sync.filter`, a rule's `platforms`. Patterns: os `linux`, `windows:10.0.17763`
/// (os.version, whole or a prefix that ends at a `.`); architecture `amd64` (any variant), `arm:v7`
/// (that variant; arm64 without a variant is v8). Within a list any may match; os and architecture
/// must both match. `aarch64` = `arm64`, `x86_64` = `amd64`. Case does not matter. An empty filter
/// keeps everything.
class PlatformFilter {
 public:
  PlatformFilter() = default;

  /// Throws `Error` that quotes the first malformed pattern. An empty list allows any value.
  PlatformFilter(const std::vector<std::string>& os_patterns,
                 const std::vector<std::string>& architecture_patterns);
  /// From `os[/architecture[/variant]]` patterns (`platforms:` of a rule). An image passes if any
  /// matches. The os may have a version as above. Throws `Error` like the constructor.
  [[nodiscard]] static PlatformFilter from_platforms(const std::vector<std::string>& patterns);

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool matches(const Platform& platform) const;
  /// A short stable text that is equal for filters that mean the same, however they were written;
  /// "" for the empty filter. Its hash is the record's *transform*.
  [[nodiscard]] std::string normalized() const;

  friend bool operator==(const PlatformFilter&, const PlatformFilter&) = default;

 private:
  struct Pattern {
    std::string name;    // empty: any
    std::string detail;  // os.version or variant; empty: any
    friend auto operator<=>(const Pattern&, const Pattern&) = default;
  };

  struct Pair {
    Pattern os;
    Pattern architecture;
    friend auto operator<=>(const Pair&, const Pair&) = default;
  };

  [[nodiscard]] static Pattern parse_pattern(std::string_view whole, std::string_view text);
  [[nodiscard]] static bool covers(const Pair& general, const Pair& special);
  void simplify();

  std::vector<Pair> pairs_;  // any may match; none: everything does
};

}  // namespace image_syncer
