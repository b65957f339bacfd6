// What others ask of `Daemon`, from any thread.

#include "app/daemon.hpp"
#include <image_syncer/plan/push_targets.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace image_syncer {
namespace {

// A loop that has not turned for so long is stuck: it does at least every `kFileLook`.
constexpr std::chrono::seconds kLongestTurn{60};

}  // namespace

void Daemon::push(const std::vector<Reference>& images,
                  const std::string& origin,
                  PushCallback callback) {
  const DaemonSettings config = settings();
  std::vector<NewImage> wanted;
  for (const Reference& image : images) {
    for (Reference& target : push_targets(config->hook_mappings, config->rules, image)) {
      wanted.push_back({image, std::move(target), origin});
    }
  }
  if (wanted.empty()) {
    callback({PushReply::Kind::no_match, {}, ""});
    return;
  }
  std::vector<std::string> names;
  names.reserve(wanted.size());
  for (const NewImage& image : wanted) {
    names.push_back(image.target.str());
  }
  queue_.enqueue(
      std::move(wanted),
      [names = std::move(names), callback = std::move(callback)](const EnqueueResult& result) {
        PushReply reply;
        if (result.error) {
          reply.kind = PushReply::Kind::failed;
          reply.error = result.error->message();
          callback(reply);
          return;
        }
        reply.kind = PushReply::Kind::queued;
        for (std::size_t index = 0; index < names.size(); ++index) {
          const EnqueueOutcome outcome = result.outcomes.at(index);
          if (outcome == EnqueueOutcome::full) {
            reply.kind = PushReply::Kind::full;
          }
          reply.targets.push_back({names[index], outcome == EnqueueOutcome::already_queued});
        }
        callback(reply);
      });
}

RunReply Daemon::start_run(const std::optional<std::string>& rule) {
  const DaemonSettings config = settings();
  if (rule && std::none_of(config->rules.begin(), config->rules.end(), [&rule](const Rule& known) {
        return known.text == *rule;
      })) {
    return RunReply::no_such_rule;
  }
  if (current_.lock()->is_running) {
    return RunReply::already_running;
  }
  {
    auto inbox = inbox_.lock();
    if (inbox->ending) {
      return RunReply::ending;
    }
    if (inbox->wanted) {
      return RunReply::already_running;
    }
    inbox->wanted = {rule ? RunKind::rule : RunKind::manual, rule.value_or("")};
  }
  wake();
  return RunReply::started;
}

std::shared_ptr<const AccessGuard> Daemon::guard() const {
  return current_.lock()->guard;
}

std::optional<WebhookSettings> Daemon::webhook(std::string_view sender) const {
  const DaemonSettings config = settings();
  const auto found = config->webhooks.find(std::string(sender));
  if (found == config->webhooks.end()) {
    return std::nullopt;
  }
  return WebhookSettings{found->second.secret, found->second.registry};
}

std::string Daemon::liveness_problem() const {
  const Clock::time_point last{Clock::duration(last_turn_.load())};
  const auto since = system_clock().now() - last;
  if (since < kLongestTurn) {
    return {};
  }
  return "the daemon's loop has not turned for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(since).count()) + " s";
}

std::string Daemon::readiness_problem() const {
  return current_.lock()->problem;
}

void Daemon::confirm(const std::string& url) {
  fetcher_.fetch(url);
}

}  // namespace image_syncer
