#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"
#include <image_syncer/util/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// The text is no such document: reading cannot go on.
class SyntaxError final : public Error {
 public:
  SyntaxError(Position position, const std::string& message)
      : Error(message),
        position_(position) {}

  [[nodiscard]] Position position() const noexcept { return position_; }

 private:
  Position position_;
};

/// Builds the node tree from a reader's events, the same for YAML and JSON: a map takes key and
/// value in turn. Duplicate keys are complained about and reading goes on; what is too deep, too
/// large or no text where a key belongs throws `SyntaxError`.
class TreeBuilder {
 public:
  /// What a document may hold. Real files are three levels deep; hostile ones are not read to the
  /// end.
  static constexpr std::size_t kMaxDepth = 32;
  static constexpr std::size_t kMaxNodes = 2'000'000;

  explicit TreeBuilder(FileComplaints& complaints)
      : complaints_(complaints) {}

  /// A finished node: null, a scalar, or what a YAML alias names. `position` is where it stands
  /// here.
  void add(const NodePtr& node, Position position);
  void begin(NodeKind kind, Position position);
  /// Ends the innermost list or map and returns it.
  NodePtr end();

  /// The document; absent when there was none.
  [[nodiscard]] NodePtr root() const { return root_; }

 private:
  /// A list or map that is still being read.
  struct Open {
    std::shared_ptr<Node> node;
    std::unordered_map<std::string, Position> keys;
    std::vector<NodePtr> merges;  // values of YAML's `<<`
    bool awaits_value = false;    // in a map: the key is there
    bool merging = false;         // ... and it is `<<`
  };

  void add_key(Open& map, const Node& node, Position position);
  void merge(Open& map, const Node& value);
  void count(std::size_t nodes, Position position);
  [[nodiscard]] std::string path() const;

  FileComplaints& complaints_;
  std::vector<Open> open_;
  NodePtr root_;
  std::size_t nodes_ = 0;
};

}  // namespace image_syncer
