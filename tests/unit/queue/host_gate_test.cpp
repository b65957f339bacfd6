#include "queue/host_gate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

const Clock::time_point start_time{std::chrono::hours(1)};

struct ResolveCase {
  std::string name;
  Needs needs;
  HostNeeds expected;  ///< hosts are numbered in the order a, b, c
};

class HostGateResolve : public testing::TestWithParam<ResolveCase> {};

TEST_P(HostGateResolve, ListsEveryHostOnce) {
  HostGate gate(5, 6);
  for (const char* host : {"a", "b", "c"}) {
    gate.id_of(host);
  }
  EXPECT_EQ(gate.resolve(GetParam().needs), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    HostGateResolve,
    testing::ValuesIn(std::vector<ResolveCase>{
        {"nothing", {}, {}},
        {"all", {{"a", "b"}, {}}, {{0, 1}, {}, false}},
        {"any", {{"a"}, {"b", "c"}}, {{0}, {1, 2}, true}},
        {"named_twice", {{"a", "a"}, {"b", "b"}}, {{0}, {1}, true}},
        {"target_in_the_source_registry", {{"a"}, {"a"}}, {{0}, {}, false}},
        {"one_target_in_the_source_registry", {{"a"}, {"b", "a"}}, {{0}, {1}, false}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(HostGate, room_is_what_permits_and_leases_leave) {
  HostGate gate(4, 6);
  const HostId a = gate.id_of("a");
  const HostNeeds needs = gate.resolve({{"a"}, {}});
  EXPECT_EQ(gate.room(a), 3U) << "workers − 1";
  gate.set_limit(a, 2);
  EXPECT_EQ(gate.room(a), 2U);
  EXPECT_EQ(gate.take(needs, Place::any_job), std::vector<HostId>{a});
  EXPECT_EQ(gate.room(a), 1U);
  gate.take_more(a, 1);
  EXPECT_EQ(gate.room(a), 0U);
  EXPECT_TRUE(gate.lacks_permit(needs));
  EXPECT_TRUE(gate.has_full_host());
  gate.give_back(a, 1);
  EXPECT_EQ(gate.room(a), 1U);
  EXPECT_FALSE(gate.has_full_host());
  gate.leave(a, 1);
  EXPECT_EQ(gate.room(a), 2U);
}

TEST(HostGate, limit_below_what_is_taken_leaves_no_room) {
  HostGate gate(5, 6);
  const HostId a = gate.id_of("a");
  gate.take(gate.resolve({{"a"}, {}}), Place::any_job);
  gate.take_more(a, 3);
  gate.set_limit(a, 2);
  EXPECT_EQ(gate.room(a), 0U);
  EXPECT_EQ(gate.unused_permits(a), 0U);
  gate.leave(a, 4);
  EXPECT_EQ(gate.room(a), 2U);
}

TEST(HostGate, one_worker_may_serve_one_host) {
  HostGate gate(1, 6);
  const HostNeeds needs = gate.resolve({{"a"}, {}});
  EXPECT_EQ(gate.room(gate.id_of("a")), 6U);
  EXPECT_EQ(gate.place_for(needs, Priority::normal), Place::any_job);
  gate.take(needs, Place::any_job);
  EXPECT_FALSE(gate.has_place());
  EXPECT_EQ(gate.place_for(needs, Priority::hook), std::nullopt);
}

TEST(HostGate, the_last_place_is_in_reserve) {
  HostGate gate(2, 6);
  const HostNeeds a = gate.resolve({{"a"}, {}});
  const HostNeeds b = gate.resolve({{"b"}, {}});
  gate.take(a, Place::any_job);
  EXPECT_EQ(gate.places_left(), 1U);
  EXPECT_EQ(gate.place_for(a, Priority::normal), std::nullopt);
  EXPECT_EQ(gate.place_for(a, Priority::hook), Place::reserve);
  EXPECT_EQ(gate.place_for(b, Priority::again), Place::reserve);
  gate.take(b, Place::reserve);
  EXPECT_FALSE(gate.has_place());
  gate.free_place(Place::any_job);
  EXPECT_EQ(gate.place_for(a, Priority::normal), Place::any_job);
}

TEST(HostGate, held_hosts_are_not_granted) {
  HostGate gate(5, 6);
  const HostId b = gate.id_of("b");
  const HostNeeds needs = gate.resolve({{"a"}, {"b", "c"}});
  gate.hold(b, Clock::time_point::max());
  EXPECT_FALSE(gate.must_wait_for_hold(needs));
  EXPECT_EQ(gate.take(needs, Place::any_job),
            (std::vector<HostId>{gate.id_of("a"), gate.id_of("c")}));
  gate.hold(gate.id_of("c"), Clock::time_point::max());
  EXPECT_TRUE(gate.must_wait_for_hold(needs));
  EXPECT_EQ(gate.next_expiry(), Clock::time_point::max());
}

TEST(HostGate, holds_expire_each_at_its_time) {
  HostGate gate(5, 6);
  const HostId a = gate.id_of("a");
  const HostId b = gate.id_of("b");
  gate.hold(a, start_time + 2s);
  gate.hold(b, start_time + 1s);
  gate.hold(b, start_time + 3s);
  EXPECT_EQ(gate.next_expiry(), start_time + 2s);
  gate.expire_holds(start_time + 1s);
  EXPECT_TRUE(gate.is_held(a));
  EXPECT_FALSE(gate.is_held(a, start_time + 2s)) << "over, though nobody has ended it yet";
  gate.expire_holds(start_time + 2s);
  EXPECT_FALSE(gate.is_held(a));
  EXPECT_TRUE(gate.is_held(b));
  EXPECT_EQ(gate.next_expiry(), start_time + 3s);
  gate.end_hold(b);
  EXPECT_EQ(gate.next_expiry(), Clock::time_point::max());
}

TEST(HostGate, hold_after_an_ended_one_has_its_own_time) {
  HostGate gate(5, 6);
  const HostId a = gate.id_of("a");
  gate.hold(a, start_time + 9s);
  gate.end_hold(a);
  gate.hold(a, start_time + 1s);
  EXPECT_EQ(gate.next_expiry(), start_time + 1s);
}

}  // namespace
}  // namespace image_syncer
