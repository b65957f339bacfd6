#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"
#include <image_syncer/util/text.hpp>

namespace image_syncer {

namespace {

/// Which of the forms of the event says what kind of package it is differs over the years.
bool is_container(const Payload& package) {
  return equals_ignore_case(package.text("package_type"), "container") ||
         equals_ignore_case(package.text("ecosystem"), "container");
}

/// Names of owners have upper-case letters on GitHub, but not in its registry.
std::string repository_of(const Payload& package) {
  const std::string owner = package.text("namespace");
  return to_lower(owner.empty() ? package.text("name") : owner + "/" + package.text("name"));
}

}  // namespace

WebhookResult read_github(const WebhookCall& call, PushCollector pushes) {
  const auto event = call.header("X-GitHub-Event");
  if (!event) {
    throw Error("the header X-GitHub-Event is missing");
  }
  if (*event != "registry_package" && *event != "package") {
    return PushEvents{};
  }
  if (call.body.starts_with("payload=")) {
    throw Error("the webhook's content type must be application/json");
  }
  const Payload body = Payload::parse(call.body);
  const std::string action = body.text("action");
  const Payload package = body.object(*event == "package" ? "package" : "registry_package");
  if ((action != "published" && action != "updated") || !is_container(package)) {
    return PushEvents{};
  }
  const Payload version = package.object("package_version");
  const auto metadata = version.object_if_any("container_metadata");
  const auto tag = metadata ? metadata->object_if_any("tag") : std::nullopt;
  if (tag) {  // otherwise a child of an index, or an attestation
    const std::string digest = tag->text("digest");
    pushes.add({"ghcr.io",
                repository_of(package),
                tag->text("name"),
                digest.empty() ? version.text("version") : digest});
  }
  return std::move(pushes).finish();
}

}  // namespace image_syncer
