#include "config/rules_reader.hpp"

#include "config/expansion.hpp"
#include "config/fields.hpp"
#include "config/rule_grammar.hpp"
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::array<std::string_view, 3> kRuleKeys = {"source", "destinations", "platforms"};
/// Of a rule whose source is the key that leads to it.
constexpr std::array<std::string_view, 2> kKeyedRuleKeys = {"destinations", "platforms"};

/// What is wrong with a destination, in words that show what stands in the file and not what its
/// variables hold.
std::string problem_of(std::string message, std::string_view written, const Expansion& expansion) {
  if (!expansion.changed) {
    return message;
  }
  if (const std::size_t at = message.find(expansion.text);
      at != std::string::npos && !expansion.text.empty()) {
    message.replace(at, expansion.text.size(), written);
  }
  const bool shows_a_value =
      std::any_of(expansion.inserted.begin(), expansion.inserted.end(), [&](const auto& value) {
        return !value.empty() && message.find(value) != std::string::npos;
      });
  return "with its variables replaced: " +
         (shows_a_value ? "no valid destination" : std::move(message));
}

class RulesReader {
 public:
  RulesReader(const RuleContext& context, RuleSet& set, FileComplaints& complaints)
      : context_(context),
        set_(set),
        complaints_(complaints) {}

  void read(const Node& root, std::string_view path) {
    if (root.kind == NodeKind::map) {
      for (const MapEntry& entry : root.entries) {
        read_entry(entry, join_path(path, entry.key));
      }
    } else if (root.kind == NodeKind::sequence) {
      for (std::size_t at = 0; at < root.items.size(); ++at) {
        read_item(*root.items[at], join_path(path, "rule " + std::to_string(at + 1)));
      }
    } else if (root.kind == NodeKind::scalar) {
      complaints_.error(
          root.position, path, wrong_type("a map source: destination, or a list of rules", root));
      return;
    }
    if (root.entries.empty() && root.items.empty()) {
      complaints_.error(root.position, path, "holds no rules");
    }
  }

 private:
  /// `source: destination`, `source: [destination, …]` or `source: {destinations: …}`.
  void read_entry(const MapEntry& entry, const std::string& path) {
    std::optional<Rule> rule = begin_rule(entry.key, entry.position, path);
    const Node& value = *entry.value;
    if (value.kind == NodeKind::map) {
      const Fields fields =
          match_fields(value, kKeyedRuleKeys, path, UnknownKey::error, complaints_);
      read_fields(rule, fields, value.position, path);
    } else {
      read_destinations(rule, entry, path);
    }
    finish_rule(std::move(rule), path);
  }

  /// `{source: …, destinations: …}` in a list.
  void read_item(const Node& item, const std::string& path) {
    if (item.kind != NodeKind::map) {
      complaints_.error(item.position, path, wrong_type("a map {source, destinations}", item));
      return;
    }
    const Fields fields = match_fields(item, kRuleKeys, path, UnknownKey::error, complaints_);
    const auto source = fields.find("source");
    std::optional<Rule> rule;
    if (source == fields.end()) {
      complaints_.error(item.position, path, "the source is missing");
    } else {
      const Node& node = *source->second->value;
      const std::string key = join_path(path, source->second->key);
      if (const std::optional<std::string_view> text = text_of(node, "a source", key)) {
        rule = begin_rule(*text, node.position, key);
      }
    }
    read_fields(rule, fields, item.position, path);
    finish_rule(std::move(rule), path);
  }

  void read_fields(std::optional<Rule>& rule,
                   const Fields& fields,
                   Position position,
                   const std::string& path) {
    const auto destinations = fields.find("destinations");
    if (destinations == fields.end()) {
      complaints_.error(position, path, "the destinations are missing");
      rule.reset();
    } else {
      read_destinations(rule, *destinations->second, join_path(path, destinations->second->key));
    }
    if (const auto platforms = fields.find("platforms"); platforms != fields.end()) {
      read_platforms(rule, *platforms->second->value, join_path(path, platforms->second->key));
    }
  }

  std::optional<Rule> begin_rule(std::string_view source, Position position, std::string_view key) {
    try {
      RuleSource parsed = parse_rule_source(source, context_.check_pattern);
      Rule rule;
      rule.index = set_.rules.size();
      rule.mark = complaints_.mark(position);
      rule.text = source;
      rule.source = std::move(parsed.repository);
      rule.selection = std::move(parsed.selection);
      return rule;
    } catch (const Error& error) {
      const bool has_variable =
          source.find('$') != std::string_view::npos && source.find(":/") == std::string_view::npos;
      complaints_.error(
          position,
          key,
          error.message() + (has_variable ? " (variables are replaced in destinations only)" : ""));
      return std::nullopt;
    }
  }

  /// One text or a list of them. Without a rule (its source was bad) there is nothing to check them
  /// against.
  void read_destinations(std::optional<Rule>& rule, const MapEntry& entry, const std::string& key) {
    const Node& value = *entry.value;
    if (value.kind == NodeKind::null) {
      complaints_.error(entry.position, key, "the destination is empty");
      return;
    }
    if (value.kind == NodeKind::map) {
      complaints_.error(value.position, key, wrong_type("a destination or a list of them", value));
      return;
    }
    if (value.kind == NodeKind::scalar) {
      read_destination(rule, value, key);
      return;
    }
    if (value.items.empty()) {
      complaints_.error(value.position, key, "the list of destinations is empty");
    }
    for (const NodePtr& item : value.items) {
      read_destination(rule, *item, key);
    }
  }

  void read_destination(std::optional<Rule>& rule, const Node& node, const std::string& key) {
    const std::optional<std::string_view> text = text_of(node, "a destination", key);
    if (!text) {
      return;
    }
    const Expansion expansion =
        expand_destination(*text, context_.environment, context_.credential_variables);
    for (const std::string& error : expansion.errors) {
      complaints_.error(node.position, key, error);
    }
    if (!expansion.errors.empty() || !rule) {
      return;
    }
    try {
      Destination destination = parse_rule_destination(expansion.text, rule->selection);
      const bool is_known = std::any_of(
          rule->destinations.begin(), rule->destinations.end(), [&](const Destination& known) {
            return known.repository == destination.repository && known.names == destination.names;
          });
      if (is_known) {
        complaints_.warn(node.position, key, "the same destination twice: ignored here");
        return;
      }
      if (destination.repository == rule->source && destination.names.empty()) {
        complaints_.warn(node.position, key, "source and destination are the same");
      }
      rule->destinations.push_back(std::move(destination));
    } catch (const Error& error) {
      complaints_.error(node.position, key, problem_of(error.message(), *text, expansion));
    }
  }

  void read_platforms(std::optional<Rule>& rule, const Node& value, const std::string& key) {
    std::vector<const Node*> items;
    if (value.kind == NodeKind::scalar) {
      items.push_back(&value);
    } else if (value.kind == NodeKind::sequence) {
      for (const NodePtr& item : value.items) {
        items.push_back(item.get());
      }
    } else {
      complaints_.error(value.position, key, wrong_type("a list such as [linux/amd64]", value));
      return;
    }
    std::vector<std::string> patterns;
    for (const Node* const item : items) {
      const std::optional<std::string_view> text = text_of(*item, "a platform", key);
      if (!text) {
        continue;
      }
      try {
        patterns.emplace_back(*text);
        (void)PlatformFilter::from_platforms({patterns.back()});
      } catch (const Error& error) {
        patterns.pop_back();
        complaints_.error(item->position, key, error.message());
      }
    }
    if (rule) {
      rule->platforms = PlatformFilter::from_platforms(patterns);
    }
  }

  void finish_rule(std::optional<Rule> rule, const std::string& path) {
    if (rule && !rule->destinations.empty()) {
      set_.owners.claim(*rule, path, complaints_);
      set_.rules.push_back(*std::move(rule));
    }
  }

  /// The text of a node that must be one; a number or a truth value is none.
  std::optional<std::string_view> text_of(const Node& node,
                                          const std::string& expected,
                                          const std::string& key) {
    if (node.kind != NodeKind::scalar) {
      complaints_.error(node.position, key, wrong_type(expected, node));
      return std::nullopt;
    }
    if (is_number_or_bool(node)) {
      complaints_.error(node.position, key, "expected " + expected + ", found " + node.text);
      return std::nullopt;
    }
    return node.text;
  }

  const RuleContext& context_;
  RuleSet& set_;
  FileComplaints& complaints_;
};

}  // namespace

void read_rules(const Node& root,
                std::string_view path,
                const RuleContext& context,
                RuleSet& set,
                FileComplaints& complaints) {
  RulesReader(context, set, complaints).read(root, path);
}

}  // namespace image_syncer
