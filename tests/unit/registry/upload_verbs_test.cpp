#include "registry/upload_verbs.hpp"

#include "upload_fixture.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Upload, Must57_SendsASmallBlobOrNoneAtAllInTwoRequests) {
  for (const std::string& content : {std::string("{}"), std::string(), std::string(kMiB, 'x')}) {
    Upload it({}, content);
    EXPECT_FALSE(it.upload->is_open());
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_TRUE(it.upload->is_open());
    EXPECT_EQ(message_of(*it.send()), "");
    EXPECT_FALSE(it.upload->is_open());
    EXPECT_TRUE(it.is_stored());
    EXPECT_THAT(it.methods(), ElementsAre("POST", "PUT"));
    const auto put = it.registry.server().log().entries().back().request;
    EXPECT_EQ(put.header("content-type"), "application/octet-stream");
    EXPECT_EQ(put.header("content-length"), std::to_string(content.size()));
  }
}

TEST(Upload, Must32_OpensASessionWithoutAForm) {
  Upload it;
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  const auto post = it.registry.server().log().entries().back().request;
  EXPECT_EQ(post.header("content-length"), "0");
  EXPECT_FALSE(post.has_header("content-type"));
}

TEST(Upload, StreamsALargeBlobInThreeRequests) {
  Upload it({}, pseudo_random_bytes(3 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_FALSE(it.upload->is_open());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PATCH", "PUT"));
}

TEST(Upload, Must47_48_49_KeepsLocationsAsTheyAre) {
  for (const bool absolute : {false, true}) {
    for (const bool gives : {false, true}) {
      Upload it({.behaviour = {.absolute_locations = absolute, .patch_gives_location = gives}},
                pseudo_random_bytes(2 * kMiB, 1));
      EXPECT_EQ(it.start()->result(), UploadStart::opened);
      EXPECT_EQ(message_of(*it.stream()), "");
      EXPECT_TRUE(it.is_stored());
    }
  }
}

TEST(Upload, Must47_TakesALocationWithoutScheme) {
  Upload it;
  it.registry.on({.method = "POST"}).mutate([&](ServerResponse& response) {
    response.set_header("Location", "//" + it.registry.host() + "/up?_state=a%2Bb%3D%3D&x=1");
  });
  it.registry.on({.method = "PUT"}).after_body().reply(201);
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.send()), "");
  EXPECT_EQ(it.registry.server().lines("PUT").at(0),
            "PUT /up?_state=a%2Bb%3D%3D&x=1&digest=" + percent_encode(it.upload->digest().str()));
}

TEST(Upload, SendsNoAuthorizationToALocationElsewhere) {
  Upload it({.auth = {.mode = AuthMode::basic}});
  ScriptedServer elsewhere([](ServerExchange& exchange) {
    (void)exchange.read_all();
    return ServerResponse{.status = 201};
  });
  it.registry.on({.method = "POST"}).mutate([&](ServerResponse& response) {
    response.set_header("Location", elsewhere.origin() + "/up");
  });
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.send()), "");
  EXPECT_THAT(authorizations(elsewhere), ElementsAre(""));
  EXPECT_THAT(authorizations(it.registry.server()).back(), StartsWith("Basic "));
}

TEST(Upload, NeedsALocation) {
  Upload it;
  it.registry.on({.method = "POST"}).reply(202);
  EXPECT_THAT(message_of(*it.start()), HasSubstr("without a Location"));
}

TEST(Upload, Must53_TakesTheSuccessesThatRegistriesSay) {
  for (const int patch : {201, 202, 204}) {
    Upload it({.behaviour = {.patch_status = patch}}, pseudo_random_bytes(2 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(message_of(*it.stream()), "") << patch;
    EXPECT_TRUE(it.is_stored());
  }
  for (const int put : {200, 202, 204}) {
    Upload it({.behaviour = {.upload_put_status = put}});
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(message_of(*it.send()), "") << put;
    EXPECT_THAT(it.methods(), ElementsAre("POST", "PUT", "HEAD"));
  }
}

TEST(Upload, Must53_RefusesAnotherDigest) {
  Upload it;
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.on({.method = "PUT"}).mutate([](ServerResponse& response) {
    response.set_header("Docker-Content-Digest", Digest::of("another").str());
  });
  EXPECT_THAT(message_of(*it.send()), HasSubstr("stored another digest"));
}

// Mount

TEST(Upload, Must56_MountsWithoutSending) {
  for (const char* from : {"a", "b"}) {
    Upload it;
    it.registry.store().put_blob(from, it.upload->digest().str(), it.bytes);
    EXPECT_EQ(it.start(from)->result(), UploadStart::present);
    EXPECT_FALSE(it.upload->is_open());
    EXPECT_TRUE(it.is_stored());
    EXPECT_EQ(it.registry.server().lines("POST").at(0),
              "POST /v2/b/blobs/uploads/?mount=" + percent_encode(it.upload->digest().str()) +
                  "&from=" + from);
  }
}

TEST(Upload, Must56_UsesTheSessionThatItGotInstead) {
  Upload it;
  EXPECT_EQ(it.start("a")->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.send()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PUT"));
}

TEST(Upload, Must56_UploadsWhereMountsAreRefused) {
  for (const int status : {400, 401, 403, 404, 405, 500, 503}) {
    Upload it({.behaviour = {.mount = MountBehaviour::refused, .mount_refusal = status}});
    EXPECT_EQ(it.start("a")->result(), UploadStart::mount_refused) << status;
    EXPECT_EQ(message_of(*it.send()), "");
    EXPECT_TRUE(it.is_stored());
    EXPECT_THAT(it.methods(), ElementsAre("POST", "POST", "PUT"));
  }
}

TEST(Upload, DoesNotAskAgainWhereTooMuchIsAsked) {
  Upload it({.behaviour = {.mount = MountBehaviour::refused, .mount_refusal = 429}});
  EXPECT_EQ(class_of(*it.start("a")), ErrorClass::limited);
  EXPECT_THAT(it.methods(), ElementsAre("POST"));
}

TEST(Upload, A503ThatAsksForPatienceIsNoRefusedMount) {
  Upload it;
  it.registry.on({.method = "POST"}).reply(503, {{"Retry-After", "2"}});
  EXPECT_EQ(class_of(*it.start("a")), ErrorClass::limited);
  EXPECT_THAT(it.methods(), ElementsAre("POST"));
}

TEST(Upload, DoesWithoutTheMountWhenItsScopeIsRefused) {
  for (const int status : {400, 401, 403}) {
    Upload it({.auth = {.mode = AuthMode::bearer}});
    it.registry.token_server()
        .on({.also =
                 [](const ServerRequest& request) {
                   return request.parameters("scope").size() > 1;
                 },
             .times = kAlways})
        .reply(status);
    EXPECT_EQ(it.start("a")->result(), UploadStart::mount_refused) << status;
    EXPECT_EQ(message_of(*it.send()), "");
    EXPECT_TRUE(it.is_stored());
    EXPECT_EQ(it.registry.token_server().count(), 2U);
    // That it was refused is known from now on.
    const auto other = it.client.registry().upload(it.client.repository("b"), descriptor_of("x"));
    EXPECT_EQ(it.client.result(other->start(it.client.repository("a"))),
              UploadStart::mount_refused);
    EXPECT_EQ(it.registry.token_server().count(), 2U);
  }
}

// Tokens and trouble

TEST(Upload, Must54_LooksWhetherAPutWithoutAnswerWasDone) {
  Upload it({}, pseudo_random_bytes(2 * kMiB, 1));
  it.registry.on({.method = "PUT"}).lose_answer();
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_FALSE(it.upload->is_open());
  EXPECT_EQ(it.registry.count("HEAD"), 1U);
  EXPECT_EQ(it.registry.count("PATCH"), 1U);
}

TEST(Upload, Must54_LooksWhetherAPutWasDoneInSpiteOfItsAnswer) {
  for (const int status : {404, 502, 504}) {
    for (const bool was_done : {true, false}) {
      Upload it;
      if (was_done) {
        it.registry.on({.method = "PUT"}).mutate([&](ServerResponse& response) {
          response = {.status = status};
        });
      } else {
        it.registry.on({.method = "PUT"}).after_body().reply(status);
      }
      EXPECT_EQ(it.start()->result(), UploadStart::opened);
      const auto put = it.send();
      EXPECT_EQ(put->failed(), !was_done) << status;
      if (!was_done) {
        EXPECT_EQ(class_of(*put), status == 404 ? ErrorClass::new_upload : ErrorClass::retry);
        EXPECT_TRUE(it.upload->is_open());
      }
      EXPECT_THAT(it.methods(), ElementsAre("POST", "PUT", "HEAD"));
    }
  }
}

TEST(Upload, Must52_LostSessionsNeedANewOne) {
  Upload it({}, pseudo_random_bytes(2 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.lose_uploads();
  EXPECT_EQ(class_of(*it.stream()), ErrorClass::new_upload);
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
}

TEST(Upload, RefusedStartsConcernTheRepository) {
  Upload it({.behaviour = {.upload_start_refusal = 403}});
  EXPECT_EQ(class_of(*it.start()), ErrorClass::repository);
}

// Cancel

TEST(Upload, Must55_IsCancelledAtItsNewestLocation) {
  Upload it({}, pseudo_random_bytes(2 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.on({.method = "PUT"}).reply(400);
  EXPECT_TRUE(it.stream()->failed());
  EXPECT_EQ(it.registry.uploads_open(), 1U);
  EXPECT_EQ(message_of(*it.client.run(it.upload->cancel())), "");
  EXPECT_EQ(it.registry.uploads_open(), 0U);
  EXPECT_FALSE(it.upload->is_open());
}

TEST(Upload, Must55_CancelIgnoresRefusals) {
  for (const int status : {401, 403, 404, 405, 500}) {
    Upload it({.behaviour = {.upload_delete_refusal = status}});
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(message_of(*it.client.run(it.upload->cancel())), "") << status;
    EXPECT_THAT(it.methods(), ElementsAre("POST", "DELETE"));
  }
  Upload it;
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.stop();
  EXPECT_EQ(message_of(*it.client.run(it.upload->cancel())), "");
}

TEST(Upload, Must55_CancelFetchesNoToken) {
  Upload it({.auth = {.mode = AuthMode::bearer}});
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(it.registry.token_server().count(), 1U);
  // The token at hand has no delete scope.
  EXPECT_EQ(message_of(*it.client.run(it.upload->cancel())), "");
  EXPECT_EQ(it.registry.token_server().count(), 1U);
  EXPECT_THAT(authorizations(it.registry.server()).back(), StartsWith("Bearer "));

  // With none at hand it goes without.
  Upload other({.auth = {.mode = AuthMode::bearer}});
  EXPECT_EQ(other.start()->result(), UploadStart::opened);
  other.registry.on({.method = "HEAD", .times = 2}).reply(401);
  EXPECT_TRUE(other.client
                  .run(other.client.registry().head_blob(
                      other.client.repository("b"), descriptor_of(other.bytes), Side::target))
                  ->failed());
  EXPECT_EQ(other.registry.token_server().count(), 2U);
  EXPECT_EQ(message_of(*other.client.run(other.upload->cancel())), "");
  EXPECT_EQ(other.registry.token_server().count(), 2U);
  EXPECT_EQ(authorizations(other.registry.server()).back(), "");
}

TEST(Upload, CancelFetchesAnotherTokenWhereItIsToInsist) {
  Upload it({.auth = {.mode = AuthMode::bearer}});
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.client.run(it.upload->cancel_insisting())), "");
  EXPECT_EQ(it.registry.uploads_open(), 0U);
  EXPECT_EQ(it.registry.token_server().count(), 2U);
}

TEST(Upload, CancelThatMayNotDeleteBlamesNoCredential) {
  AuthBehaviour auth{.mode = AuthMode::bearer};
  auth.grants = [](const std::string&, const std::string&, const std::string& action) {
    return action != "delete";
  };
  auth.ungranted_status = 401;
  Upload it({.auth = auth});
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.client.run(it.upload->cancel_insisting())), "");
  EXPECT_EQ(it.registry.uploads_open(), 1U);
  EXPECT_EQ(it.registry.token_server().count(), 2U);
  it.registry.seed_image("b", "v1");
  EXPECT_EQ(message_of(*it.client.run(
                it.client.registry().head_manifest(it.client.tagged("b", "v1"), Side::source))),
            "");
}

}  // namespace
}  // namespace image_syncer
