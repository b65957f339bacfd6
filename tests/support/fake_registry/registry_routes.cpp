#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"

namespace image_syncer {
namespace {

constexpr std::string_view kPrefix = "/v2/";

/// Splits "name/MARK/reference" at the last mark; the reference holds no slash.
std::optional<RegistryRoute> split_route(std::string_view path,
                                         std::string_view mark,
                                         RegistryRoute::Kind kind) {
  const std::size_t at = path.rfind(mark);
  if (at == std::string_view::npos || at == 0 ||
      path.find('/', at + mark.size()) != std::string_view::npos) {
    return std::nullopt;
  }
  return RegistryRoute{
      kind, std::string(path.substr(0, at)), std::string(path.substr(at + mark.size()))};
}

bool is_repository_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name.front() != '/' && name.back() != '/' && name.find("//") == std::string_view::npos &&
         name.find("..") == std::string_view::npos;
}

}  // namespace

RegistryRoute parse_route(std::string_view path) {
  using Kind = RegistryRoute::Kind;
  if (!path.starts_with(kPrefix)) {
    return {};
  }
  path.remove_prefix(kPrefix.size());
  if (path.empty()) {
    return {Kind::ping, {}, {}};
  }
  std::optional<RegistryRoute> route = split_route(path, "/blobs/uploads/", Kind::upload);
  if (route && route->reference.empty()) {
    route->kind = Kind::upload_start;
  }
  if (!route) {
    route = split_route(path, "/manifests/", Kind::manifest);
  }
  if (!route) {
    route = split_route(path, "/blobs/", Kind::blob);
  }
  if (!route && path.ends_with("/tags/list")) {
    route = split_route(path, "/tags/", Kind::tags);
  }
  const bool complete = route && is_repository_name(route->repository) &&
                        (route->kind == Kind::upload_start || !route->reference.empty());
  return complete ? *route : RegistryRoute{};
}

std::vector<AuthScope> needed_scopes(const RegistryRoute& route, const ServerRequest& request) {
  if (route.repository.empty()) {
    return {};
  }
  std::set<std::string> actions{"pull"};
  if (request.method == "DELETE") {
    actions = {"delete"};
  } else if (request.method != "GET" && request.method != "HEAD") {
    actions.insert("push");
  }
  std::vector<AuthScope> scopes{{route.repository, std::move(actions)}};
  const auto from = request.parameter("from");
  if (route.kind == RegistryRoute::Kind::upload_start && from && *from != route.repository) {
    scopes.push_back({*from, {"pull"}});
  }
  return scopes;
}

ServerResponse method_not_allowed() {
  return registry_error(405, "UNSUPPORTED", "the operation is unsupported");
}

void RegistryContext::violation(const std::string& what, const ServerRequest& request) {
  const std::lock_guard lock(mutex);
  violations.push_back(request.method + " " + request.target + ": " + what);
}

}  // namespace image_syncer
