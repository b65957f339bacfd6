#pragma once

#include <image_syncer/check/check_report.hpp>

#include <string_view>

namespace image_syncer {

// The states by name, as `--json` gives them, and by what people read.

[[nodiscard]] std::string_view name_of(ReachStage stage);
[[nodiscard]] std::string_view words_of(ReachStage stage);
[[nodiscard]] std::string_view name_of(TlsTrust trust);
[[nodiscard]] std::string_view words_of(TlsTrust trust);
[[nodiscard]] std::string_view name_of(AccountState state);
[[nodiscard]] std::string_view words_of(AccountState state);
[[nodiscard]] std::string_view name_of(AccessState state);
[[nodiscard]] std::string_view name_of(UploadTrace trace);

}  // namespace image_syncer
