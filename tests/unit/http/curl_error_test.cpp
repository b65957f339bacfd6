#include "http/curl_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

Request request_to(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

Request through(const std::string& proxy, const std::string& url, const std::string& user = {}) {
  Request request = request_to(url);
  request.connection.proxy = {proxy, user, Secret(user.empty() ? "" : "hunter2")};
  return request;
}

struct Case {
  CURLcode code;
  std::string detail;
  long os_error;
  TransportFailure failure;
};

TEST(CurlError, SaysWhatKindOfFailureItWas) {
  const Case cases[] = {
      {CURLE_COULDNT_RESOLVE_HOST, "", 0, TransportFailure::resolve},
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
        make_transport_error({.code = c.code, .detail = c.detail, .os_error = c.os_error},
                             request_to("https://reg.example/v2/"));
    EXPECT_EQ(error.failure(), c.failure) << c.code << " " << c.detail;
    EXPECT_THAT(error.message(), HasSubstr("GET https://reg.example/v2/: ")) << c.code;
    EXPECT_THAT(error.message(), HasSubstr(c.detail)) << c.code;
  }
}

struct TlsCase {
  CURLcode code;
  std::string detail;
  TransportFailure failure;
  std::vector<std::string> words;
};

TEST(CurlError, SaysWhatToDoAboutACertificate) {
  const TlsCase cases[] = {
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL certificate problem: self-signed certificate",
       TransportFailure::certificate,
       {"self-signed;", "caFile", "certs.d", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL certificate problem: self-signed certificate in certificate chain",
       TransportFailure::certificate,
       {"comes from a CA that is not trusted", "caFile", "certs.d", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL certificate problem: unable to get local issuer certificate",
       TransportFailure::certificate,
       {"its CA is unknown", "caFile", "certs.d", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL certificate problem: certificate has expired",
       TransportFailure::certificate,
       {"has expired", "the clock here says 2", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL certificate problem: certificate is not yet valid",
       TransportFailure::certificate,
       {"is not valid yet", "the clock here says 2", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "SSL: no alternative certificate subject name matches target host name 'x'",
       TransportFailure::certificate,
       {"for another host name", "skipTlsVerify: true"}},
      {CURLE_PEER_FAILED_VERIFICATION,
       "something new",
       TransportFailure::certificate,
       {"not trusted", "caFile"}},
      {CURLE_SSL_CONNECT_ERROR,
       "OpenSSL/3.0.19: error:06880006:asn1 encoding routines::EVP lib",
       TransportFailure::certificate,
       {"did not sign it", "caFile", "skipTlsVerify: true"}},
      {CURLE_RECV_ERROR,
       "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
       TransportFailure::certificate,
       {"wants a client certificate", "certFile and keyFile", "certs.d"}},
      {CURLE_RECV_ERROR,
       "OpenSSL SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0",
       TransportFailure::certificate,
       {"does not know the CA of our client certificate"}},
      {CURLE_SSL_CONNECT_ERROR,
       "error:0A000415:SSL routines::sslv3 alert certificate expired",
       TransportFailure::certificate,
       {"does not accept our client certificate"}},
      {CURLE_SSL_CONNECT_ERROR,
       "error:0A000410:SSL routines::sslv3 alert handshake failure",
       TransportFailure::tls,
       {"may want a client certificate", "certFile and keyFile"}},
      {CURLE_SSL_CONNECT_ERROR,
       "error:0A00010B:SSL routines::wrong version number",
       TransportFailure::tls_not_spoken,
       {"does not speak TLS on this port", "plainHttp: true", "insecure: true"}},
      {CURLE_SSL_CERTPROBLEM,
       "could not load PEM client certificate",
       TransportFailure::certificate,
       {"client certificate is unusable", "certFile"}},
  };
  for (const TlsCase& c : cases) {
    const auto error = make_transport_error({.code = c.code, .detail = c.detail},
                                            request_to("https://reg.example/v2/"));
    EXPECT_EQ(error.failure(), c.failure) << c.detail;
    for (const std::string& words : c.words) {
      EXPECT_THAT(error.message(), HasSubstr(words)) << c.detail;
    }
    EXPECT_THAT(error.message(), Not(HasSubstr("\n")));
  }
}

TEST(CurlError, NamesTheProxyAndWhatToDo) {
  const std::string url = "https://reg.example/v2/";

  struct ProxyCase {
    CurlFailure failure;
    Request request;
    TransportFailure kind;
    Retry retry;
    std::string words;
  };

  const ProxyCase cases[] = {
      {{.code = CURLE_RECV_ERROR,
        .detail = "CONNECT tunnel failed, response 407",
        .connect_status = 407},
       through("http://p:1", url),
       TransportFailure::proxy_refused,
       Retry::never,
       "the proxy http://p:1 wants a user name and a password (407): write "
       "http://user:password@host:port"},
      {{.code = CURLE_RECV_ERROR, .connect_status = 407},
       through("http://p:1", url, "bob"),
       TransportFailure::proxy_refused,
       Retry::never,
       "the proxy http://p:1 does not accept the user name and password"},
      {{.code = CURLE_RECV_ERROR, .connect_status = 403},
       through("http://p:1", url),
       TransportFailure::proxy_refused,
       Retry::never,
       "the proxy http://p:1 refuses to connect to the host (403)"},
      {{.code = CURLE_RECV_ERROR, .connect_status = 502},
       through("http://p:1", url),
       TransportFailure::proxy,
       Retry::later,
       "the proxy http://p:1 cannot reach the host: it answered 502"},
      {{.code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED},
       through("http://p:1", url),
       TransportFailure::proxy,
       Retry::later,
       "the proxy http://p:1 cannot be reached (HTTPS_PROXY"},
      {{.code = CURLE_COULDNT_RESOLVE_PROXY},
       through("http://p:1", url),
       TransportFailure::proxy,
       Retry::later,
       "NO_PROXY or proxy: none"},
      {{.code = CURLE_PROXY},
       through("socks5h://p:1", url),
       TransportFailure::proxy,
       Retry::later,
       "the proxy socks5h://p:1 does not connect us"},
      {{.code = CURLE_PEER_FAILED_VERIFICATION},
       through("https://p:1", url),
       TransportFailure::certificate,
       Retry::never,
       "the proxy https://p:1: its certificate is not trusted"},
      {{.code = CURLE_SSL_CONNECT_ERROR, .detail = "wrong version number"},
       through("https://p:1", url),
       TransportFailure::proxy,
       Retry::later,
       "is it an http:// proxy?"},
      {{.code = CURLE_PEER_FAILED_VERIFICATION, .connect_status = 200},
       through("https://p:1", url),
       TransportFailure::certificate,
       Retry::never,
       "the server's certificate is not trusted"},
      {{.code = CURLE_RECV_ERROR, .connect_status = 200},
       through("http://p:1", url),
       TransportFailure::broken,
       Retry::later,
       "the connection broke"},
  };
  for (const ProxyCase& c : cases) {
    const auto error = make_transport_error(c.failure, c.request);
    EXPECT_EQ(error.failure(), c.kind) << c.words;
    EXPECT_EQ(error.retry(), c.retry) << c.words;
    EXPECT_THAT(error.message(), HasSubstr(c.words));
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
  }
}

TEST(CurlError, HidesWhatIsSecretInTheUrl) {
  const std::string url = "https://s3.example/bucket?X-Amz-Signature=abcdef";
  EXPECT_THAT(make_transport_error({.code = CURLE_RECV_ERROR}, request_to(url)).message(),
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
