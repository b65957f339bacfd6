#include <image_syncer/config/complaint.hpp>

#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

TEST(Complaint, NamesPlaceKeyAndProblem) {
  EXPECT_EQ((Complaint{{"auth.yaml", 3, 5}, "quay.io.pasword", "unknown key"}.str()),
            "auth.yaml:3:5: quay.io.pasword: unknown key");
}

TEST(Complaint, LeavesOutWhatIsUnknown) {
  EXPECT_EQ((Complaint{{"auth.yaml", 0, 0}, "", "is empty"}.str()), "auth.yaml: is empty");
  EXPECT_EQ((Complaint{{}, "", "cannot read x.yaml"}.str()), "cannot read x.yaml");
}

TEST(ConfigError, SaysAllComplaintsALineEach) {
  const ConfigError error({{{"a.yaml", 1, 2}, "k", "bad"}, {{"b.yaml", 3, 4}, "", "worse"}});
  EXPECT_EQ(error.message(), "a.yaml:1:2: k: bad\nb.yaml:3:4: worse");
  EXPECT_EQ(error.complaints().size(), 2U);
}

}  // namespace
}  // namespace image_syncer
