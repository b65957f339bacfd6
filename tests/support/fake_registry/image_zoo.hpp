#pragma once

#include "support/fake_registry/image_builder.hpp"

#include <string>
#include <vector>

namespace image_syncer {

/// One image of a kind that is found in registries.
struct ZooImage {
  std::string kind;  ///< a valid tag: "docker-list"
  BuiltManifest manifest;
};

/// Every kind of image there is, small, and one with a layer of more than 1 MiB. Those of docker's
/// schema1 say that they are `repository`'s.
[[nodiscard]] std::vector<ZooImage> image_zoo(const std::string& repository);

}  // namespace image_syncer
