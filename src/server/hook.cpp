#include "server/hook.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

using nlohmann::json;

constexpr std::string_view kSnapshot = "snapshot";
constexpr int kRetryAfter = 10;

bool is_snapshot(std::string_view tag) {
  if (tag.size() < kSnapshot.size()) {
    return false;
  }
  return equals_ignore_case(tag.substr(0, kSnapshot.size()), kSnapshot) ||
         equals_ignore_case(tag.substr(tag.size() - kSnapshot.size()), kSnapshot);
}

// The first component is the registry, whatever it looks like: the name is never a short one.
std::optional<Repository> repository_of(std::string_view name) {
  const std::size_t first = name.find('/');
  if (first == 0 || first == std::string_view::npos ||
      name.find('/', first + 1) == std::string_view::npos) {
    return std::nullopt;
  }
  // A registry without dot and port would be taken for a part of the path, so it gets a port for
  // the while; what follows has the grammar of any repository.
  const std::string registry(name.substr(0, first));
  const bool is_host = registry == "localhost" || registry.find_first_of(".:") != std::string::npos;
  const std::string path(name.substr(first + 1));
  Repository repository = parse_repository((is_host ? registry : registry + ":1") + "/" + path);
  if (!is_host) {
    repository.registry = normalize_registry(registry);
  }
  return repository;
}

}  // namespace

std::variant<Reference, HttpResponse> read_hook(const HttpRequest& request) {
  const auto name = request.parameter("name");
  const auto tag = request.parameter("tag");
  if (!name || name->empty()) {
    return error_response(400, "the parameter name is missing: REGISTRY/NAMESPACE/IMAGE");
  }
  if (!tag || tag->empty()) {
    return error_response(400, "the parameter tag is missing");
  }
  if (!is_valid_tag(*tag)) {
    return error_response(406,
                          "the tag " + printable(*tag, 140) + " is none that a registry takes");
  }
  if (is_snapshot(*tag)) {
    return error_response(406, "snapshots are not synchronised: " + std::string(*tag));
  }
  const std::string shown = printable(*name, 300);
  try {
    std::optional<Repository> repository = repository_of(*name);
    if (!repository) {
      return error_response(
          406, "the name " + shown + " has no namespace: it is to be REGISTRY/NAMESPACE/IMAGE");
    }
    return Reference{*std::move(repository), std::string(*tag), std::nullopt};
  } catch (const Error& error) {
    return error_response(406, "the name " + shown + ": " + error.message());
  }
}

HttpResponse push_response(const Reference& image, const PushReply& reply) {
  switch (reply.kind) {
    case PushReply::Kind::no_match:
      return error_response(404, "no entry of registry.reg and no rule covers " + image.str());
    case PushReply::Kind::full: {
      HttpResponse response = error_response(503, "the queue is full, try again later");
      response.headers.emplace_back("Retry-After", std::to_string(kRetryAfter));
      return response;
    }
    case PushReply::Kind::failed: {
      HttpResponse response = error_response(503, "cannot be queued: " + reply.error);
      response.headers.emplace_back("Retry-After", std::to_string(kRetryAfter));
      return response;
    }
    case PushReply::Kind::queued:
      break;
  }
  json queued = json::array();
  for (const PushReply::Target& target : reply.targets) {
    queued.push_back({{"target", target.reference}, {"already_queued", target.was_queued}});
  }
  return {.status = 200,
          .body = json{{"source", image.str()}, {"queued", std::move(queued)}}.dump() + "\n"};
}

}  // namespace image_syncer
