// What failures mean for the step that met them.

#include "transfer/verdict.hpp"

#include <image_syncer/http/message.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace image_syncer {
namespace {

using std::chrono::seconds;

template <typename Failure>
Verdict verdict_of(const Failure& failure) {
  return judge(std::make_exception_ptr(failure));
}

RegistryError answer(ErrorClass error_class, int status) {
  RegistryError::Answer answer;
  answer.registry = "reg.example";
  answer.status = status;
  answer.error_class = error_class;
  return {"the registry said no", answer};
}

TEST(Verdict, every_class_of_answer_has_its_meaning) {
  struct Case {
    const char* name;
    ErrorClass error_class;
    int status;
    VerdictKind kind;
    bool host_failed;
  };

  const Case cases[] = {
      {"retry, 500", ErrorClass::retry, 500, VerdictKind::again, true},
      {"retry, 408", ErrorClass::retry, 408, VerdictKind::again, false},
      {"limited, 429", ErrorClass::limited, 429, VerdictKind::limited, false},
      {"limited, 503", ErrorClass::limited, 503, VerdictKind::limited, false},
      {"auth", ErrorClass::auth, 401, VerdictKind::fail, false},
      {"absent", ErrorClass::absent, 404, VerdictKind::fail, false},
      {"image", ErrorClass::image, 400, VerdictKind::fail, false},
      {"repository", ErrorClass::repository, 403, VerdictKind::fail, false},
      {"registry", ErrorClass::registry, 401, VerdictKind::give_up_host, false},
      {"new upload", ErrorClass::new_upload, 404, VerdictKind::again, false},
      {"range", ErrorClass::range, 416, VerdictKind::again, false},
      {"chunked", ErrorClass::chunked, 413, VerdictKind::fail, false},
      {"other method", ErrorClass::other_method, 405, VerdictKind::fail, false},
      {"missing blobs", ErrorClass::missing_blobs, 400, VerdictKind::missing_blobs, false},
      {"missing blobs in a 500", ErrorClass::missing_blobs, 500, VerdictKind::missing_blobs, false},
      {"immutable tag", ErrorClass::immutable_tag, 400, VerdictKind::immutable_tag, false},
      {"page size", ErrorClass::page_size, 400, VerdictKind::fail, false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const Verdict verdict = verdict_of(answer(test.error_class, test.status));
    EXPECT_EQ(verdict.kind, test.kind);
    EXPECT_EQ(verdict.host_failed, test.host_failed);
    EXPECT_EQ(verdict.reason, "the registry said no");
    EXPECT_EQ(verdict.retry_after, std::nullopt);
    EXPECT_FALSE(verdict.content_wrong);
  }
}

TEST(Verdict, what_the_registry_asks_for_and_names_is_kept) {
  RegistryError::Answer missing;
  missing.status = 400;
  missing.error_class = ErrorClass::missing_blobs;
  missing.digests = {Digest::of("a", HashAlgorithm::sha256),
                     Digest::of("b", HashAlgorithm::sha256)};
  EXPECT_EQ(verdict_of(RegistryError("gone", missing)).digests, missing.digests);

  RegistryError::Answer limited;
  limited.status = 429;
  limited.error_class = ErrorClass::limited;
  EXPECT_EQ(verdict_of(RegistryError("slowly", limited, seconds(17))).retry_after, seconds(17));
}

TEST(Verdict, only_certificates_and_protocols_are_final_without_an_answer) {
  struct Case {
    TransportFailure failure;
    VerdictKind kind;
  };

  const Case cases[] = {
      {TransportFailure::resolve, VerdictKind::again},
      {TransportFailure::connection_refused, VerdictKind::again},
      {TransportFailure::connect, VerdictKind::again},
      {TransportFailure::tls, VerdictKind::again},
      {TransportFailure::certificate, VerdictKind::give_up_host},
      {TransportFailure::tls_not_spoken, VerdictKind::give_up_host},
      {TransportFailure::stalled, VerdictKind::again},
      {TransportFailure::broken, VerdictKind::again},
      {TransportFailure::other, VerdictKind::again},
  };
  for (const Case& test : cases) {
    const Verdict verdict = verdict_of(TransportError(test.failure, "no answer"));
    EXPECT_EQ(verdict.kind, test.kind) << static_cast<int>(test.failure);
    EXPECT_TRUE(verdict.host_failed);
    EXPECT_THAT(verdict.reason, testing::HasSubstr("no answer"));
  }
}

TEST(Verdict, wrong_bytes_of_the_source_are_told_apart) {
  const Verdict verdict = verdict_of(ContentError("other bytes"));
  EXPECT_EQ(verdict.kind, VerdictKind::again);
  EXPECT_TRUE(verdict.content_wrong);
  EXPECT_FALSE(verdict.host_failed);
}

TEST(Verdict, other_errors_say_themselves_whether_time_helps) {
  const Verdict never = verdict_of(Error("not found at the source"));
  EXPECT_EQ(never.kind, VerdictKind::fail);
  EXPECT_EQ(never.reason, "not found at the source");
  const Verdict later = verdict_of(Error("busy", Retry::later, seconds(3)));
  EXPECT_EQ(later.kind, VerdictKind::again);
  EXPECT_EQ(later.retry_after, seconds(3));
}

TEST(Verdict, what_is_no_error_of_ours_fails_the_image_and_says_so) {
  const Verdict bug = verdict_of(std::out_of_range("position 7"));
  EXPECT_EQ(bug.kind, VerdictKind::fail);
  EXPECT_EQ(bug.reason, "internal error: position 7");
  EXPECT_EQ(verdict_of(std::bad_alloc()).kind, VerdictKind::fail);
}

TEST(Verdict, a_stop_is_no_failure) {
  EXPECT_THROW(static_cast<void>(verdict_of(Stopped())), Stopped);
}

}  // namespace
}  // namespace image_syncer
