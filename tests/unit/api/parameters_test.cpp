#include "unit/api/calls_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {
namespace {

using testing::IsEmpty;

struct Refused {
  std::string line;
  std::string body;
  std::string message;
};

void expect_refused(const std::vector<Refused>& table) {
  for (const Refused& row : table) {
    FakePort port;
    const HttpResponse response = answer(port, row.line, row.body);
    EXPECT_EQ(response.status, 400) << row.line << row.body;
    EXPECT_EQ(error_in(response), row.message);
    EXPECT_THAT(port.calls(), IsEmpty()) << row.line << row.body;
  }
}

TEST(ApiParameters, SayWhichOneIsWrongAndWhatWasExpected) {
  const std::string limit = "limit is to be a whole number from 1 to ";
  const std::string before = "before is to be a whole number from 1 to 9223372036854775807, not ";
  const std::string offset = "offset is to be a whole number from 0 to 9223372036854775807, not ";
  expect_refused({
      {"GET /api/v1/queue?limit=0", "", limit + R"(1000, not "0")"},
      {"GET /api/v1/queue?limit=1001", "", limit + R"(1000, not "1001")"},
      {"GET /api/v1/queue?limit=", "", limit + R"(1000, not "")"},
      {"GET /api/v1/queue?limit=ten", "", limit + R"(1000, not "ten")"},
      {"GET /api/v1/queue?limit=-1", "", limit + R"(1000, not "-1")"},
      {"GET /api/v1/queue?limit=%2B1", "", limit + R"(1000, not "+1")"},
      {"GET /api/v1/queue?limit=+1", "", limit + R"(1000, not " 1")"},
      {"GET /api/v1/queue?limit=1e2", "", limit + R"(1000, not "1e2")"},
      {"GET /api/v1/queue?limit=9223372036854775808",
       "",
       limit + R"(1000, not "9223372036854775808")"},
      {"GET /api/v1/images?limit=1001", "", limit + R"(1000, not "1001")"},
      {"GET /api/v1/runs?limit=501", "", limit + R"(500, not "501")"},
      {"GET /api/v1/images/failed?limit=501", "", limit + R"(500, not "501")"},
      {"GET /api/v1/runs?before=0", "", before + R"("0")"},
      {"GET /api/v1/runs?before=last", "", before + R"("last")"},
      {"GET /api/v1/queue?offset=-1", "", offset + R"("-1")"},
      {"GET /api/v1/queue?offset=-0", "", offset + R"("-0")"},
      {"GET /api/v1/queue?state=copying", "", R"(state is to be queued or parked, not "copying")"},
      {"GET /api/v1/queue?state=", "", R"(state is to be queued or parked, not "")"},
      {"GET /api/v1/queue?text=" + std::string(1001, 'a'),
       "",
       "text is to be at most 1000 bytes long, not 1001 bytes"},
      {"GET /api/v1/images?after=" + std::string(1001, 'a'),
       "",
       "after is to be at most 1000 bytes long, not 1001 bytes"},
  });
}

TEST(ApiParameters, RefusesUnknownOnesAndRepetition) {
  expect_refused({
      {"GET /api/v1/queue?stat=parked",
       "",
       R"(there is no parameter "stat": this call takes state, text, offset, limit)"},
      {"GET /api/v1/status?x", "", R"(there is no parameter "x": this call takes none)"},
      {"GET /api/v1/rules?x", "", R"(there is no parameter "x": this call takes none)"},
      {"GET /api/v1/registries?x", "", R"(there is no parameter "x": this call takes none)"},
      {"GET /api/v1/runs/17?x", "", R"(there is no parameter "x": this call takes none)"},
      {"POST /api/v1/runs?rule=a", "", R"(there is no parameter "rule": this call takes none)"},
      {"POST /api/v1/queue/retry?target=a",
       "",
       R"(there is no parameter "target": this call takes none)"},
      {"POST /api/v1/queue/remove?target=a",
       "",
       R"(there is no parameter "target": this call takes none)"},
      {"GET /api/v1/runs?limit=1&limit=2", "", "limit is given twice"},
      {"GET /api/v1/images?before=1",
       "",
       R"(there is no parameter "before": this call takes text, after, limit)"},
      {"GET /api/v1/images/failed?after=1",
       "",
       R"(there is no parameter "after": this call takes limit)"},
  });
}

TEST(ApiBodies, AreReadStrictly) {
  const std::string retry = "POST /api/v1/queue/retry";
  const std::string remove = "POST /api/v1/queue/remove";
  const std::string run = "POST /api/v1/runs";
  const std::string what_retry_takes = R"(the body is to be {"target": "…"} or {"parked": true})";
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  expect_refused({
      {retry, "", what_retry_takes},
      {retry, "{}", what_retry_takes},
      {retry, R"({"target": "a", "parked": true})", what_retry_takes},
      {retry, R"({"parked": false})", "parked is to be true, not false"},
      {retry, R"({"parked": "true"})", R"(parked is to be true, not "true")"},
      {retry, R"({"target": 5})", "target is to be a string that is not empty, not 5"},
      {retry, R"({"target": null})", "target is to be a string that is not empty, not null"},
      {retry, R"({"target": ["a"]})", R"(target is to be a string that is not empty, not ["a"])"},
      {retry, R"({"target": ""})", R"(target is to be a string that is not empty, not "")"},
      {retry,
       R"({"tarket": "a"})",
       R"(the body has an unknown member "tarket": this call takes target, parked)"},
      {retry, R"({"target": "a", "target": "b"})", R"(the body: the key "target" is there twice)"},
      {remove, "  ", R"(the body is to be {"target": "…"})"},
      {remove,
       R"({"parked": true})",
       R"(the body has an unknown member "parked": this call takes target)"},
      {run, R"({"rule": 1})", "rule is to be a string that is not empty, not 1"},
      {run, "[]", "the body: it is to be a JSON object, not []"},
      {run, R"("rule")", R"(the body: it is to be a JSON object, not "rule")"},
      {run, R"({"rule": )" + deep + "}", "the body: not JSON: it is nested deeper than 100 levels"},
      {run, std::string("{}\0", 3), "the body: not JSON: it holds a NUL byte"},
  });
  FakePort port;
  for (const std::string_view body :
       {"rule=a", "{", "{\"rule\": \"a\"", "{'rule': 'a'}", "{} {}", "{\"rule\": \"\xff\"}"}) {
    const HttpResponse response = answer(port, run, std::string(body));
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(error_in(response), testing::StartsWith("the body: not JSON: ")) << body;
  }
  EXPECT_THAT(port.calls(), IsEmpty());
}

TEST(ApiBodies, MayBeEmptyWhereNothingIsNeeded) {
  for (const std::string_view body : {"", " \r\n", "{}", " { } "}) {
    FakePort port;
    EXPECT_EQ(answer(port, "POST /api/v1/runs", std::string(body)).status, 202) << body;
    EXPECT_THAT(port.calls(), testing::ElementsAre("start_run -")) << body;
  }
}

}  // namespace
}  // namespace image_syncer
