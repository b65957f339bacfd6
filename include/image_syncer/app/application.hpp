#pragma once

namespace image_syncer {

/// The whole program: reads the command line and runs what it asks for. Called once, from `main`,
/// before any thread exists. Returns the exit code (docs/configuration.md, Exit codes). Throws
/// nothing.
[[nodiscard]] int run_application(int argc, const char* const* argv) noexcept;

}  // namespace image_syncer
