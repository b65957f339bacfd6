#pragma once

#include "support/http_server/server_message.hpp"

#include <string>
#include <string_view>

namespace image_syncer {

/// The error envelope of the distribution specification: `{"errors":[{"code":…,"message":…}]}`.
[[nodiscard]] ServerResponse registry_error(int status,
                                            std::string_view code,
                                            std::string_view message,
                                            std::string_view detail = {});

}  // namespace image_syncer
