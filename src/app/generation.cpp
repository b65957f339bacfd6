#include "app/generation.hpp"

#include <image_syncer/util/clock.hpp>

#include <string>
#include <utility>

namespace image_syncer {
namespace {

EngineOptions daemon_options(const DaemonConfig& config, const Shared& shared) {
  EngineOptions options = engine_options(config, shared.options);
  options.takes_pushes = true;
  options.on_answer = [&metrics = shared.metrics](const std::string& host, int status) {
    metrics.request(host, status);
  };
  return options;
}

}  // namespace

Generation::Generation(DaemonSettings settings, const Shared& shared)
    : settings_(std::move(settings)),
      registries_(settings_->registries, process_environment()),
      engine_(
          daemon_options(*settings_, shared),
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
