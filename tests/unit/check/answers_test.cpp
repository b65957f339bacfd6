#include "check/answers.hpp"

#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;

std::exception_ptr no_answer(TransportFailure failure) {
  return std::make_exception_ptr(TransportError(failure, "GET https://reg.example/v2/: alas"));
}

std::exception_ptr answer(int status, ErrorClass error_class, std::vector<std::string> codes = {}) {
  RegistryError::Answer answer;
  answer.status = status;
  answer.error_class = error_class;
  answer.codes = std::move(codes);
  return std::make_exception_ptr(RegistryError("alas", std::move(answer)));
}

TEST(Answers, APingTellsHowFarItCame) {
  const std::vector<std::pair<TransportFailure, ReachStage>> table{
      {TransportFailure::resolve, ReachStage::name},
      {TransportFailure::connection_refused, ReachStage::refused},
      {TransportFailure::connect, ReachStage::connection},
      {TransportFailure::tls_not_spoken, ReachStage::tls},
      {TransportFailure::tls, ReachStage::tls},
      {TransportFailure::certificate, ReachStage::certificate},
      {TransportFailure::stalled, ReachStage::connection},
      {TransportFailure::broken, ReachStage::connection},
      {TransportFailure::proxy, ReachStage::proxy},
      {TransportFailure::proxy_refused, ReachStage::proxy},
      {TransportFailure::other, ReachStage::connection}};
  for (const auto& [failure, stage] : table) {
    EXPECT_EQ(stage_of(no_answer(failure)), stage) << static_cast<int>(failure);
  }
  EXPECT_EQ(problem_of(no_answer(TransportFailure::tls)), "GET https://reg.example/v2/: alas");
}

TEST(Answers, APingTellsARegistryInTroubleFromNone) {
  EXPECT_EQ(stage_of(answer(404, ErrorClass::registry)), ReachStage::no_registry);
  EXPECT_EQ(stage_of(answer(302, ErrorClass::registry)), ReachStage::no_registry);
  EXPECT_EQ(stage_of(std::make_exception_ptr(Error("points to 127.0.0.1"))),
            ReachStage::no_registry);
  EXPECT_EQ(stage_of(answer(403, ErrorClass::registry)), ReachStage::error);
  EXPECT_EQ(stage_of(answer(429, ErrorClass::limited)), ReachStage::error);
  EXPECT_EQ(stage_of(answer(502, ErrorClass::retry)), ReachStage::error);
}

TEST(Answers, ALoginTellsWrongCredentialsFromTrouble) {
  EXPECT_EQ(account_state_of(answer(401, ErrorClass::registry)), AccountState::refused);
  EXPECT_EQ(account_state_of(answer(0, ErrorClass::registry)), AccountState::unavailable)
      << "the token server is at an address that is refused";
  EXPECT_EQ(account_state_of(answer(503, ErrorClass::limited)), AccountState::unavailable);
  EXPECT_EQ(account_state_of(no_answer(TransportFailure::resolve)), AccountState::unavailable);
  EXPECT_EQ(account_state_of(answer(401, ErrorClass::auth)), AccountState::unknown)
      << "it has given a token, and does not take it here";
  EXPECT_EQ(account_state_of(answer(403, ErrorClass::repository)), AccountState::unknown);
}

TEST(Answers, ARefusalIsToldFromWhatIsNotThere) {
  EXPECT_EQ(access_state_of(answer(401, ErrorClass::auth)), AccessState::denied);
  EXPECT_EQ(access_state_of(answer(401, ErrorClass::repository)), AccessState::denied);
  EXPECT_EQ(access_state_of(answer(403, ErrorClass::repository)), AccessState::denied);
  EXPECT_EQ(access_state_of(answer(405, ErrorClass::repository, {"UNSUPPORTED"})),
            AccessState::denied);
  EXPECT_EQ(access_state_of(answer(404, ErrorClass::repository, {"DENIED"})), AccessState::denied);
  EXPECT_EQ(access_state_of(answer(404, ErrorClass::repository, {"NAME_UNKNOWN"})),
            AccessState::no_repository);
  EXPECT_EQ(access_state_of(answer(400, ErrorClass::absent, {"NAME_UNKNOWN"})),
            AccessState::no_repository);
  EXPECT_EQ(access_state_of(answer(503, ErrorClass::limited)), AccessState::failed);
  EXPECT_EQ(access_state_of(no_answer(TransportFailure::broken)), AccessState::failed);
  EXPECT_EQ(access_state_of(std::make_exception_ptr(Error("no Location"))), AccessState::failed);
}

class LearnFrom : public testing::Test {
 protected:
  void learn() { learn_from(registry_, headers_, now_); }

  // 2026-01-02T03:04:05Z
  const Clock::wall_time now_{seconds(1767323045)};
  Headers headers_;
  CheckedRegistry registry_;
};

TEST_F(LearnFrom, TheHeadersSayWhatItIs) {
  headers_.add("server", "nginx/1.25");
  headers_.add("docker-distribution-api-version", "registry/2.0");
  headers_.add("Content-Type", "text/html");
  learn();
  EXPECT_EQ(registry_.software, "nginx/1.25");
  EXPECT_EQ(registry_.api_version, "registry/2.0");
  EXPECT_FALSE(registry_.is_page);
  EXPECT_FALSE(registry_.clock_ahead);
}

TEST_F(LearnFrom, AMarkOfTheSoftwareGoesBeforeTheServerInFrontOfIt) {
  headers_.add("Server", "nginx");
  headers_.add("X-Artifactory-Id", "42");
  learn();
  EXPECT_EQ(registry_.software, "JFrog Artifactory");
}

TEST_F(LearnFrom, APageForPeopleIsNoRegistrysAnswer) {
  headers_.add("Content-Type", "Text/HTML; charset=utf-8");
  learn();
  EXPECT_TRUE(registry_.is_page);
}

TEST_F(LearnFrom, TheDateSaysHowFarTheClocksAreApart) {
  headers_.add("Date", "Fri, 02 Jan 2026 03:05:06 GMT");
  learn();
  EXPECT_EQ(registry_.clock_ahead, seconds(61));
}

TEST_F(LearnFrom, AClockBehindIsANegativeNumber) {
  headers_.add("Date", "Fri, 02 Jan 2026 02:04:05 GMT");
  learn();
  EXPECT_EQ(registry_.clock_ahead, seconds(-3600));
}

TEST_F(LearnFrom, ADateThatIsNoneSaysNothing) {
  headers_.add("Date", "yesterday");
  learn();
  EXPECT_FALSE(registry_.clock_ahead);
}

}  // namespace
}  // namespace image_syncer
