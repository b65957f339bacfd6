#pragma once

#include <image_syncer/image/digest.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// What a failure means for the step that met it.
enum class VerdictKind {
  again,          ///< the same step can succeed later
  limited,        ///< the host wants to be left alone for a while
  fail,           ///< this image, at this target
  give_up_host,   ///< everything at this registry
  missing_blobs,  ///< the target does not have what it was thought to have: send it again
  immutable_tag,  ///< the tag cannot be written: fine if it is equal
};

struct Verdict {
  VerdictKind kind = VerdictKind::fail;
  std::string reason;
  std::optional<std::chrono::seconds> retry_after;
  std::vector<Digest> digests;  ///< with missing_blobs: those that the registry named
  bool host_failed = false;     ///< no answer, or 5xx: counts for the host's circuit
  bool content_wrong = false;   ///< the source's bytes are not those of the digest
};

/// Reads a failure. `Stopped` is rethrown: it is none. Foreign exceptions (a bug, no memory) fail
/// the image with their text.
[[nodiscard]] Verdict judge(const std::exception_ptr& failure);

}  // namespace image_syncer
