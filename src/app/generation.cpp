#include "app/generation.hpp"

#include <image_syncer/util/clock.hpp>

#include <optional>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

EngineOptions daemon_options(const DaemonConfig& config, const Shared& shared) {
  EngineOptions options = engine_options(config, shared.options);
  options.takes_pushes = true;
  options.on_answer = [&metrics = shared.metrics, &registries = shared.board.registries](
                          const std::string& host, int status) {
    metrics.request(host, status);
    registries.request(host, status);
  };
  options.on_condition = [&registries = shared.board.registries](
                             const std::string& host,
                             RegistryCondition condition,
                             const std::string& reason,
                             std::optional<Clock::wall_time> until) {
    registries.set_condition(host, condition, reason, until);
  };
  return options;
}

}  // namespace

Generation::Generation(DaemonSettings settings, const Shared& shared)
    : settings_(std::move(settings)),
      shared_(shared),
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
