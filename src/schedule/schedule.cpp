#include <image_syncer/schedule/schedule.hpp>
#include <image_syncer/util/error.hpp>

#include <utility>

namespace image_syncer {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// "90 s", "10 min"
std::string words_of(seconds time) {
  return time % minutes(1) == seconds(0) ? std::to_string(time / minutes(1)) + " min"
                                         : std::to_string(time.count()) + " s";
}

}  // namespace

Schedule::Schedule(When when, seconds jitter_limit)
    : when_(std::move(when)),
      jitter_limit_(jitter_limit) {
  if (jitter_limit < seconds(0) || jitter_limit > kLongestJitter) {
    throw Error("the jitter is " + words_of(jitter_limit) + " (allowed: 0 to " +
                words_of(kLongestJitter) + ")");
  }
}

Schedule Schedule::every(seconds interval, seconds jitter_limit) {
  if (interval < seconds(1) || interval > kLongestInterval) {
    throw Error("the interval is " + words_of(interval) + " (allowed: 1 s to " +
                words_of(kLongestInterval) + ")");
  }
  return Schedule(interval, jitter_limit);
}

Schedule Schedule::by_cron(CronExpression expression, TimeZone zone, seconds jitter_limit) {
  return Schedule(Cron{std::move(expression), std::move(zone)}, jitter_limit);
}

std::optional<Clock::wall_time> Schedule::next(Clock::wall_time after) const {
  if (const auto every = interval()) {
    return after > Clock::wall_time::max() - *every ? std::nullopt : std::optional(after + *every);
  }
  const Cron& cron = std::get<Cron>(when_);
  return cron.expression.next_after(after, cron.zone);
}

std::optional<seconds> Schedule::interval() const {
  const auto* const interval = std::get_if<seconds>(&when_);
  return interval == nullptr ? std::nullopt : std::optional(*interval);
}

std::chrono::milliseconds Schedule::jitter(double random) const {
  using FloatingMilliseconds = std::chrono::duration<double, std::milli>;
  return std::chrono::floor<std::chrono::milliseconds>(FloatingMilliseconds(jitter_limit_) *
                                                       random);
}

std::string Schedule::description() const {
  std::string text;
  if (const auto every = interval()) {
    text = "every " + words_of(*every);
  } else {
    const Cron& cron = std::get<Cron>(when_);
    text = cron.expression.text() + " (" + cron.zone.name() + ")";
  }
  return jitter_limit_ > seconds(0) ? text + ", up to " + words_of(jitter_limit_) + " later" : text;
}

}  // namespace image_syncer
