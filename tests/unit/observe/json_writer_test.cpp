#include "observe/json_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string_view>

namespace image_syncer {
namespace {

TEST(JsonQuote, AnyBytesGiveValidJson) {
  const struct {
    const char* name;
    std::string_view text;
    std::string_view expected;
  } cases[] = {
      {"plain", "a/b:v1", R"("a/b:v1")"},
      {"empty", "", R"("")"},
      {"quotes and backslashes", R"(say "a\b")", R"("say \"a\\b\"")"},
      {"control characters", "a\n\x01z", R"("a\n\u0001z")"},
      {"valid UTF-8", "\xc3\xa9", "\"\xc3\xa9\""},
      {"invalid UTF-8", "a\xff z", "\"a\xef\xbf\xbd z\""},
      {"truncated UTF-8", "a\xe2\x82", "\"a\xef\xbf\xbd\""},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(json_quote(test.text), test.expected) << test.name;
    EXPECT_TRUE(nlohmann::json::accept(json_quote(test.text))) << test.name;
  }
}

TEST(JsonObject, MembersKeepTheirOrder) {
  const JsonObject object = JsonObject()
                                .add("z", "text")
                                .add("a", std::uint64_t{18446744073709551615U})
                                .add("yes", true)
                                .add_if_any("absent", "")
                                .add_if_any("present", "p")
                                .add("inner", JsonObject().add("no", false));
  EXPECT_EQ(object.str(),
            R"({"z":"text","a":18446744073709551615,"yes":true,"present":"p",)"
            R"("inner":{"no":false}})");
  EXPECT_EQ(JsonObject().str(), "{}");
}

}  // namespace
}  // namespace image_syncer
