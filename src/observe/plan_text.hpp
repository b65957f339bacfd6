#pragma once

#include <image_syncer/observe/run_state.hpp>

#include <string>

namespace image_syncer {

/// What `--dry-run` tells of one image at one target, one line with its newline:
/// "copy      SOURCE -> TARGET  DIGEST". `note`: cleaned already; may be empty.
[[nodiscard]] std::string plan_line(const ImageOutcome& outcome, const std::string& note);

}  // namespace image_syncer
