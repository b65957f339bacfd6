#include "structure/include_rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace image_syncer {
namespace {

struct Module {
  std::string_view name;
  std::vector<std::string_view> may_include;
  std::vector<std::string_view> third_party;  // prefixes of headers, private to the module
};

// In dependency order: a module may include only what stands above it, so circles cannot be
// written.
const std::vector<Module>& modules() {
  static const std::vector<Module> table = {
      {"util", {}, {"fmt/", "spdlog/", "openssl/"}},
      {"image", {"util"}, {"nlohmann/"}},
      {"config", {"image", "util"}, {"yaml-cpp/", "nlohmann/"}},
      {"http", {"util"}, {"curl/", "openssl/"}},
      {"auth", {"http", "image", "util"}, {"nlohmann/"}},
      {"registry", {"auth", "http", "image", "util"}, {"nlohmann/"}},
      {"plan", {"config", "image", "util"}, {"re2/"}},
      {"queue", {"util"}, {}},
      {"record", {"image", "util"}, {"SQLiteCpp/", "sqlite3.h"}},
      {"observe", {"image", "util"}, {"prometheus/", "nlohmann/"}},
      {"transfer", {"plan", "queue", "registry", "record", "http", "observe", "image", "util"}, {}},
      {"schedule", {"util"}, {"date/"}},
      {"server", {"observe", "image", "util"}, {"microhttpd.h", "nlohmann/"}},
      {"api", {"server", "record", "observe", "image", "util"}, {"nlohmann/"}},
      {"check",
       {"transfer", "plan", "registry", "auth", "config", "http", "image", "util"},
       {"nlohmann/"}},
      {"app",
       {"util",
        "image",
        "config",
        "http",
        "auth",
        "registry",
        "plan",
        "queue",
        "record",
        "observe",
        "transfer",
        "schedule",
        "server",
        "api",
        "check"},
       {"CLI/", "spdlog/", "fmt/"}},
  };
  return table;
}

constexpr std::array kSystemHeaders = {
    "arpa/",    "linux/",    "net/",     "netinet/",  "sys/",     "cxxabi.h",  "dirent.h",
    "fcntl.h",  "ifaddrs.h", "netdb.h",  "poll.h",    "malloc.h", "pthread.h", "pwd.h",
    "signal.h", "spawn.h",   "syslog.h", "termios.h", "unistd.h",
};

// Written by the build (cmake/Version.cmake), so not among the files.
constexpr std::string_view kGeneratedHeader = "src/app/version.hpp";
constexpr std::string_view kPublicRoot = "include/image_syncer/";

struct Include {
  std::string target;  // between the brackets
  bool quoted = false;
};

std::string first_folder(std::string_view path) {
  const auto slash = path.find('/');
  return std::string(slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash));
}

bool is_public(std::string_view path) {
  return path.starts_with(kPublicRoot);
}

std::string module_of(std::string_view path) {
  if (is_public(path)) {
    return first_folder(path.substr(kPublicRoot.size()));
  }
  return path == "src/main.cpp" ? "app"
                                : first_folder(path.substr(std::string_view("src/").size()));
}

const Module* find_module(std::string_view name) {
  const auto found = std::ranges::find(modules(), name, &Module::name);
  return found == modules().end() ? nullptr : &*found;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

template <typename Prefixes>
bool any_prefix_of(const Prefixes& prefixes, std::string_view header) {
  return std::ranges::any_of(prefixes, [&](std::string_view p) { return header.starts_with(p); });
}

std::optional<Include> parse_include(std::string_view line) {
  constexpr std::string_view kDirective = "#include";
  if (!line.starts_with(kDirective)) {
    return std::nullopt;
  }
  const auto open = line.find_first_of("<\"", kDirective.size());
  if (open == std::string_view::npos) {
    return std::nullopt;
  }
  const bool quoted = line[open] == '"';
  const auto close = line.find(quoted ? '"' : '>', open + 1);
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  return Include{std::string(line.substr(open + 1, close - open - 1)), quoted};
}

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> result;
  std::istringstream lines(file.text);
  for (std::string line; std::getline(lines, line);) {
    if (auto include = parse_include(line)) {
      result.push_back(std::move(*include));
    }
  }
  return result;
}

class Checker {
 public:
  explicit Checker(const std::vector<SourceFile>& files) {
    for (const SourceFile& file : files) {
      files_[file.path] = includes_of(file);
    }
  }

  std::vector<std::string> run() {
    for (const auto& [path, includes] : files_) {
      const Module* module = find_module(module_of(path));
      if (module == nullptr) {
        complain(path, "belongs to no module of the table");
        continue;
      }
      for (const Include& include : includes) {
        check(path, *module, include);
      }
    }
    find_circles();
    return std::move(complaints_);
  }

 private:
  void complain(std::string_view path, const std::string& what) {
    complaints_.push_back(std::string(path) + ": " + what);
  }

  // The project's file that an include names; empty for the standard library and third parties.
  static std::string project_path(const Include& include) {
    if (include.quoted) {
      return "src/" + include.target;
    }
    return include.target.starts_with("image_syncer/") ? "include/" + include.target
                                                       : std::string();
  }

  void check(const std::string& path, const Module& module, const Include& include) {
    const std::string named = project_path(include);
    if (named.empty()) {
      check_foreign(path, module, include.target);
      return;
    }
    if (!files_.contains(named) && named != kGeneratedHeader) {
      complain(path,
               "includes " + include.target +
                   ", which does not exist (public headers in <>, private ones in \"\")");
      return;
    }
    const std::string other = module_of(named);
    if (include.quoted && is_public(path)) {
      complain(path, "a public header includes the private " + include.target);
    } else if (include.quoted && other != module.name) {
      complain(path, "includes " + include.target + ", which is private to " + other);
    } else if (other != module.name && !contains(module.may_include, other)) {
      complain(
          path,
          std::string(module.name) + " may not include " + other + " (" + include.target + ")");
    }
  }

  void check_foreign(const std::string& path, const Module& module, const std::string& header) {
    if (header.find_first_of("./") == std::string::npos) {
      return;  // the standard library
    }
    if (is_public(path)) {
      complain(path,
               "a public header includes " + header +
                   "; only standard and public headers may stand there");
    } else if (!any_prefix_of(module.third_party, header) &&
               !any_prefix_of(kSystemHeaders, header)) {
      complain(path, header + " is not among the libraries of " + std::string(module.name));
    }
  }

  // Include circles between files, which `#pragma once` would hide until the order of includes
  // changes.
  void find_circles() {
    for (const auto& [path, includes] : files_) {
      std::vector<std::string> trail;
      follow(path, trail);
    }
  }

  void follow(const std::string& path, std::vector<std::string>& trail) {
    const auto on_trail = std::ranges::find(trail, path);
    if (on_trail != trail.end()) {
      complain(path, "includes itself by way of " + trail.back());
      return;
    }
    const auto file = files_.find(path);
    if (file == files_.end() || !followed_.emplace(path, true).second) {
      return;
    }
    trail.push_back(path);
    for (const Include& include : file->second) {
      if (const std::string next = project_path(include); !next.empty()) {
        follow(next, trail);
      }
    }
    trail.pop_back();
  }

  std::map<std::string, std::vector<Include>> files_;
  std::map<std::string, bool> followed_;
  std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> check_includes(const std::vector<SourceFile>& files) {
  std::vector<std::string> complaints;
  for (const Module& module : modules()) {
    for (const std::string_view name : module.may_include) {
      const Module* other = find_module(name);
      if (other == nullptr || other >= &module) {
        complaints.push_back("the table lets " + std::string(module.name) + " include " +
                             std::string(name) + ", which does not stand above it");
      }
    }
  }
  std::ranges::move(Checker(files).run(), std::back_inserter(complaints));
  return complaints;
}

}  // namespace image_syncer
