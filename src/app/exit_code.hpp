#pragma once

namespace image_syncer {

inline constexpr int kExitOk = 0;           ///< every selected image copied, equal or filtered
inline constexpr int kExitFailures = 1;     ///< an image failed or was deferred
inline constexpr int kExitUsage = 2;        ///< usage or configuration; nothing was started
inline constexpr int kExitInterrupted = 3;  ///< stopped by a signal

}  // namespace image_syncer
