#include "observe/terminal_screen.hpp"

#include "unit/observe/virtual_terminal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TerminalScreenTest : public testing::Test {
 protected:
  TerminalScreenTest() { terminal.feed("$ image-syncer\r\n"); }

  TerminalScreen screen;
  VirtualTerminal terminal;
};

TEST_F(TerminalScreenTest, AFrameTakesThePlaceOfTheLast) {
  const struct {
    const char* name;
    const char* frame;
    std::vector<std::string> expected;
  } steps[] = {
      {"first", "run 1\nblob a", {"run 1", "blob a"}},
      {"longer lines and one more",
       "run 1 long\nblob a long\nblob b",
       {"run 1 long", "blob a long", "blob b"}},
      {"shorter lines and one less", "run 2\nb", {"run 2", "b"}},
      {"one line", "r", {"r"}},
      {"more again", "r\nx\ny\nz", {"r", "x", "y", "z"}},
      {"none", "", {}},
      {"after none", "run", {"run"}},
  };

  for (const auto& step : steps) {
    terminal.feed(screen.show(step.frame));
    std::vector<std::string> expected{"$ image-syncer"};
    expected.insert(expected.end(), step.expected.begin(), step.expected.end());
    EXPECT_EQ(terminal.screen(), expected) << step.name;
  }
}

TEST_F(TerminalScreenTest, AnUnchangedFrameSendsNothing) {
  terminal.feed(screen.show("run\nblob"));
  EXPECT_THAT(screen.show("run\nblob"), IsEmpty());
}

TEST_F(TerminalScreenTest, LogLinesStayAboveTheFrame) {
  terminal.feed(screen.print_above("before\r\n"));
  terminal.feed(screen.show("run 1\nblob a"));
  terminal.feed(screen.print_above("first\r\n"));
  EXPECT_THAT(terminal.screen(),
              ElementsAre("$ image-syncer", "before", "first", "run 1", "blob a"));
  terminal.feed(screen.print_above("second, which is much longer\r\n"));
  terminal.feed(screen.show("run 2\nblob b\nblob c"));
  EXPECT_THAT(terminal.screen(),
              ElementsAre("$ image-syncer",
                          "before",
                          "first",
                          "second, which is much longer",
                          "run 2",
                          "blob b",
                          "blob c"));
  terminal.feed(screen.show(""));
  terminal.feed("$ ");
  EXPECT_THAT(
      terminal.screen(),
      ElementsAre("$ image-syncer", "before", "first", "second, which is much longer", "$"));
}

}  // namespace
}  // namespace image_syncer
