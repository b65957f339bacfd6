#include "unit/api/calls_fixture.hpp"
#include "unit/api/service_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kEvents = get("/api/v1/events");

/// A client that listens.
class Listener {
 public:
  explicit Listener(RawClient client)
      : client_(std::move(client)) {
    EXPECT_TRUE(client_.send(kEvents));
    EXPECT_TRUE(client_.read_until("\r\n\r\n"));
  }

  /// The status in the next event; null when the stream ends.
  json next() {
    while (const auto text = client_.read_until("\n\n")) {
      const std::string begin = "event: status\ndata: ";
      if (const auto at = text->find(begin); at != std::string::npos) {
        return json::parse(text->substr(at + begin.size()));
      }
    }
    return {};
  }

  void leave() { client_.close(); }

 private:
  RawClient client_;
};

class ApiEventsTest : public ApiServiceTest {
 protected:
  Listener listen() { return Listener(client()); }

  /// The daemon does something from now on that it did not before: so many runs skipped.
  void change(std::uint64_t skipped) {
    values_.status->runs_skipped = skipped;
    port_.set(values_);
  }

  /// A second goes by, in which the service looks. Before that it must wait again, and when it has
  /// looked for the `looks_`th time it has not waited since.
  void pass_a_second() {
    clock_.await_waiter();
    clock_.advance(1s);
    EXPECT_TRUE(port_.await("status", ++looks_));
  }

  PortValues values_ = everything_known();
  std::size_t looks_ = 0;
};

TEST_F(ApiEventsTest, TellsANewClientAtOnce) {
  const json event = listen().next();
  FakePort port;
  EXPECT_EQ(event, json::parse(answer(port, "GET /api/v1/status").body));
}

TEST_F(ApiEventsTest, TellsOfAChange) {
  Listener listener = listen();
  ASSERT_EQ(listener.next().at("runs_skipped"), 5);
  looks_ = 1;
  for (const std::uint64_t skipped : {6U, 7U, 8U}) {
    change(skipped);
    pass_a_second();
    EXPECT_EQ(listener.next().at("runs_skipped"), skipped);
  }
}

TEST_F(ApiEventsTest, TellsAtMostOnceASecond) {
  Listener listener = listen();
  ASSERT_EQ(listener.next().at("runs_skipped"), 5);
  looks_ = 1;
  change(6);
  clock_.await_waiter();
  clock_.advance(999ms);
  change(7);
  clock_.advance(1ms);
  EXPECT_EQ(listener.next().at("runs_skipped"), 7) << "without 6 before it";
}

TEST_F(ApiEventsTest, SaysNothingWhileOnlyTimePasses) {
  Listener listener = listen();
  ASSERT_EQ(listener.next().at("now"), "2026-11-24T08:00:20.345Z");
  looks_ = 1;
  for (int second = 0; second < 3; ++second) {
    values_.status->now += 1s;
    values_.status->running.at(0).state.blobs.at(0).age += 1s;
    change(5);
    pass_a_second();
  }
  change(6);
  pass_a_second();
  const json event = listener.next();
  EXPECT_EQ(event.at("runs_skipped"), 6) << "the first event since";
  EXPECT_EQ(event.at("now"), "2026-11-24T08:00:23.345Z");
  EXPECT_EQ(event.at("running").at(0).at("blobs").at(0).at("age"), 4.25);
}

TEST_F(ApiEventsTest, TellsNobodyMoreOftenBecauseAnotherClientComes) {
  Listener first = listen();
  ASSERT_EQ(first.next().at("runs_skipped"), 5);
  clock_.await_waiter();
  clock_.advance(500ms);
  change(6);
  Listener second = listen();
  EXPECT_EQ(second.next().at("runs_skipped"), 6);
  change(7);
  looks_ = 2;
  pass_a_second();
  EXPECT_EQ(first.next().at("runs_skipped"), 7) << "without 6 before it";
  EXPECT_EQ(second.next().at("runs_skipped"), 7);
}

TEST_F(ApiEventsTest, TellsNobodyWhatHeKnowsBecauseAnotherClientComes) {
  Listener first = listen();
  ASSERT_EQ(first.next().at("runs_skipped"), 5);
  clock_.await_waiter();
  clock_.advance(999ms);
  Listener second = listen();
  EXPECT_EQ(second.next().at("runs_skipped"), 5);
  looks_ = 2;
  pass_a_second();
  change(6);
  pass_a_second();
  EXPECT_EQ(first.next().at("runs_skipped"), 6);
  EXPECT_EQ(second.next().at("runs_skipped"), 6);
}

TEST_F(ApiEventsTest, TellsWhenTheStatusCanBeHadAgain) {
  values_.error = "the record: disk I/O error";
  change(6);
  Listener listener = listen();
  looks_ = 0;
  ASSERT_TRUE(port_.await("status", ++looks_));
  values_.error = "";
  change(7);
  pass_a_second();
  EXPECT_EQ(listener.next().at("runs_skipped"), 7);
}

TEST_F(ApiEventsTest, AnswersCallsMeanwhile) {
  Listener listener = listen();
  ASSERT_EQ(listener.next().at("runs_skipped"), 5);
  EXPECT_EQ(ask(get("/api/v1/rules")).status, 200);
  looks_ = 1;
  change(6);
  pass_a_second();
  EXPECT_EQ(listener.next().at("runs_skipped"), 6);
}

TEST_F(ApiEventsTest, SleepsUntilSomebodyComes) {
  clock_.await_waiter();
  EXPECT_TRUE(clock_.is_last_wait_endless());
  EXPECT_EQ(ask(get("/api/v1/rules")).status, 200);
  Listener listener = listen();
  ASSERT_FALSE(listener.next().is_null());
  clock_.await_waiter();
  EXPECT_FALSE(clock_.is_last_wait_endless());
}

TEST_F(ApiEventsTest, SleepsAgainWhenEverybodyHasGone) {
  Listener first = listen();
  ASSERT_FALSE(first.next().is_null());
  Listener second = listen();
  ASSERT_FALSE(second.next().is_null());
  clock_.await_waiter();
  first.leave();
  second.leave();
  // Nobody is told when the server has seen it, so this goes on for a while.
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (!clock_.is_last_wait_endless() && std::chrono::steady_clock::now() < limit) {
    clock_.advance(1s);
    std::this_thread::yield();
  }
  EXPECT_TRUE(clock_.is_last_wait_endless());
  const auto calls = port_.calls();
  clock_.advance(1h);
  EXPECT_EQ(ask(get("/api/v1/rules")).status, 200);
  EXPECT_EQ(port_.calls().size(), calls.size() + 1) << "nobody is there to be told";

  change(9);
  EXPECT_EQ(listen().next().at("runs_skipped"), 9);
}

TEST_F(ApiEventsTest, EndsItsStreamsWhenItEnds) {
  RawClient listener = client();
  ASSERT_TRUE(listener.send(kEvents));
  ASSERT_TRUE(port_.await("status", 1));
  clock_.await_waiter();
  service_.reset();
  const auto answer = listener.read_answer();
  ASSERT_TRUE(answer) << "the stream has an end";
  EXPECT_EQ(answer->header("Content-Type"), "text/event-stream");
  EXPECT_THAT(answer->body, testing::HasSubstr("event: status\ndata: {\"version\""));
  EXPECT_EQ(ask(kEvents).status, 503);
}

}  // namespace
}  // namespace image_syncer
