#include "observe/plan_text.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

ImageOutcome outcome(ImageResult result) {
  ImageOutcome outcome;
  outcome.source = {{"one.example", "team/app"}, "v1", {}};
  outcome.target = {{"two.example", "mirror/app"}, "v1", {}};
  outcome.result = result;
  return outcome;
}

TEST(PlanText, ALineTellsWhatWouldBeDone) {
  ImageOutcome planned = outcome(ImageResult::planned);
  planned.source_digest = Digest::of("x");
  EXPECT_EQ(plan_line(planned, ""),
            "copy      one.example/team/app:v1 -> two.example/mirror/app:v1  " +
                planned.source_digest.str() + "\n");
  EXPECT_EQ(plan_line(outcome(ImageResult::equal), ""),
            "equal     one.example/team/app:v1 -> two.example/mirror/app:v1\n");
  EXPECT_EQ(plan_line(outcome(ImageResult::filtered), "no manifest fits"),
            "filtered  one.example/team/app:v1 -> two.example/mirror/app:v1  (no manifest fits)\n");
}

}  // namespace
}  // namespace image_syncer
