
#include "api/page_response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

std::string header_of(const HttpResponse& response, std::string_view name) {
  HttpRequest as_request;
  as_request.headers = response.headers;
  return std::string(as_request.header(name).value_or(""));
}

std::string policy_of(std::string_view html) {
  return header_of(PageResponse(html).answer({}), "Content-Security-Policy");
}

// The hashes are those of `openssl dgst -sha256 -binary | base64`.
TEST(PageResponse, LetsNothingRunButItsOwnScriptsAndStyles) {
  EXPECT_EQ(policy_of("<!DOCTYPE html><title>x</title><style>body { color: red }\n</style>"
                      "<p>text</p><script type=\"module\">const a = \"<style>\";</script>"),
            "default-src 'none'; script-src 'sha256-+6ADItoRg0nJBB5qd7APef1/V7+8I/lNgExYb4r1qsA='; "
            "style-src 'sha256-2S4VvT2k3rjav5i3inerHe7oJsm2Yzx7kSGPgKT82yo='; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

TEST(PageResponse, LetsEachOfSeveralScriptsRun) {
  EXPECT_THAT(
      policy_of("<script>const a = \"<style>\";</script><script>second()</script>"),
      HasSubstr("script-src 'sha256-+6ADItoRg0nJBB5qd7APef1/V7+8I/lNgExYb4r1qsA=' "
                "'sha256-VRcK3v7WYQJL3yHheBe4dsvLYjAYwFTyoPi2odncRio='; style-src 'none';"));
}

TEST(PageResponse, LetsNothingRunWhereThereIsNothing) {
  for (const std::string_view html : {"", "<p>text</p>", "<script>never ends", "<script"}) {
    EXPECT_THAT(policy_of(html), HasSubstr("script-src 'none'; style-src 'none';")) << html;
  }
}

TEST(PageResponse, IsSentOnceAsLongAsItIsTheSame) {
  const PageResponse page("<p>text</p>");
  const HttpResponse whole = page.answer({});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "<p>text</p>");
  const std::string etag = header_of(whole, "ETag");
  EXPECT_NE(etag, header_of(PageResponse("<p>other</p>").answer({}), "ETag"));
  const auto status = [&](std::string given) {
    HttpRequest request;
    request.headers = {{"If-None-Match", std::move(given)}};
    return page.answer(request).status;
  };
  EXPECT_EQ(status(etag), 304);
  EXPECT_EQ(status("W/" + etag), 304) << "a proxy has compressed it";
  EXPECT_EQ(status("\"other\", " + etag), 304);
  EXPECT_EQ(status("*"), 304);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status(etag.substr(1, etag.size() - 2)), 200) << "without its quotes";
  EXPECT_EQ(status(""), 200);
}

TEST(PageResponse, SaysTheSameOfItselfWhenItIsNotSentAgain) {
  const PageResponse page("<p>text</p>");
  HttpRequest request;
  request.headers = {{"If-None-Match", "*"}};
  const HttpResponse unchanged = page.answer(request);
  EXPECT_EQ(unchanged.headers, page.answer({}).headers);
  EXPECT_EQ(unchanged.body, "");
}

}  // namespace
}  // namespace image_syncer
