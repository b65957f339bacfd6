#include "server/mailbox.hpp"
#include "server/open_request.hpp"
#include "server/target.hpp"
#include <image_syncer/server/router.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {
namespace {

HttpHandler says(std::string text) {
  return [text = std::move(text)](const HttpRequest&, Responder responder) {
    responder.answer({.body = text});
  };
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add("GET", "/", says("page"));
    router_.add("GET", "/healthz", says("health"));
    router_.add("GET", "/images/sync/hook", says("get hook"));
    router_.add("POST", "/images/sync/hook", says("post hook"));
    router_.add("POST", "/webhooks/{sender}", says("webhook"));
    router_.add("POST", "/webhooks/{sender}/{secret}", says("webhook with secret"));
    router_.add("GET", "/api/v1/runs/latest", says("latest run"));
    router_.add("GET", "/api/v1/runs/{id}", says("run"));
  }

  HttpResponse route(std::string_view method, std::string_view target) {
    HttpRequest request;
    request.method = method;
    request.segments = parse_target(target).value().segments;
    router_.handle(request, Responder(std::make_shared<OpenRequest>(), mailbox_));
    return std::get<HttpResponse>(mailbox_->take().replies.at(0).second);
  }

 private:
  Router router_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(1, 1000);
};

TEST_F(RouterTest, FindsTheHandlerByMethodAndPath) {
  EXPECT_EQ(route("GET", "/").body, "page");
  EXPECT_EQ(route("GET", "/?x=y").body, "page");
  EXPECT_EQ(route("GET", "/healthz").body, "health");
  EXPECT_EQ(route("GET", "/images/sync/hook?name=a").body, "get hook");
  EXPECT_EQ(route("POST", "/images/sync/hook").body, "post hook");
  EXPECT_EQ(route("POST", "/webhooks/harbor").body, "webhook");
  EXPECT_EQ(route("POST", "/webhooks/quay/s3cret").body, "webhook with secret");
  EXPECT_EQ(route("GET", "/%68ealthz").body, "health");
}

TEST_F(RouterTest, PrefersTheRouteThatWasAddedFirst) {
  EXPECT_EQ(route("GET", "/api/v1/runs/latest").body, "latest run");
  EXPECT_EQ(route("GET", "/api/v1/runs/17").body, "run");
}

TEST_F(RouterTest, AnswersHeadWhereItAnswersGet) {
  EXPECT_EQ(route("HEAD", "/healthz").body, "health");
  EXPECT_EQ(route("HEAD", "/webhooks/harbor").status, 405);
}

TEST_F(RouterTest, SaysWhichMethodsAPathTakes) {
  const HttpResponse one = route("DELETE", "/healthz");
  EXPECT_EQ(one.status, 405);
  EXPECT_EQ(one.headers, (HttpFields{{"Allow", "GET, HEAD"}}));
  EXPECT_EQ(one.content_type, "application/json");
  EXPECT_EQ(route("PATCH", "/images/sync/hook").headers,
            (HttpFields{{"Allow", "GET, HEAD, POST"}}));
  EXPECT_EQ(route("get", "/healthz").status, 405);
}

TEST_F(RouterTest, SaysWhereThereIsNothing) {
  for (const std::string_view target : {"/nothing",
                                        "/healthz/",
                                        "//healthz",
                                        "/Healthz",
                                        "/webhooks",
                                        "/webhooks/",
                                        "/webhooks/a/b/c",
                                        "/api/v1/runs/"}) {
    const HttpResponse answer = route("GET", target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer.body, "{\"error\":\"there is nothing at this path\"}\n");
  }
}

TEST_F(RouterTest, LetsNoTraversalThrough) {
  for (const std::string_view target : {"/api/v1/runs/..",
                                        "/api/v1/runs/.",
                                        "/api/v1/runs/%2e%2e",
                                        "/api/v1/runs/%2E.",
                                        "/api/v1/runs/..%2f..%2fetc%2fpasswd",
                                        "/api/v1/runs/a%2fb",
                                        "/api/v1/runs/a%5Cb",
                                        "/api/v1/x/../runs/1",
                                        "/../healthz",
                                        "/./healthz",
                                        "/%2fhealthz"}) {
    EXPECT_EQ(route("GET", target).status, 404) << target;
  }
}

}  // namespace
}  // namespace image_syncer
