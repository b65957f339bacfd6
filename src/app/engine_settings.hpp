#pragma once

#include <image_syncer/app/options.hpp>
#include <image_syncer/config/registries.hpp>
#include <image_syncer/transfer/engine.hpp>

namespace image_syncer {

/// What the command line says of how images are copied.
[[nodiscard]] EngineOptions engine_options(const Options& options,
                                           const RegistryEntries& registries);

}  // namespace image_syncer
