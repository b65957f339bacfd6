#pragma once

#include "registry/error_table.hpp"
#include <image_syncer/http/message.hpp>
#include <image_syncer/registry/registry_error.hpp>

#include <string>

namespace image_syncer {

/// The error for an answer that is not what `verb` hoped for.
[[nodiscard]] RegistryError answer_error(RegistryVerb verb,
                                         const std::string& registry,
                                         const std::string& repository_path,
                                         Method method,
                                         const Response& response);

}  // namespace image_syncer
