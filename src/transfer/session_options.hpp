#pragma once

#include <image_syncer/http/session.hpp>
#include <image_syncer/transfer/engine.hpp>

namespace image_syncer {

/// What every session of an engine has in common.
[[nodiscard]] inline SessionOptions session_options(const EngineOptions& options) {
  SessionOptions result;
  result.user_agent = options.user_agent;
  result.on_answer = options.on_answer;
  return result;
}

}  // namespace image_syncer
