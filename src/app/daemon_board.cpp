#include "app/daemon_board.hpp"

namespace image_syncer {

std::set<std::string> registries_of(const DaemonConfig& config) {
  std::set<std::string> registries;
  for (const Rule& rule : config.rules) {
    registries.insert(rule.source.registry);
    for (const Destination& destination : rule.destinations) {
      registries.insert(destination.repository.registry);
    }
  }
  for (const HookMapping& mapping : config.hook_mappings) {
    registries.insert(mapping.source_name);
    for (const std::string& destination : mapping.destinations) {
      registries.insert(destination.substr(0, destination.find('/')));
    }
  }
  return registries;
}

}  // namespace image_syncer
