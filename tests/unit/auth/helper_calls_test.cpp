#include "credential_store_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <latch>
#include <thread>

namespace image_syncer {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

/// Helpers that count their calls, wait to be let go, or give what a file holds.
class HelperCallsTest : public CredentialStoreTest {
 protected:
  const Repository repository_ = parse_repository("reg.example/app");

  void SetUp() override {
    ASSERT_EQ(::mkfifo(gate().c_str(), 0600), 0);
    file("config.json", R"({"credsStore": "it"})");
  }

  [[nodiscard]] std::string gate() const { return dir_.file("gate").string(); }

  /// The helper waits until `let_go`.
  void held_helper() const { helper("it", "read -r _ < " + gate() + "\n" + answer("robot", "p")); }

  /// Returns when the helper has come as far as to its gate.
  void let_go() const { std::ofstream(gate()) << "go\n"; }

  /// The helper gives the password that `set_password` wrote last.
  void changing_helper() const {
    helper("it",
           "read -r password < " + dir_.file("password").string() +
               "\necho '{\"Username\":\"robot\",\"Secret\":\"'$password'\"}'");
  }

  void set_password(const std::string& password) const { dir_.write("password", password + "\n"); }

  [[nodiscard]] std::size_t count_calls() const {
    const std::string text = calls();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  /// Whether there is no answer yet.
  bool is_pending(const std::function<void()>& wake = {}) {
    return std::holds_alternative<CredentialSource::Pending>(store().find(repository_, wake));
  }

  bool renew(const std::string& password) {
    return store().renew(repository_, {"robot", Secret(password)});
  }
};

TEST_F(HelperCallsTest, WhoeverAsksMeanwhileWaitsForTheSameCall) {
  held_helper();
  start();
  std::latch woken(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(is_pending([&woken] { woken.count_down(); }));
  }
  EXPECT_TRUE(is_pending());
  let_go();
  woken.wait();
  EXPECT_EQ(found("reg.example/app"), "robot:p");
  EXPECT_EQ(count_calls(), 1U);
}

TEST_F(HelperCallsTest, AnotherRegistryIsAskedForBesideIt) {
  helper("it", "[ $key = reg.example ] && read -r _ < " + gate() + "\n" + answer("robot", "p"));
  start();
  std::latch woken(1);
  EXPECT_TRUE(is_pending([&woken] { woken.count_down(); }));
  EXPECT_EQ(found("other.example/app"), "robot:p");
  EXPECT_TRUE(is_pending());
  let_go();
  woken.wait();
  EXPECT_EQ(found("reg.example/app"), "robot:p");
}

TEST_F(HelperCallsTest, AWakeMayAskAgain) {
  held_helper();
  start();
  std::latch done(1);
  std::string got;
  EXPECT_TRUE(is_pending([&] {
    got = found("reg.example/app");
    done.count_down();
  }));
  let_go();
  done.wait();
  EXPECT_EQ(got, "robot:p");
}

TEST_F(HelperCallsTest, AnAnswerIsGoodForAnHour) {
  changing_helper();
  set_password("one");
  start();
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  set_password("two");
  clock_.advance(minutes(60) - seconds(1));
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  clock_.advance(seconds(1));
  EXPECT_EQ(found("reg.example/app"), "robot:two");
  EXPECT_EQ(count_calls(), 2U);
}

TEST_F(HelperCallsTest, AFailureIsGoodForFiveMinutes) {
  helper("it", "[ -e " + dir_.file("password").string() + " ] || exit 1\n" + answer("robot", "p"));
  start();
  EXPECT_THAT(found("reg.example/app"), HasSubstr("exit code 1"));
  set_password("");
  clock_.advance(minutes(5) - seconds(1));
  EXPECT_THAT(found("reg.example/app"), HasSubstr("exit code 1"));
  EXPECT_EQ(count_calls(), 1U);
  clock_.advance(seconds(1));
  EXPECT_EQ(found("reg.example/app"), "robot:p");
}

TEST_F(HelperCallsTest, ARefusedCredentialIsAskedForOnceMore) {
  changing_helper();
  set_password("one");
  start();
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  EXPECT_TRUE(renew("one"));
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  EXPECT_EQ(count_calls(), 2U);
  EXPECT_FALSE(renew("one"));
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  EXPECT_EQ(count_calls(), 2U);
}

TEST_F(HelperCallsTest, ANewCredentialTakesTheRefusedOnesPlace) {
  changing_helper();
  set_password("one");
  start();
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  set_password("two");
  EXPECT_TRUE(renew("one"));
  EXPECT_TRUE(renew("one")) << "while nobody has asked";
  EXPECT_EQ(found("reg.example/app"), "robot:two");
  EXPECT_TRUE(renew("one")) << "somebody else had it renewed";
  EXPECT_EQ(count_calls(), 2U);
  EXPECT_TRUE(renew("two"));
  set_password("one");
  EXPECT_EQ(found("reg.example/app"), "robot:one");
  EXPECT_FALSE(renew("one")) << "refused before";
}

TEST_F(HelperCallsTest, TheEndOfTheStoreKillsAHelperThatRuns) {
  helper("it", "echo $$ > " + gate() + "\nwhile :; do :; done");
  start();
  std::atomic<bool> woken = false;
  EXPECT_TRUE(is_pending([&woken] { woken = true; }));
  pid_t pid = 0;
  std::ifstream(gate()) >> pid;
  ASSERT_GT(pid, 0);
  ASSERT_EQ(::kill(pid, 0), 0);
  stop();
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "it is still a child of ours";
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_FALSE(woken);
}

TEST_F(HelperCallsTest, ManyThreadsGetOneAnswer) {
  held_helper();
  start();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([this, &good] {
        if (found("reg.example/app") == "robot:p") {
          ++good;
        }
      });
    }
    let_go();
  }
  EXPECT_EQ(good, 8);
  EXPECT_EQ(count_calls(), 1U);
}

}  // namespace
}  // namespace image_syncer
