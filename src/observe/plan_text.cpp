#include "observe/plan_text.hpp"

namespace image_syncer {
namespace {

constexpr std::size_t kVerbWidth = 10;

}  // namespace

std::string plan_line(const ImageOutcome& outcome, const std::string& note) {
  std::string line(outcome.result == ImageResult::planned ? "copy" : to_string(outcome.result));
  line.resize(kVerbWidth, ' ');
  line += outcome.source.str() + " -> " + outcome.target.str();
  if (!outcome.source_digest.empty()) {
    line += "  " + outcome.source_digest.str();
  }
  if (!note.empty()) {
    line += "  (" + note + ")";
  }
  return line + "\n";
}

}  // namespace image_syncer
