#pragma once

#include <image_syncer/image/digest.hpp>

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// A repository of a registry, normalised: `docker.io/library/nginx`, `localhost:5000/a/b`,
/// `[::1]:5000/a`. `registry` is the host with its port as written (Docker Hub's names become
/// `docker.io`); `path` is the name within the registry.
struct Repository {
  std::string registry;
  std::string path;

  [[nodiscard]] std::string str() const { return registry + "/" + path; }

  friend auto operator<=>(const Repository&, const Repository&) = default;
};

/// An image in a repository: by tag, by digest, or (both empty) the repository itself. With both,
/// the digest is what is read and the tag what is written.
struct Reference {
  Repository repository;
  std::string tag;
  std::optional<Digest> digest;

  /// What stands in the URL after `manifests/`: the digest if there is one, else the tag.
  [[nodiscard]] std::string identifier() const { return digest ? digest->str() : tag; }

  /// `registry/path[:tag][@digest]`
  [[nodiscard]] std::string str() const;
  friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// Splits and normalises `[host[:port]/]path` as docker does (its reference grammar): the first
/// component is a host iff it holds `.` or `:`, equals `localhost`, or holds an upper-case letter;
/// otherwise the host is Docker Hub. `library/` is added on Docker Hub only, to a path without `/`.
/// Host names are lower-cased; `index.docker.io` and `registry-1.docker.io` become `docker.io`.
/// Throws `Error` that quotes the text and names the offending part.
[[nodiscard]] Repository parse_repository(std::string_view text);

/// `parse_repository` plus `[:tag][@digest]`. No tag is invented: `alpine` stays without one.
[[nodiscard]] Reference parse_reference(std::string_view text);

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution-spec, Pulling manifests)
[[nodiscard]] bool is_valid_tag(std::string_view text);

/// Docker Hub's aliases become `docker.io`; everything else is only lower-cased. A name that is a
/// host by nothing but an upper-case letter (`Reg/app`) keeps it.
[[nodiscard]] std::string normalize_registry(std::string_view host);

}  // namespace image_syncer

template <>
struct std::hash<image_syncer::Repository> {
  std::size_t operator()(const image_syncer::Repository& repository) const noexcept {
    const std::hash<std::string> of;
    return of(repository.registry) * 31 + of(repository.path);
  }
};
