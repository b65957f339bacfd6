#pragma once

#include "observe/run_summary.hpp"
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/files.hpp>

#include <string>

namespace image_syncer {

/// The JSON of `--report` (docs/report.md), written as the run goes: a head, one line per outcome,
/// a tail. Belongs to one thread at a time. Every member throws `Error` when the file cannot be
/// written.
class ReportFile {
 public:
  static constexpr std::uint64_t kSchema = 1;

  ReportFile(const RunStateOptions& options, Clock::wall_time started);

  /// `reason`: the outcome's, cleaned.
  void add(const ImageOutcome& outcome, const std::string& reason);
  /// Call once, last: the file appears.
  void finish(const RunSummary& summary, Clock::wall_time finished);

 private:
  AtomicFile file_;
  bool is_first_ = true;
};

}  // namespace image_syncer
