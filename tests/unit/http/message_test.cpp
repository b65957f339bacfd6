#include <image_syncer/http/message.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Headers, AreFoundWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("LINK", "<a>");
  headers.add("Link", "<b>");
  EXPECT_EQ(headers.find("content-type"), "text/plain");
  EXPECT_EQ(headers.find("link"), "<a>");
  EXPECT_EQ(headers.find("Links"), std::nullopt);
  EXPECT_THAT(headers.all("lInK"), ElementsAre("<a>", "<b>"));
  EXPECT_THAT(headers.all("Range"), IsEmpty());
}

TEST(Headers, KeepTheirOrder) {
  Headers headers;
  headers.add("B", "1");
  headers.add("A", "2");
  std::string all;
  for (const auto& [name, value] : headers) {
    all += name + value;
  }
  EXPECT_EQ(all, "B1A2");
}

TEST(Headers, GiveNumbersOnlyForNumbers) {
  struct Case {
    std::string value;
    std::optional<std::uint64_t> number;
  };

  const Case cases[] = {
      {"0", 0},
      {"1048576", 1048576},
      {"18446744073709551615", 18446744073709551615U},
      {"18446744073709551616", std::nullopt},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {"12 ", std::nullopt},
      {"12, 12", std::nullopt},
      {"0x10", std::nullopt},
  };
  for (const Case& c : cases) {
    Headers headers;
    headers.add("Content-Length", c.value);
    EXPECT_EQ(headers.find_number("content-length"), c.number) << '"' << c.value << '"';
  }
  EXPECT_EQ(Headers().find_number("Content-Length"), std::nullopt);
}

TEST(Method, IsNamedAsOnTheWire) {
  EXPECT_EQ(to_string(Method::get), "GET");
  EXPECT_EQ(to_string(Method::head), "HEAD");
  EXPECT_EQ(to_string(Method::post), "POST");
  EXPECT_EQ(to_string(Method::put), "PUT");
  EXPECT_EQ(to_string(Method::patch), "PATCH");
  EXPECT_EQ(to_string(Method::del), "DELETE");
}

TEST(TransportError, IsWorthARetryUnlessTheCertificateIsBad) {
  EXPECT_EQ(TransportError(TransportFailure::stalled, "x").retry(), Retry::later);
  EXPECT_EQ(TransportError(TransportFailure::certificate, "x").retry(), Retry::never);
}

}  // namespace
}  // namespace image_syncer
