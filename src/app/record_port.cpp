#include "app/record_port.hpp"

#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>

namespace image_syncer {
namespace {

// What people give may be anything.
std::optional<Reference> reference_in(const std::string& text) {
  try {
    return parse_reference(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

RecordPort::RecordPort(SyncRecord& record, RunHistory& history, ImageQueue& queue)
    : record_(record),
      history_(history),
      queue_(queue) {}

std::optional<DaemonStatus> RecordPort::status() {
  return std::nullopt;
}

std::vector<RuleStatus> RecordPort::rules() {
  return {};
}

std::vector<RegistryStatus> RecordPort::registries() {
  return {};
}

RunReply RecordPort::start_run(const std::optional<std::string>& /*rule*/) {
  return RunReply::ending;
}

QueueCounts RecordPort::queue_counts() {
  return queue_.counts();
}

std::vector<QueuedImage> RecordPort::queue(std::size_t offset,
                                           std::size_t limit,
                                           const QueueFilter& filter) {
  return queue_.list(offset, limit, filter);
}

bool RecordPort::retry(const std::string& target) {
  const std::optional<Reference> reference = reference_in(target);
  return reference && queue_.retry(*reference);
}

std::size_t RecordPort::retry_all_parked() {
  return queue_.retry_all_parked();
}

bool RecordPort::remove(const std::string& target) {
  const std::optional<Reference> reference = reference_in(target);
  return reference && queue_.remove(*reference);
}

std::vector<RecordedRun> RecordPort::runs(std::size_t limit, std::optional<std::int64_t> before) {
  return history_.runs(limit, before);
}

std::optional<RecordedRun> RecordPort::run(std::int64_t id) {
  return history_.run(id);
}

std::vector<RunFailure> RecordPort::failures(std::int64_t run) {
  return history_.failures(run);
}

std::vector<RecentFailure> RecordPort::recent_failures(std::size_t limit) {
  return history_.recent_failures(limit);
}

std::vector<SyncedImage> RecordPort::images(std::size_t limit,
                                            const std::string& after,
                                            const std::string& text) {
  std::vector<SyncedImage> images;
  std::optional<Reference> next = after.empty() ? Reference() : reference_in(after);
  while (next && images.size() < limit) {
    TargetTags some = record_.target_tags(limit - images.size(), *next, text);
    for (const TargetTag& tag : some.tags) {
      images.push_back({tag.target.str(),
                        tag.state.source_digest.str(),
                        tag.state.target_digest.str(),
                        tag.state.copied_at,
                        tag.state.seen_at});
    }
    next = std::move(some.next);
  }
  return images;
}

}  // namespace image_syncer
