#include "app/engine_settings.hpp"

#include "app/version.hpp"

#include <string>

namespace image_syncer {

EngineOptions engine_options(const Options& options, const RegistryEntries& registries) {
  EngineOptions engine;
  engine.workers = options.workers;
  engine.retries = options.retries;
  engine.force = options.force;
  engine.dry_run = options.dry_run;
  engine.include_foreign = options.include_foreign;
  engine.platforms = options.platforms;
  engine.buffer_memory = options.buffer_memory;
  engine.user_agent = "image-syncer/" + std::string(kVersion);
  for (const RegistryEntry& entry : registries.hosts()) {
    if (entry.max_concurrent) {
      engine.host_limits[entry.key] = *entry.max_concurrent;
    }
    if (entry.requests_per_second) {
      engine.requests_per_second[entry.key] = *entry.requests_per_second;
    }
    if (entry.bandwidth) {
      engine.bandwidth[entry.key] = *entry.bandwidth;
    }
  }
  return engine;
}

}  // namespace image_syncer
