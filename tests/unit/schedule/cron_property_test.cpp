// Compares `next_after` with a plain walk: minute by minute, as Vixie's cron does it itself, over
// expressions made at random whose sets are known without parsing.
#include <image_syncer/schedule/cron.hpp>
#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/text.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

// Midnight jumps, half hours, the southern half, winter time as the exception (Dublin), the fast of
// Ramadan (Casablanca), a day that was left out (Apia).
constexpr std::array kZones = {"UTC",
                               "Europe/Berlin",
                               "Europe/Dublin",
                               "America/New_York",
                               "America/Sao_Paulo",
                               "America/Havana",
                               "Africa/Casablanca",
                               "Asia/Kathmandu",
                               "Asia/Beirut",
                               "Australia/Lord_Howe",
                               "Pacific/Auckland",
                               "Pacific/Apia"};

struct RandomField {
  std::string text;
  std::vector<bool> values = std::vector<bool>(64);
};

struct RandomExpression {
  RandomField minute, hour, day, month, weekday;

  [[nodiscard]] std::string text() const {
    return minute.text + " " + hour.text + " " + day.text + " " + month.text + " " + weekday.text;
  }
};

class Generator {
 public:
  explicit Generator(unsigned seed)
      : engine_(seed) {}

  int number(int from, int to) { return std::uniform_int_distribution<int>(from, to)(engine_); }

  bool one_in(int times) { return number(1, times) == 1; }

  RandomExpression expression() {
    RandomExpression result;
    result.minute = one_in(4) ? star(0, 59) : list(0, 59);
    result.hour = one_in(3) ? star(0, 23) : one_in(3) ? list(0, 23) : list(0, 4);
    result.day = one_in(2) ? star(1, 31) : list(1, 31);
    result.month = one_in(4) ? list(1, 12) : star(1, 12);
    result.weekday = one_in(2) ? star(0, 7) : list(0, 7);
    if (result.weekday.values[7]) {
      result.weekday.values[0] = true;
    }
    return result;
  }

 private:
  static void fill(std::vector<bool>& values, int from, int to, int step) {
    for (int value = from; value <= to; value += step) {
      values[static_cast<std::size_t>(value)] = true;
    }
  }

  RandomField star(int first, int last) {
    RandomField field;
    field.text = "*";
    const int step = one_in(2) ? 1 : number(1, last);
    if (step > 1) {
      field.text += "/" + std::to_string(step);
    }
    fill(field.values, first, last, step);
    return field;
  }

  RandomField list(int first, int last) {
    RandomField field;
    for (int items = one_in(2) ? 1 : number(2, 4); items > 0; --items) {
      const int from = number(first, last);
      const int to = one_in(2) ? from : number(from, last);
      const int step = one_in(3) ? number(1, last) : 1;
      field.text += (field.text.empty() ? "" : ",") + std::to_string(from);
      if (to != from || step != 1) {
        field.text += "-" + std::to_string(to);
      }
      if (step != 1) {
        field.text += "/" + std::to_string(step);
      }
      fill(field.values, from, to, step);
    }
    return field;
  }

  std::mt19937 engine_;
};

bool fits(const RandomExpression& e, std::chrono::local_time<minutes> local) {
  const auto day = std::chrono::floor<days>(local);
  const auto time = static_cast<std::size_t>((local - day).count());
  if (!e.minute.values[time % 60] || !e.hour.values[time / 60]) {
    return false;
  }
  const std::chrono::year_month_day date(day);
  const bool day_fits = e.day.values[unsigned{date.day()}];
  const bool weekday_fits = e.weekday.values[std::chrono::weekday(day).c_encoding()];
  const bool both = e.day.text.front() == '*' || e.weekday.text.front() == '*';
  return e.month.values[unsigned{date.month()}] &&
         (both ? day_fits && weekday_fits : day_fits || weekday_fits);
}

// The loop of Vixie's cron: `reached` is the local time whose jobs have all run.
class Walk {
 public:
  Walk(const RandomExpression& expression, const TimeZone& zone, sys_seconds start)
      : expression_(expression),
        zone_(zone),
        period_(zone.period_at(start)),
        time_(start),
        reached_(local()) {}

  /// Goes on by a minute, and says whether it has a run.
  bool step() {
    time_ += 1min;
    const auto now = local();
    const minutes jump = now - reached_ - 1min;
    const bool is_wild =
        expression_.minute.text.front() == '*' || expression_.hour.text.front() == '*';
    if (is_wild || jump == 0min || jump >= 3h || jump <= -3h) {
      if (is_wild || jump >= 0min || jump <= -3h) {
        reached_ = now;
      }
      return fits(expression_, now);
    }
    bool runs = false;
    while (reached_ < now) {
      reached_ += 1min;
      runs = fits(expression_, reached_) || runs;
    }
    return runs;
  }

  [[nodiscard]] sys_seconds time() const { return time_; }

 private:
  [[nodiscard]] std::chrono::local_time<minutes> local() {
    if (time_ >= period_.end) {
      period_ = zone_.period_at(time_);
    }
    return std::chrono::local_time<minutes>(
        std::chrono::floor<minutes>((time_ + period_.offset).time_since_epoch()));
  }

  const RandomExpression& expression_;
  const TimeZone& zone_;
  TimeZone::Period period_;
  sys_seconds time_;
  std::chrono::local_time<minutes> reached_;
};

// Every run of `length` from `start` on; the walk begins earlier, so that it knows what has run.
std::vector<std::string> walked(const RandomExpression& expression,
                                const TimeZone& zone,
                                sys_seconds start,
                                days length) {
  std::vector<std::string> runs;
  Walk walk(expression, zone, start - days(2));
  while (walk.time() < start + length) {
    if (walk.step() && walk.time() > start) {
      runs.push_back(format_utc(walk.time()));
    }
  }
  return runs;
}

std::vector<std::string> computed(const CronExpression& cron,
                                  const TimeZone& zone,
                                  sys_seconds start,
                                  days length) {
  std::vector<std::string> runs;
  std::optional<Clock::wall_time> next = cron.next_after(start, zone);
  while (next && *next <= start + length) {
    runs.push_back(format_utc(*next));
    next = cron.next_after(*next, zone);
  }
  return runs;
}

std::optional<CronExpression> parse_unless_never(const std::string& text) {
  try {
    return CronExpression::parse(text);
  } catch (const CronError& error) {
    EXPECT_NE(error.message().find("never comes"), std::string::npos) << error.message();
    return std::nullopt;
  }
}

// A minute of the years whose tables are complete; half of them shortly before a change of clocks.
sys_seconds random_start(Generator& random, const TimeZone& zone) {
  const sys_seconds start =
      std::chrono::sys_days(std::chrono::year(random.number(1975, 2035)) / 1 / 1) +
      minutes(random.number(0, 365 * 24 * 60));
  const TimeZone::Period period = zone.period_at(start);
  const bool is_near = period.end < std::chrono::sys_days(std::chrono::year(2037) / 1 / 1);
  return is_near && random.one_in(2) ? period.end - minutes(random.number(0, 3 * 24 * 60)) : start;
}

void compare(unsigned first_seed, unsigned count, days length) {
  std::size_t runs = 0;
  for (unsigned seed = first_seed; seed < first_seed + count; ++seed) {
    Generator random(seed);
    const RandomExpression expression = random.expression();
    const auto cron = parse_unless_never(expression.text());
    if (!cron) {
      continue;
    }
    const TimeZone zone =
        TimeZone::named(kZones[static_cast<std::size_t>(random.number(0, kZones.size() - 1))]);
    const sys_seconds start = random_start(random, zone);
    const auto expected = walked(expression, zone, start, length);
    ASSERT_EQ(computed(*cron, zone, start, length), expected)
        << "seed " << seed << ": " << cron->text() << " in " << zone.name() << " after "
        << format_utc(start);
    runs += expected.size();
  }
  EXPECT_GT(runs, count);  // otherwise nothing was compared
}

TEST(CronProperty, DaysAreLikeAWalkThroughTheirMinutes) {
  compare(1, 900, days(5));
}

TEST(CronProperty, YearsAreLikeAWalkThroughTheirMinutes) {
  compare(100'000, 20, days(800));
}

}  // namespace
}  // namespace image_syncer
