#include "server/webhooks/collector.hpp"

#include <image_syncer/util/text.hpp>

#include <optional>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::size_t kShownOfHost = 100;

/// Absent when `path` cannot be one, or `host` is not just a host.
std::optional<Repository> repository_of(const std::string& host, const std::string& path) {
  try {
    Repository repository = parse_repository(host + "/" + path);
    // "team" or "reg.example/team" would take a piece of the path, or give one to it.
    return repository.registry == normalize_registry(host) ? std::optional(std::move(repository))
                                                           : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string_view host_of_image(std::string_view image) {
  const std::size_t slash = image.find('/');
  return slash == std::string_view::npos ? std::string_view{} : image.substr(0, slash);
}

void PushCollector::add(const ClaimedPush& push) {
  if (push.tag.empty() || Digest::try_parse(push.tag)) {
    return;
  }
  const std::string& host = settings_.registry.empty() ? push.host : settings_.registry;
  if (!repository_of(host, "any")) {
    const std::string key = "webhooks." + std::string(sender_) + ".registry";
    unknown_registry_ = host.empty()
                            ? "the event does not say which registry it is from: set " + key
                            : "\"" + printable(host, kShownOfHost) + "\" is not a registry: set " +
                                  key + " to host or host:port";
    ++result_.left_out;
    return;
  }
  auto repository = repository_of(host, push.repository);
  if (!repository || !is_valid_tag(push.tag)) {
    ++result_.left_out;
    return;
  }
  PushEvent event{*std::move(repository), push.tag, Digest::try_parse(push.digest)};
  if (seen_.insert(event).second) {
    result_.events.push_back(std::move(event));
  }
}

WebhookResult PushCollector::finish() && {
  if (result_.events.empty() && !unknown_registry_.empty()) {
    return NotUnderstood{std::move(unknown_registry_)};
  }
  return std::move(result_);
}

}  // namespace image_syncer
