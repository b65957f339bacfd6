#pragma once

#include <string>
#include <vector>

namespace image_syncer {

/// One file of the project; `path` is relative to its root ("src/http/session.cpp").
struct SourceFile {
  std::string path;
  std::string text;
};

/// Holds the module table of docs/architecture.md over files below include/image_syncer and src:
/// who may include whom, which module owns which third-party library, what a public header may
/// show, and no circles. `files` must be all of them, since includes are looked up there. Returns
/// one line per violation, usable alone.
[[nodiscard]] std::vector<std::string> check_includes(const std::vector<SourceFile>& files);

}  // namespace image_syncer
