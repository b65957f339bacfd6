#include "config/tree_builder.hpp"

#include <cassert>
#include <utility>

namespace image_syncer {

namespace {

/// YAML's merge key (https://yaml.org/type/merge.html); in JSON, where all keys are quoted, an
/// ordinary one.
bool is_merge_key(const Node& node) {
  return !node.quoted && node.text == "<<";
}

}  // namespace

std::string_view describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::scalar:
      return "text";
    case NodeKind::sequence:
      return "a list";
    case NodeKind::map:
      return "a map";
  }
  return "";
}

void TreeBuilder::add(const NodePtr& node, Position position) {
  count(node->size, position);
  if (open_.empty()) {
    root_ = node;
    return;
  }
  Open& parent = open_.back();
  if (parent.node->kind == NodeKind::sequence) {
    parent.node->items.push_back(node);
    parent.node->size += node->size;
    return;
  }
  if (!parent.awaits_value) {
    add_key(parent, *node, position);
    return;
  }
  parent.awaits_value = false;
  parent.node->size += node->size;
  if (parent.merging) {
    parent.merges.push_back(node);
    parent.node->entries.pop_back();
  } else {
    parent.node->entries.back().value = node;
  }
}

void TreeBuilder::begin(NodeKind kind, Position position) {
  if (open_.size() >= kMaxDepth) {
    throw SyntaxError(position, "nested more than " + std::to_string(kMaxDepth) + " levels deep");
  }
  if (!open_.empty() && open_.back().node->kind == NodeKind::map && !open_.back().awaits_value) {
    throw SyntaxError(position, "a key must be text, found " + std::string(describe(kind)));
  }
  Open opened;
  opened.node = std::make_shared<Node>();
  opened.node->kind = kind;
  opened.node->position = position;
  open_.push_back(std::move(opened));
}

NodePtr TreeBuilder::end() {
  assert(!open_.empty());
  Open closed = std::move(open_.back());
  open_.pop_back();
  for (const NodePtr& value : closed.merges) {
    merge(closed, *value);
  }
  // Its members are counted already.
  const std::size_t size = std::exchange(closed.node->size, 1);
  add(closed.node, closed.node->position);
  if (!open_.empty()) {
    open_.back().node->size += size - 1;
  }
  closed.node->size = size;
  return closed.node;
}

void TreeBuilder::add_key(Open& map, const Node& node, Position position) {
  if (node.kind != NodeKind::scalar) {
    throw SyntaxError(position, "a key must be text, found " + std::string(describe(node.kind)));
  }
  map.awaits_value = true;
  map.node->entries.push_back({node.text, position, nullptr});
  map.merging = is_merge_key(node);
  if (map.merging) {
    return;
  }
  const auto [first, is_new] = map.keys.emplace(node.text, position);
  if (!is_new) {
    complaints_.error(position,
                      path(),
                      "duplicate key, first used in line " + std::to_string(first->second.line));
  }
}

/// Adds the entries of `value` (a map or a list of maps) whose keys `map` does not have itself.
void TreeBuilder::merge(Open& map, const Node& value) {
  if (value.kind == NodeKind::sequence) {
    for (const NodePtr& item : value.items) {
      if (item->kind != NodeKind::map) {
        throw SyntaxError(item->position, "<< takes maps only");
      }
      merge(map, *item);
    }
    return;
  }
  if (value.kind != NodeKind::map) {
    throw SyntaxError(value.position, "<< takes a map or a list of maps");
  }
  for (const MapEntry& entry : value.entries) {
    if (map.keys.emplace(entry.key, entry.position).second) {
      map.node->entries.push_back(entry);
      map.node->size += entry.value->size;
    }
  }
}

void TreeBuilder::count(std::size_t nodes, Position position) {
  nodes_ += nodes;
  if (nodes_ > kMaxNodes) {
    throw SyntaxError(position, "more than " + std::to_string(kMaxNodes) + " values");
  }
}

/// "quay.io.username": the keys that lead to where we are.
std::string TreeBuilder::path() const {
  std::string path;
  for (const Open& open : open_) {
    if (open.node->kind == NodeKind::map && !open.node->entries.empty()) {
      path += (path.empty() ? "" : ".") + open.node->entries.back().key;
    }
  }
  return path;
}

}  // namespace image_syncer
