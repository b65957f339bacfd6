#include "check/count_well.hpp"
#include "check/words.hpp"
#include <image_syncer/check/check_report.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxProblem = 1000;
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kImagesNamed = 8;
constexpr std::string_view kIndent = "          ";

using Cells = std::vector<std::string>;

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

/// "3 of 4 repositories"
std::string share_of(std::size_t part, std::size_t whole) {
  return std::to_string(part) + " of " + count_of(whole, "repository", "repositories");
}

std::string account_name(const CheckedAccount& account) {
  if (account.is_anonymous()) {
    return "anonymous";
  }
  if (account.from.empty()) {
    return "credentials";
  }
  const std::string user = printable(account.username, kMaxName);
  return (user.empty() ? "token" : user) + " (" + printable(account.from, kMaxProblem) + ")";
}

std::string_view label_of(const CheckedAccess& access, bool is_push) {
  switch (access.state) {
    case AccessState::no_image:
      return access.reference.digest ? "no such digest" : "no such tag";
    case AccessState::no_repository:
      return "no such repository";
    case AccessState::denied:
      return is_push ? "push refused" : "no access";
    case AccessState::failed:
      return "failed";
    case AccessState::allowed:
    case AccessState::skipped:
      break;
  }
  return "";
}

void add_line(std::string& text, const std::string& line) {
  text += std::string(kIndent) + line + "\n";
}

/// "quay.io/a/b: no such tag: v1, v2 and 3 more"
void add_missing(std::string& text,
                 const CheckedSource& source,
                 std::string_view label,
                 const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kImagesNamed); ++i) {
    list += (list.empty() ? "" : ", ") + names[i];
  }
  if (names.size() > kImagesNamed) {
    list += " and " + std::to_string(names.size() - kImagesNamed) + " more";
  }
  add_line(text, "  " + source.repository.str() + ": " + std::string(label) + ": " + list);
}

/// One line for each kind of thing that is not well.
void add_source(std::string& text, const CheckedSource& source) {
  std::map<std::string_view, std::vector<std::string>> missing;
  std::map<std::string_view, std::vector<const CheckedAccess*>> others;
  for (const CheckedAccess& access : source.accesses) {
    const std::string_view label = label_of(access, false);
    if (access.state == AccessState::no_image) {
      missing[label].push_back(access.reference.identifier());
    } else if (!label.empty()) {
      others[label].push_back(&access);
    }
  }
  for (const auto& [label, names] : missing) {
    add_missing(text, source, label, names);
  }
  for (const auto& [label, accesses] : others) {
    const CheckedAccess& first = *accesses.front();
    if (first.state == AccessState::no_repository) {
      add_line(text, "  " + source.repository.str() + ": " + std::string(label));
      continue;
    }
    const std::string more =
        accesses.size() > 1 ? " (and " + std::to_string(accesses.size() - 1) + " more)" : "";
    add_line(text,
             "  " + first.reference.str() + ": " + std::string(label) + ": " +
                 printable(first.problem, kMaxProblem) + more);
  }
}

void add_sources(std::string& text, const CheckedRegistry& registry) {
  if (registry.sources.empty()) {
    return;
  }
  add_line(text, "pull  " + share_of(count_well(registry.sources), registry.sources.size()));
  for (const CheckedSource& source : registry.sources) {
    add_source(text, source);
    for (const std::string& rule : source.idle_rules) {
      add_line(text,
               "  " + source.repository.str() + ": warning: the rule " + printable(rule, kMaxName) +
                   " selects none of its " + count_of(source.tags.value_or(0), "tag", "tags"));
    }
  }
}

void add_targets(std::string& text, const CheckedRegistry& registry) {
  if (registry.targets.empty()) {
    return;
  }
  add_line(text, "push  " + share_of(count_well(registry.targets), registry.targets.size()));
  for (const CheckedTarget& target : registry.targets) {
    if (const std::string_view label = label_of(target.access, true); !label.empty()) {
      add_line(text,
               "  " + target.access.reference.str() + ": " + std::string(label) + ": " +
                   printable(target.access.problem, kMaxProblem));
    }
  }
}

void add_accounts(std::string& text, const CheckedRegistry& registry) {
  for (const CheckedAccount& account : registry.accounts) {
    if (is_well(account) && registry.accounts.size() == 1) {
      return;  // the registry's own line names it
    }
    std::string line = "as    " + account_name(account);
    if (!account.is_anonymous()) {
      line += ": " + std::string(words_of(account.state));
    }
    if (!account.problem.empty()) {
      line += ": " + printable(account.problem, kMaxProblem);
    }
    add_line(text, line);
  }
}

std::string account_cell(const CheckedRegistry& registry) {
  if (registry.accounts.empty()) {
    return "anonymous";
  }
  if (registry.accounts.size() > 1) {
    return count_of(registry.accounts.size(), "account", "accounts");
  }
  return "as " + account_name(registry.accounts.front());
}

Cells cells_of(const CheckedRegistry& registry) {
  Cells cells{is_well(registry) ? "ok" : "NOT OK", registry.name};
  if (registry.stage != ReachStage::reached) {
    cells.push_back("not reached: " + std::string(words_of(registry.stage)));
    return cells;
  }
  cells.push_back(format_duration(registry.took));
  cells.emplace_back(words_of(registry.trust));
  cells.push_back(account_cell(registry));
  return cells;
}

/// The lines of the registries in columns; the last cell of a line is as long as it likes.
std::vector<std::string> aligned(const std::vector<Cells>& rows) {
  std::vector<std::size_t> widths;
  for (const Cells& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  widths.front() = kIndent.size() - 2;
  std::vector<std::string> lines;
  for (const Cells& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_last = i + 1 == row.size();
      line += row[i];
      line += is_last ? "" : std::string(widths[i] + 2 - row[i].size(), ' ');
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void add_details(std::string& text, const CheckedRegistry& registry) {
  if (registry.stage != ReachStage::reached) {
    add_line(text, printable(registry.problem, kMaxProblem));
    const std::size_t untouched = registry.sources.size() + registry.targets.size();
    if (untouched > 0) {
      add_line(text, "not asked for " + count_of(untouched, "repository", "repositories"));
    }
    return;
  }
  std::string quirks;
  for (const std::string& quirk : quirks_of(registry)) {
    quirks += (quirks.empty() ? "" : "; ") + quirk;
  }
  add_line(text, quirks);
  add_accounts(text, registry);
  add_sources(text, registry);
  add_targets(text, registry);
}

/// "2 upload sessions were opened and deleted", "…, of which 1 is left to expire"
std::string sessions_of(const CheckTotals& totals) {
  if (totals.opened == 0) {
    return "no upload session was opened";
  }
  const std::string opened =
      count_of(totals.opened, "upload session was", "upload sessions were") + " opened";
  return totals.opened == totals.deleted
             ? opened + " and deleted"
             : opened + ", " + std::to_string(totals.opened - totals.deleted) + " left to expire";
}

std::string summary_of(const CheckReport& report) {
  const CheckTotals totals = totals_of(report);
  std::string text = is_well(report) ? "all well" : "not well";
  text += ": " + std::to_string(totals.registries_well) + " of " +
          count_of(totals.registries, "registry", "registries");
  if (totals.sources > 0) {
    text += "; may pull from " + share_of(totals.sources_well, totals.sources);
  }
  if (!report.push_checked) {
    text += "; pushing was not tried (--no-push-check)";
  } else if (totals.targets > 0) {
    text += "; may push to " + share_of(totals.targets_well, totals.targets) + " (" +
            sessions_of(totals) + ")";
  }
  return text + "\n";
}

}  // namespace

std::string check_text(const CheckReport& report) {
  std::string text = report.file + ": valid, " + count_of(report.rules, "rule", "rules");
  if (report.mappings > 0) {
    text += ", " + count_of(report.mappings, "hook mapping", "hook mappings");
  }
  text += "\n";
  for (const std::string& warning : report.warnings) {
    text += "warning: " + warning + "\n";
  }
  text += "\n";
  std::vector<Cells> rows;
  for (const CheckedRegistry& registry : report.registries) {
    rows.push_back(cells_of(registry));
  }
  if (rows.empty()) {
    return text + "no registry is named: there is nothing to reach\n";
  }
  const std::vector<std::string> lines = aligned(rows);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += lines[i] + "\n";
    add_details(text, report.registries[i]);
  }
  return text + "\n" + summary_of(report);
}

}  // namespace image_syncer
