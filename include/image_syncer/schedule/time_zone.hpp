#pragma once

#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/error.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace image_syncer {

/// A time zone that cannot be used: an unknown name, no database on this machine, a local zone that
/// cannot be told. The message says what to do; the caller adds file and line.
class TimeZoneError : public Error {
 public:
  using Error::Error;
};

/// The rules of an IANA time zone ("Europe/Berlin"), from the system's database (Debian: tzdata).
/// A value, cheap to copy; may be used from any thread. What the database says when the first zone
/// is looked up counts until the process ends.
///
/// The tables of the database end with 2037: later times have the offset of that winter.
class TimeZone {
 public:
  /// UTC; needs no database.
  TimeZone();

  /// A zone by its IANA name, exactly as the database spells it. Throws `TimeZoneError`, with the
  /// nearest known names when there is no such zone.
  [[nodiscard]] static TimeZone named(std::string_view name);

  /// The machine's zone, as the C library finds it: the variable TZ where it is set (a name, or the
  /// path of a file in the database; rules such as "CET-1CEST" are refused), then /etc/localtime (a
  /// link into the database, or a copy of one of its files), then UTC. Throws `TimeZoneError`.
  [[nodiscard]] static TimeZone local(const Environment& environment = process_environment());

  [[nodiscard]] const std::string& name() const { return name_; }

  /// A stretch of time without a change of the clocks: `begin` <= t < `end`. The first one begins
  /// and the last one ends tens of thousands of years away. Local time is UTC + `offset`.
  struct Period {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;
  };

  /// The period that holds `time`. Neighbours may have the same offset.
  [[nodiscard]] Period period_at(std::chrono::sys_seconds time) const;

  friend bool operator==(const TimeZone& a, const TimeZone& b) { return a.name_ == b.name_; }

 private:
  TimeZone(std::string name, const ::date::time_zone* rules);

  std::string name_;
  const ::date::time_zone* rules_;  // lives as long as the process; null = UTC
};

}  // namespace image_syncer
