#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A place in a text. Both count from 1 (columns in bytes); 0 = unknown.
struct Position {
  int line = 0;
  int column = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

enum class NodeKind { null, scalar, sequence, map };

/// "text", "a list", …: for complaints about a wrong type.
[[nodiscard]] std::string_view describe(NodeKind kind);

struct Node;

/// Nodes are shared where a YAML alias names them a second time, and never change once built.
using NodePtr = std::shared_ptr<const Node>;

/// `key: value` of a map, in the order of the file.
struct MapEntry {
  std::string key;
  Position position;  ///< of the key
  NodePtr value;
};

/// A parsed YAML or JSON document, with the place of everything in it.
struct Node {
  NodeKind kind = NodeKind::null;
  Position position;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar that is text for certain: `"5000"`, not `5000`
  std::vector<NodePtr> items;
  std::vector<MapEntry> entries;
  std::size_t size = 1;  ///< nodes in this tree; what an alias names is counted each time
};

}  // namespace image_syncer
