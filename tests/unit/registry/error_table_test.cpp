#include "registry/error_table.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using enum RegistryVerb;
using enum ErrorClass;

struct Case {
  RegistryVerb verb;
  int status;
  std::vector<std::string> codes;
  ErrorClass expected;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    std::string trace = "verb bit " + std::to_string(static_cast<unsigned>(c.verb)) + ", " +
                        std::to_string(c.status);
    for (const std::string& code : c.codes) {
      trace += " " + code;
    }
    EXPECT_EQ(classify(c.verb, c.status, c.codes), c.expected) << trace;
  }
}

constexpr RegistryVerb kAllVerbs[] = {ping,
                                      token,
                                      token_anonymous,
                                      manifest_head,
                                      manifest_get,
                                      manifest_put,
                                      blob_head,
                                      blob_get,
                                      storage,
                                      upload_start,
                                      mount,
                                      upload_patch,
                                      upload_put,
                                      upload_status,
                                      tag_list};

TEST(ErrorTable, reads) {
  expect_all({
      {manifest_head, 404, {}, absent},
      {manifest_get, 404, {"MANIFEST_UNKNOWN"}, absent},
      {manifest_get, 404, {"NAME_UNKNOWN"}, absent},
      {manifest_get, 404, {"UNKNOWN"}, absent},  // Harbor 2.10, registry.redhat.io
      {manifest_get, 404, {"NOT_FOUND"}, absent},
      {blob_head, 404, {}, absent},
      {blob_get, 404, {"BLOB_UNKNOWN"}, absent},
      {tag_list, 404, {"NAME_UNKNOWN"}, absent},
      {manifest_get, 400, {"MANIFEST_INVALID"}, image},
      {manifest_get, 400, {"NAME_INVALID"}, image},
      {manifest_get, 400, {"TAG_INVALID"}, image},
      {manifest_get, 400, {}, image},
      {manifest_get, 406, {}, image},
      {manifest_get, 412, {"PROJECTPOLICYVIOLATION"}, image},
      {manifest_get, 451, {}, image},
      {manifest_get, 402, {}, repository},
      {manifest_get, 403, {"DENIED"}, repository},
      {blob_get, 416, {}, range},
      {tag_list, 400, {"PAGINATION_NUMBER_INVALID"}, page_size},
      {tag_list, 400, {}, repository},
      {tag_list, 405, {"UNSUPPORTED"}, repository},
  });
}

TEST(ErrorTable, uploads) {
  expect_all({
      {upload_start, 404, {"NAME_UNKNOWN"}, repository},
      {upload_start, 404, {}, repository},
      {upload_start, 400, {"NAME_UNKNOWN"}, repository},
      {upload_start, 405, {"UNSUPPORTED"}, repository},
      {upload_start, 403, {"DENIED"}, repository},
      {upload_start, 507, {}, repository},
      {upload_put, 400, {"DIGEST_INVALID"}, new_upload},
      {upload_patch, 400, {"SIZE_INVALID"}, new_upload},
      {upload_patch, 400, {"RANGE_INVALID"}, new_upload},
      {upload_patch, 400, {"BLOB_UPLOAD_INVALID"}, new_upload},
      {upload_patch, 400, {"BLOB_UPLOAD_UNKNOWN"}, new_upload},
      {upload_patch, 404, {"BLOB_UPLOAD_INVALID"}, new_upload},
      {upload_put, 404, {"BLOB_UPLOAD_UNKNOWN"}, new_upload},
      {upload_put, 404, {}, new_upload},
      {upload_status, 404, {"NAME_UNKNOWN"}, new_upload},
      {upload_patch, 416, {"RANGE_INVALID"}, range},
      {upload_patch, 416, {"BLOB_UPLOAD_INVALID"}, range},  // zot
      {upload_put, 416, {}, range},
      {upload_patch, 413, {}, chunked},
      {upload_put, 413, {"SIZE_INVALID"}, new_upload},
      {upload_patch, 404, {"DENIED"}, repository},
      {upload_patch, 405, {"UNSUPPORTED"}, other_method},
      {upload_patch, 405, {}, other_method},
      {upload_put, 415, {}, other_method},
      {upload_patch, 501, {}, other_method},
      {upload_patch, 505, {}, other_method},
      {upload_status, 405, {}, image},
      {upload_patch, 411, {}, image},
      {upload_patch, 409, {}, retry},
      {upload_put, 500, {"UNKNOWN"}, retry},
  });
}

TEST(ErrorTable, mount_falls_back_to_an_upload_whatever_the_reason) {
  expect_all({
      {mount, 400, {"NAME_INVALID"}, new_upload},  // Docker Hub, three components
      {mount, 401, {"UNAUTHORIZED"}, auth},
      {mount, 403, {"DENIED"}, new_upload},
      {mount, 404, {"BLOB_UNKNOWN"}, new_upload},
      {mount, 405, {}, new_upload},
      {mount, 429, {}, limited},
      {mount, 500, {}, new_upload},
      {mount, 503, {}, limited},  // a refusal too, unless it asks for patience (StartUploadVerb)
  });
}

TEST(ErrorTable, manifest_put) {
  expect_all({
      {manifest_put, 400, {"MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
      {manifest_put, 404, {"MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
      {manifest_put, 400, {"BLOB_UNKNOWN"}, missing_blobs},  // zot
      {manifest_put, 404, {"MANIFEST_UNKNOWN"}, missing_blobs},
      {manifest_put, 400, {"MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
      {manifest_put, 500, {"UNKNOWN", "MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
      {manifest_put, 500, {"UNKNOWN"}, retry},
      {manifest_put, 503, {"MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
      {manifest_put, 400, {"MANIFEST_INVALID"}, image},
      {manifest_put, 400, {"MANIFEST_UNVERIFIED"}, image},
      {manifest_put, 400, {"DIGEST_INVALID"}, image},
      {manifest_put, 415, {"MANIFEST_INVALID"}, image},  // zot
      {manifest_put, 405, {"UNSUPPORTED"}, image},
      {manifest_put, 404, {}, image},
      {manifest_put, 404, {"NAME_UNKNOWN"}, repository},
      {manifest_put, 413, {}, image},
      {manifest_put, 400, {"TAG_INVALID"}, immutable_tag},  // ECR
      {manifest_put, 409, {"CONFLICT"}, immutable_tag},
      {manifest_put, 412, {"PRECONDITION"}, immutable_tag},  // Harbor
      {manifest_put, 403, {"DENIED"}, repository},
      {manifest_put, 403, {"MANIFEST_BLOB_UNKNOWN"}, repository},
      {manifest_put, 401, {"UNAUTHORIZED"}, auth},
      {manifest_put, 429, {"TOOMANYREQUESTS"}, limited},
  });
}

TEST(ErrorTable, ping_and_token) {
  expect_all({
      {ping, 401, {}, auth},
      {ping, 403, {}, registry},
      {ping, 404, {}, registry},
      {ping, 405, {}, registry},
      {ping, 400, {"DENIED"}, registry},
      {ping, 500, {}, retry},
      {ping, 503, {}, limited},
      {token, 401, {}, registry},
      {token, 403, {"DENIED"}, repository},
      {token, 400, {}, repository},
      {token, 400, {"UNAUTHORIZED"}, registry},
      {token, 404, {}, registry},
      {token, 429, {}, limited},
      {token, 502, {}, retry},
      {token_anonymous, 401, {"UNAUTHORIZED"}, repository},
      {token_anonymous, 403, {}, repository},
      {token_anonymous, 404, {}, registry},
  });
}

TEST(ErrorTable, storage_links_expire) {
  expect_all({
      {storage, 400, {"InvalidArgument"}, retry},
      {storage, 401, {}, image},
      {storage, 403, {"AccessDenied"}, retry},
      {storage, 404, {"NoSuchKey"}, absent},
      {storage, 416, {}, range},
      {storage, 429, {}, retry},
      {storage, 503, {"SlowDown"}, retry},
      {storage, 200, {}, image},
  });
}

TEST(ErrorTable, status_decides_over_the_code) {
  for (const RegistryVerb verb : {manifest_get, manifest_put, upload_patch, tag_list}) {
    expect_all({
        {verb, 401, {"DENIED"}, auth},
        {verb, 403, {"UNAUTHORIZED"}, repository},
        {verb, 429, {"DENIED"}, limited},
        {verb, 500, {"DENIED"}, retry},
        {verb, 503, {"UNAUTHORIZED"}, limited},
    });
  }
}

TEST(ErrorTable, code_decides_over_the_other_statuses) {
  for (const int status : {400, 404, 405, 412, 415}) {
    expect_all({
        {manifest_get, status, {"TOOMANYREQUESTS"}, limited},
        {manifest_get, status, {"TOO_MANY_REQUEST"}, limited},  // Harbor
        {manifest_get, status, {"UNAVAILABLE"}, retry},
        {manifest_get, status, {"UNAUTHORIZED"}, auth},
        {manifest_get, status, {"DENIED"}, repository},
        {manifest_get, status, {"MANIFEST_UNKNOWN"}, absent},
        {upload_put, status, {"BLOB_UPLOAD_UNKNOWN"}, new_upload},
        {manifest_put, status, {"MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
    });
  }
}

TEST(ErrorTable, transient_statuses_of_all_verbs) {
  for (const RegistryVerb verb : kAllVerbs) {
    if (verb == mount) {
      continue;
    }
    for (const int status : {408, 421, 425, 499, 500, 502, 504, 520, 521, 522, 523, 524}) {
      expect_all({{verb, status, {}, retry}});
    }
    if (verb != storage) {
      expect_all({{verb, 429, {}, limited}, {verb, 503, {}, limited}});
    }
  }
}

TEST(ErrorTable, unexpected_answers_are_as_bad_as_what_the_verb_concerns) {
  for (const int status : {0, 100, 200, 201, 204, 301, 307, 406, 414, 417, 418, 431, 451, 600}) {
    expect_all({
        {ping, status, {}, registry},
        {token, status, {}, registry},
        {token_anonymous, status, {}, registry},
        {tag_list, status, {}, repository},
        {upload_start, status, {}, repository},
        {manifest_get, status, {}, image},
        {manifest_put, status, {}, image},
        {blob_get, status, {}, image},
        {upload_patch, status, {}, image},
    });
  }
  expect_all({{manifest_get, -1, {}, image}, {ping, 100000, {}, image}});
}

}  // namespace
}  // namespace image_syncer
