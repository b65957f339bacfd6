#include "support/manual_clock.hpp"
#include "unit/observe/virtual_terminal.hpp"
#include <image_syncer/observe/progress.hpp>
#include <image_syncer/util/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A pseudo-terminal in the place of stderr for the length of a test.
class PseudoTerminal {
 public:
  PseudoTerminal(unsigned short columns, unsigned short rows)
      : saved_stderr_(::dup(STDERR_FILENO)) {
    const winsize size{rows, columns, 0, 0};
    int slave = -1;
    EXPECT_EQ(::openpty(&master_, &slave, nullptr, nullptr, &size), 0);
    EXPECT_EQ(::dup2(slave, STDERR_FILENO), STDERR_FILENO);
    ::close(slave);
  }

  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  PseudoTerminal(PseudoTerminal&&) = delete;
  PseudoTerminal& operator=(PseudoTerminal&&) = delete;

  ~PseudoTerminal() {
    ::dup2(saved_stderr_, STDERR_FILENO);
    ::close(saved_stderr_);
    ::close(master_);
  }

  /// Reads until `condition` holds; false after 20 s.
  [[nodiscard]] bool read_until(const std::function<bool()>& condition) {
    constexpr int kWaitMs = 20'000;
    while (!condition()) {
      if (!read_some(kWaitMs)) {
        return false;
      }
    }
    return true;
  }

  void read_rest() {
    while (read_some(0)) {
    }
  }

  [[nodiscard]] bool shows(const std::string& text) const {
    for (const std::string& row : terminal.screen()) {
      if (row.find(text) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  void resize(unsigned short columns, unsigned short rows) const {
    const winsize size{rows, columns, 0, 0};
    EXPECT_EQ(::ioctl(master_, TIOCSWINSZ, &size), 0);
  }

  VirtualTerminal terminal;

 private:
  bool read_some(int wait_ms) {
    pollfd ready{master_, POLLIN, 0};
    if (::poll(&ready, 1, wait_ms) <= 0) {
      return false;
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(master_, buffer.data(), buffer.size());
    if (size <= 0) {
      return false;
    }
    terminal.feed({buffer.data(), static_cast<std::size_t>(size)});
    return true;
  }

  int saved_stderr_;
  int master_ = -1;
};

TEST(TerminalProgress, IsRedrawnInPlaceBelowTheLogAndRemoved) {
  PseudoTerminal pty(100, 24);
  ManualClock clock;
  RunState state(RunStateOptions{}, clock);
  state.images_found(7);
  const Digest digest = Digest::of("layer");
  auto blob = state.start_blob(digest, 1000, "quay.io/a/b", {"r.example"});
  const std::string name(digest.hex().substr(0, 12));
  {
    const TerminalProgress progress(state, clock);
    ASSERT_TRUE(
        pty.read_until([&] { return pty.shows("images 0/7+") && pty.shows(name + "   0%"); }));

    blob->done += 500;
    state.expansion_finished();
    ASSERT_TRUE(pty.read_until([&] { return pty.shows(name + "  50%"); }));
    EXPECT_EQ(pty.terminal.screen().size(), 2U) << "in place";
    EXPECT_GE(pty.terminal.moves_up(), 1);

    log(LogLevel::warn, "test", "something happened");
    ASSERT_TRUE(pty.read_until([&] { return pty.shows("something happened") && pty.shows(name); }));
    EXPECT_THAT(pty.terminal.screen(),
                ElementsAre(HasSubstr("something happened"),
                            HasSubstr("images 0/7"),
                            AllOf(HasSubstr(name), HasSubstr("quay.io/a/b -> r.example"))));

    pty.resize(30, 24);
    ASSERT_TRUE(pty.read_until([&] { return !pty.shows("quay.io"); })) << "a narrower window";

    blob.reset();
    ASSERT_TRUE(pty.read_until([&] { return !pty.shows(name); }));
  }
  pty.read_rest();
  EXPECT_THAT(pty.terminal.screen(), ElementsAre(HasSubstr("something happened")));

  log(LogLevel::warn, "test", "afterwards");
  ASSERT_TRUE(pty.read_until([&] { return pty.shows("afterwards"); }));
  EXPECT_EQ(pty.terminal.screen().size(), 2U);
}

TEST(TerminalProgress, ARunThatEndsAtOnceDrawsNothing) {
  PseudoTerminal pty(80, 24);
  ManualClock clock;
  RunState state(RunStateOptions{}, clock);
  { const TerminalProgress progress(state, clock); }
  pty.read_rest();
  EXPECT_THAT(pty.terminal.screen(), IsEmpty());
}

/// Sets TERM for a test.
class Term {
 public:
  explicit Term(const char* value) {
    if (const char* before =
            std::getenv("TERM")) {  // NOLINT(concurrency-mt-unsafe): no threads here
      before_ = before;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no threads here
    EXPECT_EQ(value == nullptr ? ::unsetenv("TERM") : ::setenv("TERM", value, 1), 0);
  }

  Term(const Term&) = delete;
  Term& operator=(const Term&) = delete;
  Term(Term&&) = delete;
  Term& operator=(Term&&) = delete;

  ~Term() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no threads here
    EXPECT_EQ(before_.empty() ? ::unsetenv("TERM") : ::setenv("TERM", before_.c_str(), 1), 0);
  }

 private:
  std::string before_;
};

TEST(StderrIsTerminal, NeedsATerminalThatIsNotDumb) {
  const PseudoTerminal pty(80, 24);

  const struct {
    const char* term;
    bool expected;
  } cases[] = {{"xterm-256color", true}, {"dumb", false}, {"", false}, {nullptr, false}};

  for (const auto& test : cases) {
    const Term term(test.term);
    EXPECT_EQ(stderr_is_terminal(), test.expected) << (test.term == nullptr ? "unset" : test.term);
  }
}

TEST(StderrIsTerminal, APipeIsNone) {
  const Term term("xterm");
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const int saved = ::dup(STDERR_FILENO);
  ASSERT_EQ(::dup2(pipe[1], STDERR_FILENO), STDERR_FILENO);
  const bool is_terminal = stderr_is_terminal();
  ASSERT_EQ(::dup2(saved, STDERR_FILENO), STDERR_FILENO);
  EXPECT_FALSE(is_terminal);
  for (const int fd : {saved, pipe[0], pipe[1]}) {
    ::close(fd);
  }
}

}  // namespace
}  // namespace image_syncer
