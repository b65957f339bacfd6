#include <image_syncer/check/check_report.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

CheckedAccess access(AccessState state) {
  return {{{"reg.example", "app"}, "", std::nullopt}, state, ""};
}

CheckedRegistry good() {
  CheckedRegistry registry;
  registry.name = "reg.example";
  registry.api_version = "registry/2.0";
  registry.scheme = "bearer";
  registry.token_server = "auth.example";
  registry.accounts.push_back({"bob", "auth.yaml:1:1", AccountState::accepted, ""});
  registry.sources.push_back(
      {{"reg.example", "app"}, 3, {access(AccessState::allowed)}, {"reg.example/app:/x/"}});
  registry.targets.push_back({access(AccessState::allowed), UploadTrace::deleted});
  return registry;
}

TEST(CheckReport, IsWellWhenEverythingIs) {
  CheckReport report;
  EXPECT_TRUE(is_well(report));
  report.registries.push_back(good());
  EXPECT_TRUE(is_well(report)) << "a rule without images is a warning only";
}

TEST(CheckReport, IsNotWellWhenAnythingIsNot) {
  for (const AccountState state :
       {AccountState::refused, AccountState::unavailable, AccountState::unknown}) {
    CheckedRegistry registry = good();
    registry.accounts[0].state = state;
    EXPECT_FALSE(is_well(registry)) << static_cast<int>(state);
  }
  for (const AccessState state : {AccessState::no_image,
                                  AccessState::no_repository,
                                  AccessState::denied,
                                  AccessState::failed,
                                  AccessState::skipped}) {
    CheckedRegistry source = good();
    source.sources[0].accesses.push_back(access(state));
    EXPECT_FALSE(is_well(source)) << static_cast<int>(state);
    CheckedRegistry target = good();
    target.targets[0].access.state = state;
    EXPECT_FALSE(is_well(target)) << static_cast<int>(state);
  }
  CheckReport report;
  report.registries = {good(), good()};
  report.registries[1].stage = ReachStage::name;
  EXPECT_FALSE(is_well(report));
}

TEST(CheckReport, CountsWhatThereIsAndWhatIsWell) {
  CheckReport report;
  report.registries = {good(), good()};
  report.registries[1].targets[0].upload = UploadTrace::kept;
  report.registries[1].targets.push_back({access(AccessState::denied), UploadTrace::none});
  const CheckTotals totals = totals_of(report);
  EXPECT_EQ(totals.registries, 2U);
  EXPECT_EQ(totals.registries_well, 1U);
  EXPECT_EQ(totals.sources, 2U);
  EXPECT_EQ(totals.sources_well, 2U);
  EXPECT_EQ(totals.targets, 3U);
  EXPECT_EQ(totals.targets_well, 2U);
  EXPECT_EQ(totals.opened, 2U);
  EXPECT_EQ(totals.deleted, 1U);
}

TEST(Quirks, OfAnOrdinaryRegistryAreHowItAuthenticates) {
  EXPECT_THAT(quirks_of(good()), ElementsAre("tokens from auth.example"));
  CheckedRegistry registry = good();
  registry.scheme = "basic";
  EXPECT_THAT(quirks_of(registry), ElementsAre("Basic authentication"));
  registry.scheme = "";
  registry.software = "nginx\n1.25";
  EXPECT_THAT(quirks_of(registry), ElementsAre("nginx 1.25", "asks for no credentials"));
}

TEST(Quirks, AreWhatAnOrdinaryRegistryDoesNotDo) {
  CheckedRegistry registry = good();
  registry.api_version = "";
  registry.refuses_mounts = true;
  registry.targets[0].upload = UploadTrace::kept;
  registry.rate_limits = {{76, seconds(21600)}, RateLimit{100, seconds(21600)}};
  EXPECT_THAT(quirks_of(registry),
              ElementsAre("tokens from auth.example",
                          "does not say its API version",
                          "rate limit: 76 of 100 left per 6 h 0 min",
                          "does not mount blobs",
                          "does not delete upload sessions: they expire there"));
  registry.is_page = true;
  EXPECT_THAT(quirks_of(registry), Contains("answers with a page for people: is it a registry?"));
}

TEST(Quirks, NameAClockThatIsFarOffOnly) {
  CheckedRegistry registry = good();
  registry.clock_ahead = seconds(30);
  EXPECT_EQ(quirks_of(registry).size(), 1U);
  registry.clock_ahead = seconds(-45);
  EXPECT_THAT(quirks_of(registry), Contains("its clock is 45 s behind the one here"));
  registry.clock_ahead = seconds(45);
  EXPECT_THAT(quirks_of(registry), Contains("its clock is 45 s ahead of the one here"));
}

TEST(Quirks, OfARegistryThatWasNotReachedAreUnknown) {
  CheckedRegistry registry = good();
  registry.stage = ReachStage::refused;
  EXPECT_THAT(quirks_of(registry), IsEmpty());
}

}  // namespace
}  // namespace image_syncer
