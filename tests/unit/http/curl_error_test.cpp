#include "http/curl_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Case {
  CURLcode code;
  std::string detail;
  long os_error;
  TransportFailure failure;
};

TEST(CurlError, SaysWhatKindOfFailureItWas) {
  const Case cases[] = {
      {CURLE_COULDNT_RESOLVE_HOST, "", 0, TransportFailure::resolve},
      {CURLE_COULDNT_RESOLVE_PROXY, "", 0, TransportFailure::resolve},
      {CURLE_OPERATION_TIMEDOUT,
       "Resolving timed out after 30001 milliseconds",
       0,
       TransportFailure::resolve},
      {CURLE_OPERATION_TIMEDOUT,
       "Connection timed out after 30001 milliseconds",
       0,
       TransportFailure::connect},
      {CURLE_COULDNT_CONNECT, "", ECONNREFUSED, TransportFailure::connection_refused},
      {CURLE_COULDNT_CONNECT, "", EHOSTUNREACH, TransportFailure::connect},
      {CURLE_COULDNT_CONNECT, "", 0, TransportFailure::connect},
      {CURLE_SSL_CONNECT_ERROR,
       "error:0A00010B:SSL routines::wrong version number",
       0,
       TransportFailure::tls_not_spoken},
      {CURLE_SSL_CONNECT_ERROR,
       "error:0A0000C6:SSL routines::packet length too long",
       0,
       TransportFailure::tls_not_spoken},
      {CURLE_SSL_CONNECT_ERROR, "no ciphers in common", 0, TransportFailure::tls},
      {CURLE_PEER_FAILED_VERIFICATION, "", 0, TransportFailure::certificate},
      {CURLE_SSL_CERTPROBLEM, "", 0, TransportFailure::certificate},
      {CURLE_SSL_CACERT_BADFILE, "", 0, TransportFailure::certificate},
      {CURLE_GOT_NOTHING, "", 0, TransportFailure::broken},
      {CURLE_SEND_ERROR, "", ECONNRESET, TransportFailure::broken},
      {CURLE_RECV_ERROR, "", ECONNRESET, TransportFailure::broken},
      {CURLE_PARTIAL_FILE, "", 0, TransportFailure::broken},
      {CURLE_SEND_FAIL_REWIND, "", 0, TransportFailure::broken},
      {CURLE_WEIRD_SERVER_REPLY, "", 0, TransportFailure::broken},
      {CURLE_URL_MALFORMAT, "", 0, TransportFailure::other},
      {CURLE_BAD_FUNCTION_ARGUMENT, "", 0, TransportFailure::other},
  };
  for (const Case& c : cases) {
    const auto error =
        make_transport_error(c.code, c.detail, c.os_error, Method::get, "https://reg.example/v2/");
    EXPECT_EQ(error.failure(), c.failure) << c.code << " " << c.detail;
    EXPECT_THAT(error.message(), HasSubstr("GET https://reg.example/v2/: ")) << c.code;
    EXPECT_THAT(error.message(), HasSubstr(c.detail)) << c.code;
  }
}

TEST(CurlError, HidesWhatIsSecretInTheUrl) {
  const std::string url = "https://s3.example/bucket?X-Amz-Signature=abcdef";
  EXPECT_THAT(make_transport_error(CURLE_RECV_ERROR, "", 0, Method::get, url).message(),
              Not(HasSubstr("abcdef")));
}

TEST(CurlError, SaysHowLongNothingMoved) {
  Request request;
  request.method = Method::put;
  request.url = "https://reg.example/u";
  request.stall_timeout = std::chrono::seconds(60);
  const auto error = make_stall_error(request);
  EXPECT_EQ(error.failure(), TransportFailure::stalled);
  EXPECT_EQ(error.message(), "PUT https://reg.example/u: nothing moved for 1 min 0 s");
}

}  // namespace
}  // namespace image_syncer
