#pragma once

#include "structure/include_rules.hpp"

#include <string>
#include <vector>

namespace image_syncer {

/// All code shares one namespace: two types of one name in headers that no file includes both would
/// be one type to the linker, with the size of either. Returns one line per name that is defined in
/// two headers.
[[nodiscard]] std::vector<std::string> check_type_names(const std::vector<SourceFile>& files);

}  // namespace image_syncer
