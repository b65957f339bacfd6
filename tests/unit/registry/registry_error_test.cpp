#include "registry/make_registry_error.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Clock::wall_time kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2};

FailedRequest request(RegistryVerb verb, int status, std::string_view body = "") {
  return {.verb = verb,
          .registry = "reg.example:5000",
          .repository = "team/app",
          .method = "PUT",
          .url = "https://reg.example:5000/v2/team/app/manifests/v1",
          .status = status,
          .body = body,
          .retry_after = ""};
}

TEST(RegistryError, carries_what_the_registry_said) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::string body =
      R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":")" + digest +
      R"("}]})";
  const RegistryError error =
      make_registry_error(request(RegistryVerb::manifest_put, 400, body), kNow);
  EXPECT_EQ(error.status(), 400);
  EXPECT_THAT(error.codes(), ElementsAre("MANIFEST_BLOB_UNKNOWN"));
  EXPECT_THAT(error.digests(), ElementsAre(Digest::parse(digest)));
  EXPECT_EQ(error.error_class(), ErrorClass::missing_blobs);
  EXPECT_EQ(error.registry(), "reg.example:5000");
  EXPECT_EQ(error.repository(), "team/app");
  EXPECT_EQ(error.retry(), Retry::later);
  EXPECT_EQ(error.retry_after(), std::nullopt);
  EXPECT_EQ(error.message(),
            "PUT https://reg.example:5000/v2/team/app/manifests/v1: 400 MANIFEST_BLOB_UNKNOWN: "
            "blob unknown (" +
                digest + ")");
}

TEST(RegistryError, message_says_what_to_do) {
  struct Case {
    RegistryVerb verb;
    int status;
    std::string_view body;
    std::string_view expected;
  };

  using enum RegistryVerb;
  const Case cases[] = {
      {token,
       401,
       R"({"details":"incorrect username or password"})",
       "401: incorrect username or password; check username and password for reg.example:5000 in "
       "the auth file"},
      {token,
       403,
       "",
       "403: the user for reg.example:5000 in the auth file lacks rights for team/app"},
      {token_anonymous,
       401,
       "",
       "401: reg.example:5000 gives this to users only: set username and password for it in the "
       "auth file"},
      {manifest_put,
       401,
       R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})",
       "401 UNAUTHORIZED: authentication required; check username and password for "
       "reg.example:5000 in the auth file, and the user's rights for team/app"},
      {manifest_put,
       403,
       R"({"errors":[{"code":"DENIED","message":"quota exceeded"}]})",
       "403 DENIED: quota exceeded; no right to push to team/app, a quota is used up, or the "
       "project is read-only"},
      {manifest_get, 403, "", "403: no right to read team/app"},
      {upload_start,
       404,
       R"({"errors":[{"code":"NAME_UNKNOWN","message":"name unknown"}]})",
       "404 NAME_UNKNOWN: name unknown; the project or repository does not exist at "
       "reg.example:5000: create it first"},
      {manifest_put,
       404,
       R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]})",
       "404 MANIFEST_BLOB_UNKNOWN: blob unknown"},
      {tag_list, 404, "", "404: reg.example:5000 has no such repository"},
      {manifest_put, 412, "", "412: the tag is immutable there"},
      {upload_patch,
       413,
       "<html><title>413 Request Entity Too Large</title></html>",
       "413: 413 Request Entity Too Large; reg.example:5000, or a proxy in front of it, limits the "
       "size of a body"},
      {manifest_put, 415, "", "415: reg.example:5000 does not take this kind of manifest"},
      {ping,
       404,
       "404 page not found",
       "404: 404 page not found; reg.example:5000 is no registry, or its API is under another "
       "path"},
      {blob_get, 500, "", "500: an error inside reg.example:5000: its log says more"},
      {blob_get, 502, "<html><title>502 Bad Gateway</title></html>", "502: 502 Bad Gateway"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(make_registry_error(request(c.verb, c.status, c.body), kNow).message(),
              "PUT https://reg.example:5000/v2/team/app/manifests/v1: " + std::string(c.expected));
  }
}

TEST(RegistryError, retry_after) {
  FailedRequest limited = request(RegistryVerb::manifest_get, 429);
  limited.retry_after = "90";
  const RegistryError error = make_registry_error(limited, kNow);
  EXPECT_EQ(error.error_class(), ErrorClass::limited);
  EXPECT_EQ(error.retry(), Retry::later);
  EXPECT_EQ(error.retry_after(), seconds(90));
  EXPECT_THAT(error.message(), HasSubstr("429 (asked to wait until 2026-01-02T00:01:30Z)"));

  limited.retry_after = "-1";
  EXPECT_EQ(make_registry_error(limited, kNow).retry_after(), std::nullopt);
}

TEST(RegistryError, retry_follows_from_the_class) {
  struct Case {
    ErrorClass error_class;
    Retry retry;
  };

  using enum ErrorClass;
  const Case cases[] = {
      {ErrorClass::retry, Retry::later},
      {limited, Retry::later},
      {new_upload, Retry::later},
      {range, Retry::later},
      {missing_blobs, Retry::later},
      {auth, Retry::never},
      {absent, Retry::never},
      {image, Retry::never},
      {repository, Retry::never},
      {registry, Retry::never},
      {chunked, Retry::never},
      {other_method, Retry::never},
      {immutable_tag, Retry::never},
      {page_size, Retry::never},
  };
  for (const Case& c : cases) {
    RegistryError::Answer answer;
    answer.error_class = c.error_class;
    EXPECT_EQ(RegistryError("message", answer).retry(), c.retry) << static_cast<int>(c.error_class);
  }
}

TEST(RegistryError, holds_no_secret) {
  const Secret password("hunter22secret");
  FailedRequest failed =
      request(RegistryVerb::storage,
              403,
              "<Error><Code>AccessDenied</Code><Message>key hunter22secret is not known</Message>"
              "<StringToSign>hunter22secret</StringToSign></Error>");
  failed.url = "https://user:pw@s3.example/o?X-Amz-Signature=abcdef&n=1";
  const std::string message = make_registry_error(failed, kNow).message();
  EXPECT_THAT(message, HasSubstr("https://s3.example/o?X-Amz-Signature=***&n=1: 403 AccessDenied"));
  EXPECT_THAT(message, Not(HasSubstr("hunter22secret")));
  EXPECT_THAT(message, Not(HasSubstr("pw@")));
  EXPECT_THAT(message, Not(HasSubstr("abcdef")));
}

TEST(RegistryError, names_no_repository_where_there_is_none) {
  FailedRequest failed = request(RegistryVerb::ping, 401);
  failed.repository.clear();
  EXPECT_THAT(make_registry_error(failed, kNow).message(),
              testing::EndsWith("in the auth file, and the user's rights for it"));
}

}  // namespace
}  // namespace image_syncer
