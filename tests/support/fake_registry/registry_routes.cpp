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

std::optional<ServerResponse> refuse_unknown_name(const RegistryContext& context,
                                                  const std::string& repository) {
  const RegistryBehaviour& behaviour = context.behaviour;
  const bool exists = behaviour.must_exist == MustExist::project
                          ? context.store.has_project(repository.substr(0, repository.find('/')))
                          : context.store.has_repository(repository);
  if (behaviour.must_exist == MustExist::nothing || exists) {
    return std::nullopt;
  }
  return registry_error(behaviour.absent_name_status,
                        behaviour.absent_name_status == 404 ? "NAME_UNKNOWN" : "DENIED",
                        "repository " + repository + " does not exist");
}

std::optional<ServerResponse> move_to_library(const RegistryContext& context,
                                              const RegistryRoute& route,
                                              const ServerRequest& request) {
  const std::size_t slash = route.repository.find('/');
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!context.behaviour.redirects_to_library || !reads || slash == std::string::npos ||
      context.store.has_repository(route.repository)) {
    return std::nullopt;
  }
  const std::string moved =
      route.repository.substr(0, slash) + "/library" + route.repository.substr(slash);
  if (!context.store.has_repository(moved)) {
    return std::nullopt;
  }
  return ServerResponse{
      .status = 301,
      .headers = {
          {"Location",
           "/v2/" + moved + request.target.substr(kPrefix.size() + route.repository.size())}}};
}

ServerResponse gateway_error(int status) {
  const std::string title = std::to_string(status) + " " + std::string(reason_phrase(status));
  return {.status = status,
          .headers = {{"Content-Type", "text/html"}},
          .body = "<html><head><title>" + title + "</title></head>\r\n<body><center><h1>" + title +
                  "</h1></center></body></html>\r\n"};
}

ServerResponse absent(const RegistryBehaviour& behaviour,
                      const ServerRequest& request,
                      ServerResponse answer) {
  if (request.method == "HEAD") {
    answer.status = behaviour.absent_head_status;
  }
  return answer;
}

ServerResponse method_not_allowed() {
  return registry_error(405, "UNSUPPORTED", "the operation is unsupported");
}

void RegistryContext::violation(const std::string& what, const ServerRequest& request) {
  const std::lock_guard lock(mutex);
  violations.push_back(request.method + " " + request.target + ": " + what);
}

}  // namespace image_syncer
