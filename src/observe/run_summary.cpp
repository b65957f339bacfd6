#include "observe/run_summary.hpp"

#include "observe/count_text.hpp"
#include <image_syncer/util/text.hpp>

namespace image_syncer {

namespace {

std::string images_line(const RunSummary& summary) {
  const RunSnapshot& totals = summary.totals;
  std::string line = "images   " + group_digits(totals.images_done) + ": ";
  line += summary.dry_run ? group_digits(totals.planned) + " to copy"
                          : group_digits(totals.copied) + " copied";
  line += ", " + group_digits(totals.equal) + " equal";
  line += ", " + group_digits(totals.filtered) + " filtered";
  line += ", " + group_digits(totals.failed) + " failed";
  if (totals.deferred > 0) {
    line += ", " + group_digits(totals.deferred) + " deferred";
  }
  return line + "\n";
}

std::string rules_line(const RunSummary& summary) {
  return summary.rules.empty()
             ? ""
             : "rules    " + group_digits(summary.rules.size()) + " failed as a whole\n";
}

std::string interrupted_line(const RunSummary& summary) {
  if (!summary.interrupted) {
    return "";
  }
  const RunSnapshot& totals = summary.totals;
  const std::uint64_t open =
      totals.images_total > totals.images_done ? totals.images_total - totals.images_done : 0;
  return "stopped  before the end: " + counted(open, "known image", "known images") +
         " not finished" + (totals.expanding ? ", others not looked at\n" : "\n");
}

std::string work_lines(const RunSummary& summary) {
  const RunSnapshot& totals = summary.totals;
  std::string lines;
  if (!summary.dry_run) {
    lines += "blobs    " + group_digits(totals.blobs_copied) + " copied, " +
             group_digits(totals.blobs_mounted) + " mounted, " +
             group_digits(totals.blobs_present) + " present; " +
             counted(totals.manifests_copied, "manifest", "manifests") + " copied\n";
  }
  lines += "bytes    " + format_bytes(totals.bytes_down) + " down, " +
           format_bytes(totals.bytes_up) + " up; " +
           counted(totals.requests, "request", "requests");
  if (totals.retries > 0) {
    lines += ", " + counted(totals.retries, "retry", "retries");
  }
  if (totals.throttled > 0) {
    lines += ", throttled " + counted(totals.throttled, "time", "times");
  }
  return lines + "\ntime     " + format_duration(totals.elapsed) + "\n";
}

/// "limits   docker.io: 76 of 100 left per 6 h 0 min"
std::string limit_lines(const RunSummary& summary) {
  std::string lines;
  for (const RateLimitNote& note : summary.rate_limits) {
    lines += "limits   " + note.registry + ": " + rate_limit_text(note) + "\n";
  }
  return lines;
}

/// "registry r.example (2 rules, 12 images): REASON"
std::string registry_line(const std::string& registry, const RunSummary::RegistryFailure& failure) {
  std::string taken;
  if (failure.rules > 0) {
    taken = counted(failure.rules, "rule", "rules");
  }
  if (failure.images > 0) {
    taken += (taken.empty() ? "" : ", ") + counted(failure.images, "image", "images");
  }
  return "  registry " + registry + " (" + taken + "): " + failure.reason + "\n";
}

std::string failure_lines(const RunSummary& summary) {
  std::string lines;
  for (const auto& [registry, failure] : summary.registries) {
    lines += registry_line(registry, failure);
  }
  for (const RunSummary::RuleFailure& rule : summary.rules) {
    if (rule.registry.empty()) {
      lines +=
          "  rule " + std::to_string(rule.rule + 1) + " (" + rule.text + "): " + rule.reason + "\n";
    }
  }
  for (const RunSummary::Failure& failure : summary.failures) {
    lines += "  " + failure.source + " -> " + failure.target +
             (failure.deferred ? ": deferred: " : ": ") + failure.reason + "\n";
  }
  if (summary.failures_total > summary.failures.size()) {
    lines += "  and " + group_digits(summary.failures_total - summary.failures.size()) +
             " more; --report FILE lists all\n";
  }
  return lines.empty() ? "" : "failures:\n" + lines;
}

std::string warning_lines(const RunSummary& summary) {
  std::string lines;
  for (const std::string& warning : summary.warnings) {
    lines += "  " + warning + "\n";
  }
  if (summary.warnings_total > summary.warnings.size()) {
    lines += "  and " + group_digits(summary.warnings_total - summary.warnings.size()) +
             " more; the log has all\n";
  }
  return lines.empty() ? "" : "warnings:\n" + lines;
}

}  // namespace

std::string rate_limit_text(const RateLimitNote& note) {
  std::string text = group_digits(note.remaining);
  if (note.limit) {
    text += " of " + group_digits(*note.limit);
  }
  return text + " left" + (note.window ? " per " + format_duration(*note.window) : "");
}

std::string render_summary(const RunSummary& summary) {
  return images_line(summary) + rules_line(summary) + interrupted_line(summary) +
         work_lines(summary) + limit_lines(summary) + failure_lines(summary) +
         warning_lines(summary);
}

}  // namespace image_syncer
