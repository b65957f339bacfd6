#pragma once

#include "support/real_registry/real_registry.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace image_syncer {

/// For a fixture's `SetUp`: skips the test where docker-registry is not installed. In CI (the
/// environment has `CI=true`) it fails instead, so that nothing is left out without a word.
inline void require_real_registry(bool is_available = RealRegistry::available(),
                                  const char* ci = std::getenv("CI")) {
  if (is_available) {
    return;
  }
  if (ci != nullptr && std::string_view(ci) == "true") {
    FAIL() << "docker-registry is not installed";
  }
  GTEST_SKIP() << "docker-registry is not installed";
}

}  // namespace image_syncer
