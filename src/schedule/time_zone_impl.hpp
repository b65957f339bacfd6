#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What is said about a zone that is not among `known`, with the nearest of them.
[[nodiscard]] std::string unknown_zone_message(std::string_view name,
                                               const std::vector<std::string>& known);

/// Whether a file of the database (TZif, RFC 9636) goes on with changes of the clocks after its
/// tables.
[[nodiscard]] bool has_changing_formula(std::string_view zone_file);

}  // namespace image_syncer
