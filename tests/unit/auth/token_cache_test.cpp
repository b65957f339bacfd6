#include "support/manual_clock.hpp"
#include <image_syncer/auth/token_cache.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TokenKey alice{"https://reg.example:443", "https://auth.example/t", "reg.example", "alice"};
const ScopeSet pull = ScopeSet::pull("team/app");
const ScopeSet push = ScopeSet::push("team/app");
const ScopeSet other = ScopeSet::pull("team/other");

/// An error that is more than an `Error`.
class Refusal final : public Error {
 public:
  explicit Refusal(Retry retry)
      : Error("refused", retry) {}
};

class TokenCacheTest : public testing::Test {
 protected:
  TokenCache::Held acquire(const ScopeSet& scopes,
                           bool fresh_for_body = false,
                           const TokenKey& key = alice) {
    return cache_.acquire(key, scopes, fresh_for_body, [this] { ++woken_; });
  }

  /// The value of the token, "lead" or "wait".
  std::string held(const ScopeSet& scopes,
                   bool fresh_for_body = false,
                   const TokenKey& key = alice) {
    const TokenCache::Held held = acquire(scopes, fresh_for_body, key);
    if (const auto* token = std::get_if<Token>(&held)) {
      return token->value.reveal();
    }
    return std::holds_alternative<TokenCache::Lead>(held) ? "lead" : "wait";
  }

  void publish(const ScopeSet& scopes, const std::string& value, seconds lifetime = seconds(300)) {
    cache_.publish(alice, scopes, {Secret(value), clock_.now(), lifetime, 0});
  }

  ManualClock clock_;
  TokenCache cache_{clock_};
  int woken_ = 0;
};

TEST_F(TokenCacheTest, first_leads_others_wait_until_it_is_published) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(pull), "wait");
  EXPECT_EQ(held(pull), "wait");
  EXPECT_EQ(woken_, 0);
  publish(pull, "token-1");
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(held(pull), "token-1");
  publish(pull, "token-2");
  EXPECT_EQ(woken_, 2) << "each wait is woken once";
  EXPECT_EQ(held(pull), "token-2");
}

TEST_F(TokenCacheTest, nobody_needs_to_give_a_wake) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_TRUE(std::holds_alternative<TokenCache::Wait>(cache_.acquire(alice, pull, false, {})));
  publish(pull, "token-1");
  EXPECT_EQ(held(pull), "token-1");
}

TEST_F(TokenCacheTest, token_serves_all_that_its_scopes_cover) {
  ScopeSet both = push;
  both.add(other);
  EXPECT_EQ(held(both), "lead");
  EXPECT_EQ(held(pull), "wait") << "what is asked for covers this, too";
  publish(both, "token-1");
  EXPECT_EQ(held(both), "token-1");
  EXPECT_EQ(held(pull), "token-1");
  EXPECT_EQ(held(other), "token-1");
  EXPECT_EQ(held(ScopeSet()), "token-1");
  EXPECT_EQ(held(ScopeSet::push("team/other")), "lead");
}

TEST_F(TokenCacheTest, wider_scopes_end_the_lead_for_narrower_ones) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(pull), "wait");
  publish(push, "token-1");
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(held(pull), "token-1");
}

TEST_F(TokenCacheTest, keys_do_not_share) {
  EXPECT_EQ(held(pull), "lead");
  publish(pull, "token-1");

  struct Case {
    std::string_view name;
    TokenKey key;
  };

  const Case cases[] = {
      {"registry", {"https://reg.example:5000", alice.realm, alice.service, alice.identity}},
      {"realm", {alice.registry, "https://evil.example/t", alice.service, alice.identity}},
      {"service", {alice.registry, alice.realm, "other", alice.identity}},
      {"identity", {alice.registry, alice.realm, alice.service, ""}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(held(pull, false, c.key), "lead") << c.name;
  }
  EXPECT_EQ(held(pull), "token-1");
}

TEST_F(TokenCacheTest, serves_until_it_is_due_for_renewal) {
  struct Case {
    std::string_view name;
    seconds lifetime;
    bool fresh_for_body;
    milliseconds served_for;
  };

  const Case cases[] = {
      {"the last 30 s of a long life", seconds(300), false, seconds(270)},
      {"the last 30 s of a very long life", seconds(43200), false, seconds(43170)},
      {"the last quarter", seconds(60), false, seconds(45)},
      {"the last quarter is 30 s", seconds(120), false, seconds(90)},
      {"the last tenth of 30 s", seconds(30), false, seconds(27)},
      {"the last tenth of 10 s", seconds(10), false, seconds(9)},
      {"the last tenth of 2 s", seconds(2), false, milliseconds(1800)},
      {"the second half, before a body", seconds(300), true, seconds(150)},
      {"the second half of a short life, before a body", seconds(2), true, seconds(1)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    TokenCache cache(clock_);
    const auto is_lead = [&] {
      return std::holds_alternative<TokenCache::Lead>(
          cache.acquire(alice, pull, c.fresh_for_body, {}));
    };
    cache.publish(alice, pull, {Secret("token-1"), clock_.now(), c.lifetime, 0});
    EXPECT_FALSE(is_lead());
    clock_.advance(c.served_for - milliseconds(1));
    EXPECT_FALSE(is_lead());
    clock_.advance(milliseconds(1));
    EXPECT_TRUE(is_lead());
  }
}

TEST_F(TokenCacheTest, life_counts_from_receipt) {
  const Clock::time_point received = clock_.now();
  clock_.advance(seconds(50));
  cache_.publish(alice, pull, {Secret("late"), received, seconds(60), 0});
  EXPECT_EQ(held(pull), "lead");
}

TEST_F(TokenCacheTest, small_requests_use_what_a_body_would_not) {
  publish(pull, "token-1");
  clock_.advance(seconds(200));
  EXPECT_EQ(held(pull, true), "lead");
  EXPECT_EQ(held(pull), "token-1") << "even while a fresher one is asked for";
  EXPECT_EQ(held(pull, true), "wait");
  publish(pull, "token-2");
  EXPECT_EQ(held(pull, true), "token-2");
}

TEST_F(TokenCacheTest, fresh_token_of_wider_scopes_is_preferred_to_a_stale_one) {
  publish(pull, "stale");
  clock_.advance(seconds(280));
  publish(push, "fresh");
  EXPECT_EQ(held(pull), "fresh");
}

TEST_F(TokenCacheTest, failing_leader_passes_the_lead_to_one_waiter) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(pull), "wait");
  EXPECT_EQ(held(pull), "wait");
  cache_.fail(alice, pull, Refusal(Retry::later));
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(pull), "wait");
}

TEST_F(TokenCacheTest, refused_identity_is_not_asked_for_again) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(pull), "wait");
  cache_.fail(alice, pull, Refusal(Retry::never));
  EXPECT_EQ(woken_, 1);
  EXPECT_THROW((void)acquire(pull), Refusal);
  EXPECT_THROW((void)acquire(other), Refusal);
  TokenKey anonymous = alice;
  anonymous.identity.clear();
  EXPECT_EQ(held(pull, false, anonymous), "lead") << "somebody else";
}

TEST_F(TokenCacheTest, refused_scopes_leave_others_alone) {
  ScopeSet with_mount = push;
  with_mount.add(other);
  EXPECT_EQ(held(with_mount), "lead");
  cache_.fail(alice, with_mount, Refusal(Retry::never), Refused::scopes);
  EXPECT_THROW((void)acquire(with_mount), Refusal);
  ScopeSet more = with_mount;
  more.add(ScopeSet::pull("team/third"));
  EXPECT_THROW((void)acquire(more), Refusal) << "it needs the refused ones, too";
  EXPECT_EQ(held(push), "lead") << "the same without the mount";
  publish(push, "token-1");
  EXPECT_EQ(held(other), "lead");
}

TEST_F(TokenCacheTest, credentials_are_tried_by_one_request_until_they_turn_out_good) {
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(other), "wait") << "wrong ones would count twice";
  cache_.fail(alice, pull, Refusal(Retry::later));
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(held(other), "lead") << "nothing is known yet";
  EXPECT_EQ(held(pull), "wait");
  publish(other, "token-1");
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(held(pull), "lead");
  EXPECT_EQ(held(ScopeSet::pull("team/third")), "lead") << "they are good";
}

TEST_F(TokenCacheTest, what_changes_with_every_answer_is_asked_with_once_at_a_time) {
  TokenKey key = alice;
  key.one_at_a_time = true;
  EXPECT_EQ(held(pull, false, key), "lead");
  EXPECT_EQ(held(other, false, key), "wait");
  cache_.publish(key, pull, {Secret("token-1"), clock_.now(), seconds(300)});
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(held(other, false, key), "lead");
  EXPECT_EQ(held(push, false, key), "wait") << "also when they turned out good";
  EXPECT_EQ(held(pull, false, key), "token-1");
}

TEST_F(TokenCacheTest, nobody_has_no_credentials_to_try) {
  TokenKey anonymous = alice;
  anonymous.identity.clear();
  EXPECT_EQ(held(pull, false, anonymous), "lead");
  EXPECT_EQ(held(other, false, anonymous), "lead");
}

TEST_F(TokenCacheTest, refusal_is_thrown_as_a_new_copy_each_time) {
  (void)acquire(pull);
  cache_.fail(alice, pull, Refusal(Retry::never));
  for (int i = 0; i < 2; ++i) {
    try {
      (void)acquire(pull);
      FAIL() << "no error";
    } catch (Refusal& refusal) {
      EXPECT_EQ(refusal.message(), "refused");
      refusal.while_doing("pulling");  // what one does to it must not reach the others
    }
  }
}

TEST_F(TokenCacheTest, rejected_token_is_forgotten) {
  publish(push, "token-1");
  const auto first = std::get<Token>(acquire(pull)).generation;
  cache_.reject(alice, first);
  EXPECT_EQ(held(pull), "lead");
  publish(push, "token-2");
  cache_.reject(alice, first);
  EXPECT_EQ(held(pull), "token-2") << "it was replaced already";
  EXPECT_NE(std::get<Token>(acquire(pull)).generation, first);
}

TEST_F(TokenCacheTest, wake_may_use_the_cache) {
  std::string seen;
  EXPECT_EQ(held(pull), "lead");
  EXPECT_TRUE(std::holds_alternative<TokenCache::Wait>(
      cache_.acquire(alice, pull, false, [&] { seen = held(pull); })));
  publish(pull, "token-1");
  EXPECT_EQ(seen, "token-1");
}

/// What a worker does: acquire, lead or sleep until woken, and again.
class Worker {
 public:
  explicit Worker(TokenCache& cache)
      : cache_(cache) {}

  /// `lead` is called when this worker is to ask for the token.
  template <typename LeadCall>
  Token get(const ScopeSet& scopes, const LeadCall& lead) {
    for (;;) {
      const auto held = cache_.acquire(alice, scopes, false, [this] { wake(); });
      if (const auto* token = std::get_if<Token>(&held)) {
        return *token;
      }
      if (std::holds_alternative<TokenCache::Lead>(held)) {
        lead();
      } else {
        std::unique_lock lock(mutex_);
        condition_.wait(lock, [this] { return woken_; });
        woken_ = false;
      }
    }
  }

 private:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    condition_.notify_one();
  }

  TokenCache& cache_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

TEST_F(TokenCacheTest, threads_share_one_request) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 50;
  std::atomic<int> asked = 0;
  for (int round = 0; round < kRounds; ++round) {
    const ScopeSet scopes = ScopeSet::pull("repository-" + std::to_string(round));
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        Worker worker(cache_);
        const Token token = worker.get(scopes, [&] {
          ++asked;
          publish(scopes, "shared-token");
        });
        EXPECT_EQ(token.value.reveal(), "shared-token");
      });
    }
  }
  EXPECT_EQ(asked, kRounds);
}

TEST_F(TokenCacheTest, threads_take_over_from_failing_leaders) {
  constexpr int kThreads = 8;
  constexpr int kFailures = 5;
  for (int round = 0; round < 20; ++round) {
    const ScopeSet scopes = ScopeSet::pull("repository-" + std::to_string(round));
    std::atomic<int> asked = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(8);
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          Worker worker(cache_);
          const Token token = worker.get(scopes, [&] {
            if (++asked <= kFailures) {
              cache_.fail(alice, scopes, Refusal(Retry::later));
            } else {
              publish(scopes, "shared-token");
            }
          });
          EXPECT_EQ(token.value.reveal(), "shared-token");
        });
      }
    }
    EXPECT_EQ(asked, kFailures + 1);
  }
}

TEST_F(TokenCacheTest, threads_all_hear_of_a_refusal) {
  std::atomic<int> asked = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        Worker worker(cache_);
        try {
          worker.get(pull, [&] {
            ++asked;
            cache_.fail(alice, pull, Refusal(Retry::never));
          });
        } catch (Refusal& refusal) {
          refusal.while_doing("pulling");
          ++refused;
        }
      });
    }
  }
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(refused, 8);
}

}  // namespace
}  // namespace image_syncer
