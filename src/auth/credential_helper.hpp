#pragma once

#include "auth/program.hpp"
#include <image_syncer/auth/credential.hpp>

#include <optional>
#include <stop_token>
#include <string>

namespace image_syncer {

/// "docker-credential-ecr-login"
[[nodiscard]] std::string helper_program(const std::string& name);

/// Asks a credential helper by docker's protocol (docker-credential-helpers, `get`): the credential
/// for `server`, or nothing when it has none. Blocks for as long as the program takes. Throws
/// `Error` (Retry::never) that says what went wrong, without the names, and `Stopped`. What the
/// program writes to stderr goes to the log (debug).
[[nodiscard]] std::optional<Credential> ask_helper(const std::string& name,
                                                   const std::string& server,
                                                   const std::string& search_path,
                                                   const ProgramLimits& limits,
                                                   const std::stop_token& stop);

}  // namespace image_syncer
