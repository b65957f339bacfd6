#include "load_helper.hpp"

#include "support/scratch_dir.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

namespace image_syncer {

namespace {

/// Without the scratch folder's name.
std::string shorten(std::string text, const ScratchDir& folder) {
  const std::string prefix = folder.path().string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

std::vector<std::string> lines_of(const std::vector<Complaint>& complaints,
                                  const ScratchDir& folder) {
  std::vector<std::string> lines;
  lines.reserve(complaints.size());
  for (const Complaint& complaint : complaints) {
    lines.push_back(shorten(complaint.str(), folder));
  }
  return lines;
}

template <typename Load>
auto run(const ScratchDir& folder, const Load& load) {
  LoadedAs<decltype(load())> loaded;
  try {
    loaded.config = load();
    loaded.warnings = lines_of(loaded.config.warnings, folder);
  } catch (const ConfigError& error) {
    loaded.errors = lines_of(error.complaints(), folder);
  }
  return loaded;
}

std::string name_text(const std::variant<std::string, Digest>& name) {
  const auto* const tag = std::get_if<std::string>(&name);
  return tag != nullptr ? *tag : std::get<Digest>(name).abbreviated();
}

std::string names_text(const std::vector<std::variant<std::string, Digest>>& names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? ":" : ",") + name_text(name);
  }
  return text;
}

std::string selection_text(const Selection& selection) {
  if (const auto* const pattern = std::get_if<TagPattern>(&selection)) {
    return ":/" + pattern->expression + "/";
  }
  const auto* const list = std::get_if<TagList>(&selection);
  return list == nullptr ? ":*" : names_text(list->items);
}

}  // namespace

Environment environment_of(std::map<std::string, std::string> variables) {
  return [known = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = known.find(name);
    return found == known.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

std::optional<std::string> check_parentheses(std::string_view expression) {
  const auto opened = std::count(expression.begin(), expression.end(), '(');
  const auto closed = std::count(expression.begin(), expression.end(), ')');
  return opened == closed ? std::nullopt : std::optional<std::string>("missing )");
}

Loaded load_texts(const Files& files, const Environment& environment) {
  const ScratchDir folder;
  std::string auth_path;
  if (!files.auth.empty()) {
    auth_path = folder.write(files.auth_name, files.auth).string();
  }
  const std::string images_path = folder.write(files.images_name, files.images).string();
  return run(folder,
             [&] { return load_files(auth_path, images_path, check_parentheses, environment); });
}

Loaded load_single_text(const std::string& name,
                        const std::string& text,
                        const Environment& environment) {
  const ScratchDir folder;
  const std::string path = folder.write(name, text).string();
  return run(folder, [&] { return load_single_file(path, check_parentheses, environment); });
}

std::optional<std::string> check_fields(std::string_view cron, std::string_view timezone) {
  if (std::count(cron.begin(), cron.end(), ' ') != 4) {
    return "expected five fields";
  }
  return timezone.starts_with("Nowhere") ? std::optional<std::string>("unknown time zone")
                                         : std::nullopt;
}

LoadedDaemon load_daemon_texts(const std::vector<std::pair<std::string, std::string>>& files,
                               const Environment& environment) {
  const ScratchDir folder;
  for (const auto& [name, text] : files) {
    std::string written = text;
    for (std::size_t at = written.find("@/"); at != std::string::npos; at = written.find("@/")) {
      written.replace(at, 1, folder.path().string());
    }
    folder.write(name, written);
  }
  const std::string path = folder.file(files.front().first).string();
  LoadedDaemon loaded = run(folder, [&] {
    return load_daemon_config(path, check_parentheses, check_fields, environment);
  });
  for (std::string& file : loaded.config.files) {
    file = shorten(file, folder);
  }
  return loaded;
}

LoadedDaemon load_daemon_text(const std::string& text, const Environment& environment) {
  return load_daemon_texts({{"sync.yaml", text}}, environment);
}

std::vector<std::string> rule_lines(const SyncConfig& config) {
  return rule_lines(config.rules);
}

std::vector<std::string> rule_lines(const std::vector<Rule>& rules) {
  std::vector<std::string> lines;
  for (const Rule& rule : rules) {
    std::string line = rule.source.str() + selection_text(rule.selection) + " ->";
    for (const Destination& destination : rule.destinations) {
      line += " " + destination.repository.str() + names_text(destination.names);
    }
    if (rule.platforms) {
      line += " [" + rule.platforms->normalized() + "]";
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace image_syncer
