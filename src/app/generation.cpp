#include "app/generation.hpp"

#include <image_syncer/util/clock.hpp>

#include <string>
#include <utility>

namespace image_syncer {
namespace {

EngineOptions with_pushes(EngineOptions options) {
  options.takes_pushes = true;
  return options;
}

}  // namespace

Generation::Generation(DaemonSettings settings, const Shared& shared)
    : settings_(std::move(settings)),
      registries_(settings_->registries, process_environment()),
      engine_(
          with_pushes(engine_options(*settings_, shared.options)),
          [this](const std::string& name) -> Registry& { return registries_.get(name); },
          shared.record,
          shared.targets,
          system_clock()) {
  engine_.start(shared.stop);
}

Generation::~Generation() {
  engine_.finish();
}

}  // namespace image_syncer
