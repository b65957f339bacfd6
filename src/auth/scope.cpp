#include <image_syncer/auth/scope.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

template <typename Strings>
std::string join(const Strings& strings, char separator) {
  std::string joined;
  for (const std::string& text : strings) {
    if (!joined.empty()) {
      joined += separator;
    }
    joined += text;
  }
  return joined;
}

std::string repository_resource(std::string_view path) {
  return "repository:" + std::string(path);
}

}  // namespace

ScopeSet ScopeSet::pull(std::string_view repository_path) {
  ScopeSet set;
  set.add_scope({repository_resource(repository_path), {"pull"}});
  return set;
}

ScopeSet ScopeSet::push(std::string_view repository_path) {
  ScopeSet set;
  set.add_scope({repository_resource(repository_path), {"pull", "push"}});
  return set;
}

ScopeSet ScopeSet::parse(std::string_view text) {
  ScopeSet set;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t type_end = word.find(':');
    const std::size_t name_end = word.rfind(':');
    if (type_end == 0 || type_end == name_end || name_end == type_end + 1) {
      continue;
    }
    Scope scope{std::string(word.substr(0, name_end)), {}};
    for (const std::string_view action : split(word.substr(name_end + 1), ',')) {
      if (!action.empty()) {
        scope.actions.emplace(action);
      }
    }
    if (!scope.actions.empty()) {
      set.add_scope(scope);
    }
  }
  return set;
}

void ScopeSet::add(const ScopeSet& other) {
  for (const Scope& scope : other.scopes_) {
    add_scope(scope);
  }
}

bool ScopeSet::covers(const ScopeSet& other) const {
  return std::all_of(other.scopes_.begin(), other.scopes_.end(), [&](const Scope& needed) {
    const auto held = std::lower_bound(
        scopes_.begin(), scopes_.end(), needed, [](const Scope& a, const Scope& b) {
          return a.resource < b.resource;
        });
    if (held == scopes_.end() || held->resource != needed.resource) {
      return false;
    }
    return held->actions.contains("*") || std::includes(held->actions.begin(),
                                                        held->actions.end(),
                                                        needed.actions.begin(),
                                                        needed.actions.end());
  });
}

std::vector<std::string> ScopeSet::strings() const {
  std::vector<std::string> strings;
  strings.reserve(scopes_.size());
  for (const Scope& scope : scopes_) {
    strings.push_back(scope.resource + ":" + join(scope.actions, ','));
  }
  return strings;
}

std::string ScopeSet::str() const {
  return join(strings(), ' ');
}

void ScopeSet::add_scope(const Scope& scope) {
  auto place =
      std::lower_bound(scopes_.begin(), scopes_.end(), scope, [](const Scope& a, const Scope& b) {
        return a.resource < b.resource;
      });
  if (place == scopes_.end() || place->resource != scope.resource) {
    scopes_.insert(place, scope);
  } else {
    place->actions.insert(scope.actions.begin(), scope.actions.end());
  }
}

}  // namespace image_syncer
