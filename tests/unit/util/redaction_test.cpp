#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Redact, masks_what_a_secret_holds) {
  const Secret secret("hunter2-redact");
  EXPECT_EQ(secret.reveal(), "hunter2-redact");
  EXPECT_EQ(redact("password hunter2-redact, again hunter2-redact."), "password ***, again ***.");
  EXPECT_EQ(redact("nothing here"), "nothing here");
  EXPECT_EQ(redact(""), "");
}

TEST(Redact, masks_the_percent_encoded_form) {
  const Secret secret("p@ss/w0rd");
  EXPECT_EQ(redact("?password=p%40ss%2Fw0rd&x=1"), "?password=***&x=1");
}

TEST(Redact, masks_overlapping_secrets_whole) {
  const Secret a("abcdefgh");
  const Secret b("efghijkl");
  const Secret inner("cdef");
  EXPECT_EQ(redact("<abcdefghijkl>"), "<***>");
  EXPECT_EQ(redact("<abcdefgh>"), "<***>");
  EXPECT_EQ(redact("abcdefgh"), "***");
}

TEST(Redact, leaves_short_values_alone) {
  const Secret tiny("a-b");
  register_secret("x-y");
  EXPECT_EQ(redact("a-b x-y"), "a-b x-y");
}

TEST(Redact, knows_registered_values_for_ever) {
  register_secret("registered for ever");
  EXPECT_EQ(redact("is registered for ever"), "is ***");
  EXPECT_EQ(redact("is registered%20for%20ever"), "is ***");
}

TEST(Redact, knows_a_secret_while_a_copy_lives_and_some_time_after) {
  std::optional<Secret> first(std::in_place, "token-with-copies");
  std::optional<Secret> copy = first;
  first.reset();
  EXPECT_EQ(redact("token-with-copies"), "***");
  copy.reset();
  EXPECT_EQ(redact("token-with-copies"), "***") << "a message may still be on its way";
  for (int i = 0; i < 1000; ++i) {
    const Secret other("another token " + std::to_string(i));
  }
  EXPECT_EQ(redact("token-with-copies"), "token-with-copies") << "must not pile up for ever";
}

TEST(Redact, the_same_value_twice_is_known_until_both_are_gone) {
  const Secret config("shared-password");
  for (int i = 0; i < 1000; ++i) {
    const Secret again("shared-password");
  }
  EXPECT_EQ(redact("shared-password"), "***");
}

TEST(Secret, compares_by_value) {
  EXPECT_EQ(Secret("same value"), Secret("same value"));
  EXPECT_NE(Secret("same value"), Secret("other value"));
  EXPECT_EQ(Secret(), Secret(""));
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_FALSE(Secret("x").empty());
}

TEST(Redact, may_be_used_from_many_threads) {
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([thread] {
        for (int i = 0; i < 200; ++i) {
          const std::string value = "thread secret " + std::to_string(thread * 1000 + i);
          const Secret secret(value);
          EXPECT_THAT(redact("x " + value), Not(HasSubstr("secret")));
        }
      });
    }
  }
}

TEST(RedactUrl, cases) {
  struct Case {
    std::string_view name;
    std::string_view url;
    std::string_view result;
  };

  const Case cases[] = {
      {"plain", "https://reg.example/v2/a/manifests/v1", "https://reg.example/v2/a/manifests/v1"},
      {"digest in the path",
       "https://reg.example:5000/v2/a/manifests/sha256:14b2",
       "https://reg.example:5000/v2/a/manifests/sha256:14b2"},
      {"user info", "https://alice:pw@reg.example/v2/", "https://reg.example/v2/"},
      {"user only", "https://token@reg.example", "https://reg.example"},
      {"two at signs", "https://alice:p@w@reg.example/x", "https://reg.example/x"},
      {"slash in the password", "https://alice:p/w@reg.example/x", "https://reg.example/x"},
      {"question mark in the password", "http://alice:p?w@proxy:3128", "http://proxy:3128"},
      {"hash in the password", "http://alice:p#w@proxy:3128/", "http://proxy:3128/"},
      {"digits then hash in the password", "http://alice:12#w@proxy:3128", "http://proxy:3128"},
      {"user info of an IPv6 host", "https://u:p@[::1]:5000/v2/", "https://[::1]:5000/v2/"},
      {"IPv6 host", "https://[fe80::1]:5000/v2/", "https://[fe80::1]:5000/v2/"},
      {"scheme-relative", "//u:p@host/path", "//host/path"},
      {"proxy without scheme", "user:pw@proxy.example:3128", "proxy.example:3128"},
      {"a reference is no proxy", "quay.io/a/b@sha256:14b2", "quay.io/a/b@sha256:14b2"},
      {"a short reference is no proxy", "alpine:v1@sha256:14b2", "alpine:v1@sha256:14b2"},
      {"presigned S3",
       "https://s3.example/blob?X-Amz-Algorithm=AWS4&X-Amz-Credential=AK%2F1&X-Amz-Signature=fe12",
       "https://s3.example/blob?X-Amz-Algorithm=***&X-Amz-Credential=***&X-Amz-Signature=***"},
      {"Azure SAS",
       "https://z.example/b?sv=2020&sig=a%3D&se=1",
       "https://z.example/b?sv=***&sig=***&se=***"},
      {"upload state",
       "/v2/a/blobs/uploads/1?_state=abc&digest=sha256%3A14b2",
       "/v2/a/blobs/uploads/1?_state=***&digest=sha256%3A14b2"},
      {"token request",
       "https://auth.example/token?service=reg.example&scope=repository:a:pull&password=pw",
       "https://auth.example/token?service=reg.example&scope=repository:a:pull&password=***"},
      {"paging", "/v2/a/tags/list?n=100&last=v1", "/v2/a/tags/list?n=100&last=v1"},
      {"harmless in any case", "/v2/?Scope=a&N=1", "/v2/?Scope=a&N=1"},
      {"mount",
       "/v2/a/blobs/uploads/?mount=sha256:1&from=b/c",
       "/v2/a/blobs/uploads/?mount=sha256:1&from=b/c"},
      {"value without name", "https://h/x?abcdef", "https://h/x?***"},
      {"empty value", "https://h/x?token=&n=1", "https://h/x?token=&n=1"},
      {"empty query", "https://h/x?", "https://h/x?"},
      {"equal signs in the value", "https://h/x?token=a==&n=1", "https://h/x?token=***&n=1"},
      {"question mark in the value", "https://h/x?token=a?b", "https://h/x?token=***"},
      {"fragment", "https://h/x#access_token=abc", "https://h/x#***"},
      {"URL as a value", "/login?next=https://u:p@h/", "/login?next=***"},
      {"empty", "", ""},
      {"no URL", "connection refused", "connection refused"},
      {"only the separator", "://", "://"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(redact_url(c.url), c.result);
  }
}

}  // namespace
}  // namespace image_syncer
