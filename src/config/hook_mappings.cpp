#include "config/hook_mappings.hpp"

#include "config/auth_reader.hpp"
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::array<std::string_view, 3> kMappingKeys = {
    "sourceName", "namespace", "destinationName"};

std::string_view without_slashes(std::string_view text) {
  text = trim(text);
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  return text;
}

/// Whether the first part of a name is a registry, as names of images are read.
bool names_a_registry(std::string_view text) {
  return parse_repository(std::string(text.substr(0, text.find('/'))) + "/namespace/image")
      .path.starts_with("namespace/");
}

void add_once(std::vector<std::string>& list, std::string item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.push_back(std::move(item));
  }
}

std::string parse_namespace(std::string_view text) {
  const std::string_view name = without_slashes(text);
  if (name.find('/') != std::string_view::npos) {
    throw Error("\"" + std::string(name) +
                "\" has a slash: a namespace is the one part after the registry");
  }
  try {
    (void)parse_repository("registry.example/" + std::string(name));
  } catch (const Error&) {
    throw Error("\"" + printable(name, 120) +
                "\" is no namespace: lower-case letters, digits, and . _ - between them");
  }
  return std::string(name);
}

void read_source(HookMapping& mapping, const Section& entry) {
  const std::optional<Value> value = entry.value("sourceName");
  if (!value) {
    if (entry.find("sourceName") == nullptr) {
      entry.error("sourceName", "is missing: the registry of the pushed images");
    }
    return;
  }
  try {
    mapping.source_name = parse_registry_name(without_slashes(value->text));
    if (!names_a_registry(mapping.source_name)) {
      entry.warn("sourceName",
                 "has no dot and no port: images whose name begins with it are Docker Hub's");
    }
  } catch (const Error& error) {
    entry.error("sourceName", *value, error.message());
  }
}

void read_namespaces(HookMapping& mapping, const Section& entry) {
  const std::vector<Section::Word> words = entry.words("namespace");
  for (const Section::Word& word : words) {
    try {
      add_once(mapping.namespaces, parse_namespace(word.text));
    } catch (const Error& error) {
      entry.error(word, "namespace", error.message());
    }
  }
  if (words.empty()) {
    entry.error("namespace", "is missing: the namespaces of the pushed images");
  }
}

void read_destinations(HookMapping& mapping, const Section& entry) {
  const std::vector<Section::Word> words = entry.words("destinationName");
  for (const Section::Word& word : words) {
    try {
      const std::string destination = parse_repository_prefix(word.text);
      if (!names_a_registry(without_slashes(word.text))) {
        entry.warn("destinationName",
                   "\"" + word.value.written + "\" names no registry (no dot, no port): it is " +
                       "Docker Hub's, docker.io/…");
      }
      add_once(mapping.destinations, destination);
    } catch (const Error& error) {
      entry.error(word, "destinationName", error.message());
    }
  }
  if (words.empty()) {
    entry.error("destinationName", "is missing: where the images go");
  }
}

}  // namespace

std::vector<HookMapping> read_hook_mappings(const Section& registry, SyncContext& context) {
  std::vector<HookMapping> mappings;
  const MapEntry* const list = registry.find("reg");
  if (list == nullptr) {
    return mappings;
  }
  if (list->value->kind != NodeKind::sequence) {
    registry.error("reg",
                   wrong_type("a list of {sourceName, namespace, destinationName}", *list->value));
    return mappings;
  }
  for (std::size_t at = 0; at < list->value->items.size(); ++at) {
    const Node& item = *list->value->items[at];
    const Section entry(item, "registry.reg[" + std::to_string(at) + "]", kMappingKeys, context);
    if (item.kind != NodeKind::map) {
      if (item.kind == NodeKind::null) {
        registry.error("reg", "entry " + std::to_string(at + 1) + " is empty");
      }
      continue;
    }
    HookMapping mapping;
    mapping.mark = context.complaints.mark(item.position);
    read_source(mapping, entry);
    read_namespaces(mapping, entry);
    read_destinations(mapping, entry);
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

std::string parse_registry_name(std::string_view text) {
  std::string name = normalize_auth_key(text);
  if (name.find('/') != std::string::npos) {
    throw Error("\"" + printable(text, 120) + "\" is more than a registry: expected host[:port]");
  }
  return name;
}

std::string parse_repository_prefix(std::string_view text) {
  static constexpr std::string_view kBelow = "/namespace/image";
  const std::string prefix(without_slashes(text));
  if (prefix.find("://") != std::string::npos) {
    throw Error("write the registry without http:// or https://");
  }
  const std::string whole = prefix + std::string(kBelow);
  std::string name;
  try {
    name = parse_repository(whole).str();
  } catch (const Error& error) {
    throw Error(as_written(error.message(), whole, prefix));
  }
  name.resize(name.size() - kBelow.size());
  return name;
}

}  // namespace image_syncer
