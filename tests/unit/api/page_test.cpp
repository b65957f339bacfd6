#include "api/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <regex>
#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::size_t count_of_pattern(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern, std::regex::icase);
  const auto first = std::sregex_iterator(text.begin(), text.end(), wanted);
  return static_cast<std::size_t>(std::distance(first, std::sregex_iterator()));
}

// What stands before the script: the markup, without the style.
std::string markup() {
  std::string page(page_html());
  page.erase(page.find("<script>"), page.find("</script>") - page.find("<script>"));
  page.erase(page.find("<style>"), page.find("</style>") - page.find("<style>"));
  return page;
}

TEST(Page, IsOneDocumentOfAtMost100KiB) {
  const std::string page(page_html());

  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("</html>"));
  EXPECT_LE(page.size(), 100U * 1024);
}

TEST(Page, HoldsItsStyleAndItsScript) {
  const std::string page(page_html());

  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(page, HasSubstr("new EventSource("));
  EXPECT_THAT(page, Not(HasSubstr("@PAGE_")));
}

TEST(Page, HasOneStyleAndOneScriptElementSoThatTwoHashesAllowThem) {
  const std::string page(page_html());

  for (const std::string tag : {"style", "script"}) {
    EXPECT_EQ(count_of_pattern(page, "<" + tag + "\\b"), 1U) << tag;
    EXPECT_EQ(count_of_pattern(page, "<" + tag + ">"), 1U) << tag;
    EXPECT_EQ(count_of_pattern(page, "</" + tag + ">"), 1U) << tag;
  }
}

TEST(Page, HasNoInlineHandlersAndNoStyleAttributes) {
  EXPECT_EQ(count_of_pattern(markup(), "\\son[a-z]+\\s*="), 0U);
  EXPECT_EQ(count_of_pattern(markup(), "\\sstyle\\s*="), 0U);
  EXPECT_EQ(count_of_pattern(markup(), "javascript:"), 0U);
}

TEST(Page, NamesNoOtherPlace) {
  const std::string page(page_html());

  // The icon's namespace is one in form only, and is written so that nothing takes it for one.
  EXPECT_EQ(count_of_pattern(page, "://|[\"'`(=]//"), 0U);
  EXPECT_EQ(count_of_pattern(page, "\\b(https?|wss?|ftp):"), 1U);
  EXPECT_EQ(count_of_pattern(page, "@import|url\\("), 0U);
}

TEST(Page, NeverMakesMarkupOfText) {
  const std::string page(page_html());

  EXPECT_EQ(count_of_pattern(page, "innerHTML|outerHTML|insertAdjacentHTML|document\\.write"), 0U);
  EXPECT_EQ(count_of_pattern(page, "\\beval\\(|new Function|DOMParser|createContextualFragment"),
            0U);
}

}  // namespace
}  // namespace image_syncer
