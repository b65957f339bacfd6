#include <image_syncer/image/json_text.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;

std::string complaint_about(std::string_view text) {
  try {
    (void)JsonText::parse(text);
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

TEST(JsonText, fields_are_pieces_of_the_text) {
  const std::string text =
      " { \"a\" : 1.50 , \"skip\":{\"a\":[\"]}\\\"\"]},\"b\":[ 1, 2 ],\"\\u0063\":\"x\\ny\" , "
      "\"d\":null,\"e\":{}}\n";
  const JsonText json = JsonText::parse(text);
  const JsonFields fields = json.fields({"a", "b", "c", "d", "e", "absent"});
  ASSERT_EQ(fields.size(), 5U);
  EXPECT_EQ(fields.at("a").text(), "1.50");
  EXPECT_EQ(fields.at("b").text(), "[ 1, 2 ]");
  EXPECT_EQ(fields.at("c").text(), "\"x\\ny\"");
  EXPECT_EQ(fields.at("c").as_string(), "x\ny");
  EXPECT_TRUE(fields.at("d").is_null());
  EXPECT_TRUE(fields.at("e").is_object());
  EXPECT_TRUE(fields.at("e").fields({"a"}).empty());
  EXPECT_EQ(json.text(), std::string_view(text).substr(1, text.size() - 2));
}

TEST(JsonText, elements) {
  const JsonText json = JsonText::parse(R"([ {"a":[1,2]} , "x,]" ,-1e3,[ ],true])");
  const std::vector<JsonText> elements = json.elements();
  ASSERT_EQ(elements.size(), 5U);
  EXPECT_EQ(elements[0].text(), R"({"a":[1,2]})");
  EXPECT_EQ(elements[1].text(), R"("x,]")");
  EXPECT_EQ(elements[2].text(), "-1e3");
  EXPECT_EQ(elements[3].text(), "[ ]");
  EXPECT_TRUE(elements[3].elements().empty());
  EXPECT_EQ(elements[4].text(), "true");
}

TEST(JsonText, a_key_that_is_there_twice_is_refused_where_it_is_read) {
  const JsonText json = JsonText::parse(R"({"a":1,"b":2,"\u0061":3})");
  EXPECT_THROW((void)json.fields({"a"}), Error);
  EXPECT_EQ(json.fields({"b"}).at("b").text(), "2");
}

TEST(JsonText, names_are_those_of_the_object_itself_in_their_order) {
  const JsonText json = JsonText::parse(R"({"b":{"x":1}, "a" :[{"y":2}],"\u0063":"}","b":3})");
  EXPECT_THAT(json.names(), testing::ElementsAre("b", "a", "c", "b"));
  EXPECT_THAT(JsonText::parse("{ }").names(), testing::IsEmpty());
}

TEST(JsonText, more_names_than_a_reader_should_keep_are_refused) {
  std::string text = "{\"a\":0";
  for (std::size_t i = 1; i < JsonText::kMaxElements; ++i) {
    text += ",\"a\":0";
  }
  EXPECT_EQ(JsonText::parse(text + "}").names().size(), JsonText::kMaxElements);
  text += ",\"a\":0}";
  EXPECT_THROW((void)JsonText::parse(text).names(), Error);
}

TEST(JsonText, sizes) {
  struct Case {
    std::string_view text;
    std::optional<std::uint64_t> size;
  };

  const Case cases[] = {
      {"0", 0},
      {"12", 12},
      {"9223372036854775807", 9223372036854775807U},
      {"9223372036854775808", std::nullopt},
      {"18446744073709551616", std::nullopt},
      {"-1", std::nullopt},
      {"-0", std::nullopt},
      {"1.0", std::nullopt},
      {"1e3", std::nullopt},
      {"\"1\"", std::nullopt},
      {"null", std::nullopt},
      {"[1]", std::nullopt},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(JsonText::parse(c.text).as_size(), c.size) << c.text;
  }
}

TEST(JsonText, refuses_what_is_not_json) {
  struct Case {
    std::string name;
    std::string text;
  };

  const Case cases[] = {
      {"nothing", ""},
      {"word", "nope"},
      {"cut", R"({"a":1)"},
      {"text after the value", R"({"a":1} x)"},
      {"NUL after the value", std::string(R"({"a":1})") + '\0'},
      {"NUL and more after the value", std::string(R"({"a":1})") + '\0' + "junk"},
      {"byte order mark", "\xEF\xBB\xBF{}"},
      {"comment", "{/**/}"},
      {"comma at the end", "[1,]"},
      {"malformed UTF-8", "\"\xFF\""},
      {"line end in a string", "\"a\nb\""},
      {"leading zero", "01"},
      {"not a number", "NaN"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(complaint_about(c.text), HasSubstr("not JSON"));
  }
}

TEST(JsonText, complaints_say_where_and_stay_short) {
  EXPECT_THAT(complaint_about("{\n  \"a\": x}"), HasSubstr("line 2, column 8"));
  EXPECT_LT(complaint_about("\"" + std::string(100'000, 'x')).size(), 300U);
}

TEST(JsonText, depth_is_bounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(complaint_about(nested(JsonText::kMaxDepth)), "");
  EXPECT_THAT(complaint_about(nested(JsonText::kMaxDepth + 1)), HasSubstr("deeper than 100"));
  EXPECT_THAT(complaint_about(std::string(std::size_t{1024} * 1024, '[')),
              HasSubstr("deeper than 100"));
  std::string objects;
  for (int i = 0; i < 200'000; ++i) {
    objects += "{\"a\":";
  }
  EXPECT_THAT(complaint_about(objects), HasSubstr("deeper than 100"));
}

TEST(JsonText, length_of_arrays_is_bounded) {
  std::string text = "[0";
  for (std::size_t i = 1; i < JsonText::kMaxElements; ++i) {
    text += ",0";
  }
  EXPECT_EQ(JsonText::parse(text + "]").elements().size(), JsonText::kMaxElements);
  EXPECT_THROW((void)JsonText::parse(text + ",0]").elements(), Error);
}

}  // namespace
}  // namespace image_syncer
