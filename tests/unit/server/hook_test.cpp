#include "server/hook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

HttpRequest call_with(HttpFields query) {
  HttpRequest request;
  request.method = "GET";
  request.query = std::move(query);
  return request;
}

/// The image that is named, or "STATUS answer".
std::string read(HttpFields query) {
  const auto result = read_hook(call_with(std::move(query)));
  if (const auto* const refusal = std::get_if<HttpResponse>(&result)) {
    return std::to_string(refusal->status) + " " + refusal->body;
  }
  return std::get<Reference>(result).str();
}

struct Named {
  std::string name;
  std::string tag;
  std::string image;
};

TEST(Hook, ReadsTheImageThatIsNamed) {
  const std::vector<Named> table = {
      {"quay.io/coreos/etcd", "1.0.3", "quay.io/coreos/etcd:1.0.3"},
      {"quay.io/a/b/c/d", "v1", "quay.io/a/b/c/d:v1"},
      {"localhost/a/b", "v1", "localhost/a/b:v1"},
      {"reg.example:5000/a/b", "v1", "reg.example:5000/a/b:v1"},
      {"[::1]:5000/a/b", "v1", "[::1]:5000/a/b:v1"},
      {"harbor/a/b", "v1", "harbor/a/b:v1"},
      {"docker.io/library/nginx", "v1", "docker.io/library/nginx:v1"},
      {"index.docker.io/library/nginx", "v1", "docker.io/library/nginx:v1"},
      {"QUAY.IO/coreos/etcd", "V1", "quay.io/coreos/etcd:V1"},
      {"quay.io/a/b", "v1-snapshot-2", "quay.io/a/b:v1-snapshot-2"},
      {"quay.io/a/b", "snapsho", "quay.io/a/b:snapsho"},
      {"quay.io/a/snapshot", "v1", "quay.io/a/snapshot:v1"},
      {"quay.io/a/b", std::string(128, 'a'), "quay.io/a/b:" + std::string(128, 'a')},
  };
  for (const Named& row : table) {
    EXPECT_EQ(read({{"name", row.name}, {"tag", row.tag}}), row.image);
  }
}

TEST(Hook, WantsNameAndTag) {
  const std::string name = "quay.io/a/b";
  EXPECT_THAT(read({}), HasSubstr("400 {\"error\":\"the parameter name is missing"));
  EXPECT_THAT(read({{"tag", "v1"}}), HasSubstr("400 {\"error\":\"the parameter name is missing"));
  EXPECT_THAT(read({{"name", ""}, {"tag", "v1"}}), HasSubstr("400 "));
  EXPECT_THAT(read({{"name", name}}), HasSubstr("400 {\"error\":\"the parameter tag is missing"));
  EXPECT_THAT(read({{"name", name}, {"tag", ""}}), HasSubstr("400 "));
  EXPECT_THAT(read({{"Name", name}, {"Tag", "v1"}}), HasSubstr("400 "));
}

TEST(Hook, RefusesNamesThatAreNone) {
  for (const char* const name : {"nginx",
                                 "quay.io/etcd",
                                 "/coreos/etcd",
                                 "quay.io/",
                                 "quay.io/a/",
                                 "quay.io//a",
                                 "quay.io/a//b",
                                 "quay.io/A/b",
                                 "quay.io/a/b:v1",
                                 "quay.io/a/b@sha256:00",
                                 "quay.io/a/../b",
                                 "quay.io/a/b c",
                                 "https://quay.io/a/b",
                                 "quay.io:port/a/b",
                                 "user@quay.io/a/b"}) {
    EXPECT_THAT(read({{"name", name}, {"tag", "v1"}}), HasSubstr("406 {\"error\":\"the name "))
        << name;
  }
}

TEST(Hook, RefusesTagsThatAreNone) {
  for (const std::string& tag : {std::string("-v1"),
                                 std::string(".v1"),
                                 std::string("v 1"),
                                 std::string("v/1"),
                                 std::string("v1@"),
                                 std::string(129, 'a')}) {
    EXPECT_THAT(read({{"name", "quay.io/a/b"}, {"tag", tag}}),
                HasSubstr("406 {\"error\":\"the tag"))
        << tag;
  }
}

TEST(Hook, RefusesSnapshotsInAnyCase) {
  for (const char* const tag :
       {"snapshot", "SNAPSHOT", "1.0-SNAPSHOT", "1.0-Snapshot", "snapshot-1", "SnapShot1"}) {
    EXPECT_THAT(read({{"name", "quay.io/a/b"}, {"tag", tag}}),
                HasSubstr("406 {\"error\":\"snapshots are not synchronised"))
        << tag;
  }
}

const Reference kImage = parse_reference("quay.io/coreos/etcd:1.0.3");

TEST(Hook, SaysWhatWasQueued) {
  const HttpResponse response =
      push_response(kImage,
                    {PushReply::Kind::queued,
                     {{"t.example/coreos/etcd:1.0.3", false}, {"u.example/x:1", true}},
                     ""});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"queued":[{"already_queued":false,"target":"t.example/coreos/etcd:1.0.3"},)"
            R"({"already_queued":true,"target":"u.example/x:1"}],)"
            R"("source":"quay.io/coreos/etcd:1.0.3"})"
            "\n");
}

TEST(Hook, SaysWhenNothingCoversTheImage) {
  const HttpResponse response = push_response(kImage, {PushReply::Kind::no_match, {}, ""});
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr(kImage.str()));
}

TEST(Hook, SaysWhenToTryAgain) {
  for (const auto kind : {PushReply::Kind::full, PushReply::Kind::failed}) {
    const HttpResponse response = push_response(kImage, {kind, {}, "the disk is full"});
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.headers, Contains(Pair("Retry-After", "10")));
    EXPECT_THAT(response.body,
                HasSubstr(kind == PushReply::Kind::full ? "queue is full" : "the disk is full"));
  }
}

}  // namespace
}  // namespace image_syncer
