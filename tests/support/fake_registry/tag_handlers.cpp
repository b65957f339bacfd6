#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace image_syncer {
namespace {

using Json = nlohmann::json;

/// The tag behind which the page starts; "" for the first page.
std::string page_start(const RegistryBehaviour& behaviour, const ServerRequest& request) {
  if (behaviour.opaque_cursor) {
    return base64_decode(request.parameter("next_page").value_or("")).value_or("");
  }
  return request.parameter("last").value_or("");
}

/// How many tags the page is to have at most; 0: all.
std::size_t page_size(const RegistryBehaviour& behaviour, const ServerRequest& request) {
  std::size_t size = 0;
  if (const auto n = request.parameter("n")) {
    std::from_chars(n->data(), n->data() + n->size(), size);
  }
  const std::size_t cap = behaviour.tags_per_page;
  return cap > 0 && (size == 0 || size > cap) ? cap : size;
}

std::string next_page_link(const RegistryContext& context,
                           const std::string& repository,
                           const std::string& last,
                           std::size_t size) {
  const RegistryBehaviour& behaviour = context.behaviour;
  const std::string origin = !behaviour.link_origin.empty() ? behaviour.link_origin
                             : behaviour.absolute_links     ? context.origin
                                                            : std::string();
  const std::string cursor = behaviour.opaque_cursor
                                 ? "next_page=" + percent_encode(base64_encode(last))
                                 : "last=" + percent_encode(last);
  return "<" + origin + "/v2/" + repository + "/tags/list?" + cursor +
         "&n=" + std::to_string(size) + ">; rel=\"next\"";
}

/// The answer's document, with what some registries put among the tags.
Json tag_document(const RegistryContext& context,
                  const std::string& repository,
                  const std::vector<std::string>& tags) {
  const RegistryBehaviour& behaviour = context.behaviour;
  Json document{{"name", repository}, {"tags", tags}};
  if (behaviour.lists_nulls) {
    document["tags"].push_back(nullptr);
    if (tags.empty()) {
      document["tags"] = nullptr;
    }
  }
  if (behaviour.lists_digests) {
    for (const std::string& digest : context.store.manifests(repository)) {
      document["tags"].push_back(digest);
    }
  }
  if (behaviour.lists_manifests) {
    document["child"] = {"other"};
    for (const std::string& digest : context.store.manifests(repository)) {
      document["manifest"][digest] = {{"tag", {"not-a-tag-of-the-list"}}};
    }
  }
  return document;
}

}  // namespace

ServerResponse serve_tags(RegistryContext& context,
                          const RegistryRoute& route,
                          const ServerRequest& request) {
  const RegistryBehaviour& behaviour = context.behaviour;
  if (request.method != "GET") {
    return method_not_allowed();
  }
  if (!context.store.has_repository(route.repository)) {
    return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry");
  }
  std::size_t size = page_size({}, request);
  if (behaviour.largest_page > 0 && size > behaviour.largest_page) {
    return registry_error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
  }
  size = page_size(behaviour, request);
  std::vector<std::string> tags = context.store.tags(route.repository);
  tags.erase(tags.begin(),
             std::upper_bound(tags.begin(), tags.end(), page_start(behaviour, request)));
  const bool more = size > 0 && size < tags.size();
  if (more) {
    tags.resize(size);
  }
  ServerResponse response{.headers = {{"Content-Type", "application/json"}}};
  if (more) {
    response.set_header("Link", next_page_link(context, route.repository, tags.back(), size));
  } else if (behaviour.repeats_last_link) {
    response.set_header("Link", "<" + request.target + ">; rel=\"next\"");
  }
  response.body = tag_document(context, route.repository, tags).dump();
  return response;
}

}  // namespace image_syncer
