#include "app/api_commands.hpp"
#include <image_syncer/api/api_text.hpp>
#include <image_syncer/util/error.hpp>

#include <ostream>
#include <string>

namespace image_syncer {
namespace {

constexpr const char* kRuns = "20";
constexpr const char* kFailures = "50";

int report_run(const Options& options, const std::string& run, ApiClient& api, std::ostream& out) {
  const std::string number = run.starts_with('#') ? run.substr(1) : run;
  if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) {
    throw Error("report: expected the number of a run, found \"" + run + "\"");
  }
  const std::string answer = body_of(api.make({{"runs", number}}));
  out << (options.json ? answer : run_text(answer));
  return 0;
}

}  // namespace

int run_report_command(const Options& options, ApiClient& api, std::ostream& out) {
  if (!options.arguments.empty()) {
    return report_run(options, options.arguments.front(), api, out);
  }
  const std::string runs = body_of(api.make({{"runs"}, {{"limit", kRuns}}}));
  if (options.json) {
    out << runs;
    return 0;
  }
  out << report_text(runs, body_of(api.make({{"images", "failed"}, {{"limit", kFailures}}})));
  return 0;
}

}  // namespace image_syncer
