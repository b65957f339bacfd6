#include "server/deadlines.hpp"

#include <utility>

namespace image_syncer {

void Deadlines::set(Watched& connection, Time when) {
  if (!connection.entry) {
    connection.entry = queue_.emplace(when, &connection);
    return;
  }
  auto node = queue_.extract(*connection.entry);
  node.key() = when;
  connection.entry = queue_.insert(std::move(node));
}

void Deadlines::clear(Watched& connection) {
  if (connection.entry) {
    queue_.erase(*connection.entry);
    connection.entry.reset();
  }
}

std::optional<Deadlines::Time> Deadlines::next() const {
  return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first);
}

}  // namespace image_syncer
