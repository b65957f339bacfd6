#include "http/curl_error.hpp"

#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxDetail = 200;
constexpr int kTooManyRequests = 429;
constexpr int kRequestTimeout = 408;
constexpr int kServerErrors = 500;

struct Row {
  CURLcode code;
  TransportFailure failure;
  std::string_view words;  // what happened and what to look at
};

constexpr std::array kRows{
    Row{CURLE_COULDNT_RESOLVE_HOST, TransportFailure::resolve, "the host name cannot be resolved"},
    Row{CURLE_COULDNT_RESOLVE_PROXY, TransportFailure::proxy, "its name cannot be resolved"},
    Row{CURLE_COULDNT_CONNECT, TransportFailure::connect, "cannot connect"},
    Row{CURLE_SSL_CONNECT_ERROR, TransportFailure::tls, "the TLS handshake failed"},
    Row{CURLE_PEER_FAILED_VERIFICATION,
        TransportFailure::certificate,
        "the server's certificate is not trusted"},
    Row{CURLE_SSL_CERTPROBLEM,
        TransportFailure::certificate,
        "the client certificate is unusable (certFile and keyFile in the auth file, or certs.d)"},
    Row{CURLE_SSL_CACERT_BADFILE,
        TransportFailure::certificate,
        "the system's CA certificates cannot be read (package ca-certificates)"},
    Row{CURLE_SSL_ISSUER_ERROR, TransportFailure::certificate, "the issuer check failed"},
    Row{CURLE_SSL_PINNEDPUBKEYNOTMATCH, TransportFailure::certificate, "the public key is another"},
    Row{CURLE_OPERATION_TIMEDOUT, TransportFailure::connect, "no answer in time"},
    Row{CURLE_GOT_NOTHING,
        TransportFailure::broken,
        "the server closed the connection without an answer"},
    Row{CURLE_SEND_ERROR, TransportFailure::broken, "the connection broke while sending"},
    Row{CURLE_RECV_ERROR, TransportFailure::broken, "the connection broke while receiving"},
    Row{CURLE_PARTIAL_FILE, TransportFailure::broken, "the body ended early"},
    Row{CURLE_SEND_FAIL_REWIND,
        TransportFailure::broken,
        "the connection broke and the body cannot be sent again from memory"},
    Row{CURLE_WEIRD_SERVER_REPLY, TransportFailure::broken, "the answer is not HTTP"},
    Row{CURLE_UNSUPPORTED_PROTOCOL, TransportFailure::other, "only http and https are spoken"},
    Row{CURLE_URL_MALFORMAT, TransportFailure::other, "the URL is malformed"},
};

/// What OpenSSL and libcurl call a failure of TLS, whatever the code.
struct TlsRow {
  std::string_view detail;  // a part of libcurl's words
  TransportFailure failure;
  std::string_view words;
};

constexpr std::string_view kTrust =
    "; to trust it: caFile in the auth file, or a .crt file in certs.d; skipTlsVerify: true "
    "accepts "
    "any certificate";

constexpr std::string_view kOtherCa =
    "the server's certificate is not trusted: a CA that is trusted has its issuer's name, but did "
    "not "
    "sign it (has the CA been made anew?)";

constexpr std::array kTlsRows{
    // The certificate is said to be wrong.
    TlsRow{"self-signed certificate in certificate chain",
           TransportFailure::certificate,
           "the server's certificate comes from a CA that is not trusted"},
    TlsRow{"self-signed certificate",
           TransportFailure::certificate,
           "the server's certificate is not trusted, it is self-signed"},
    TlsRow{"unable to get local issuer certificate",
           TransportFailure::certificate,
           "the server's certificate is not trusted, its CA is unknown"},
    TlsRow{"unable to verify the first certificate",
           TransportFailure::certificate,
           "the server's certificate is not trusted, its CA is unknown"},
    // OpenSSL's words when the signature is not that of the trusted CA with the issuer's name.
    TlsRow{"asn1 encoding routines::EVP lib", TransportFailure::certificate, kOtherCa},
    TlsRow{"rsa routines::", TransportFailure::certificate, kOtherCa},
    TlsRow{"certificate signature failure", TransportFailure::certificate, kOtherCa},
    // The peer's complaints about us: "alert".
    TlsRow{"alert certificate required",
           TransportFailure::certificate,
           "the server wants a client certificate (certFile and keyFile in the auth file, or "
           "certs.d)"},
    TlsRow{"alert unknown ca",
           TransportFailure::certificate,
           "the server does not know the CA of our client certificate"},
    TlsRow{"alert bad certificate",
           TransportFailure::certificate,
           "the server does not accept our client certificate, or wants one (certFile and keyFile "
           "in the auth file, or certs.d)"},
    TlsRow{"alert certificate",  // expired, revoked, unknown
           TransportFailure::certificate,
           "the server does not accept our client certificate"},
    TlsRow{"alert handshake failure",
           TransportFailure::tls,
           "the server broke off the TLS handshake: it may want a client certificate (certFile and "
           "keyFile in the auth file, or certs.d)"},
    // OpenSSL's words for an answer that is no TLS record: a plain http server on this port.
    TlsRow{"wrong version number", TransportFailure::tls_not_spoken, ""},
    TlsRow{"packet length too long", TransportFailure::tls_not_spoken, ""},
    TlsRow{"http request", TransportFailure::tls_not_spoken, ""},
};

constexpr std::string_view kNotTls =
    "the server does not speak TLS on this port (plainHttp: true or insecure: true in the auth "
    "file allows http)";

template <typename Rows, typename Fits>
const typename Rows::value_type* find_row(const Rows& rows, const Fits& fits) {
  for (const auto& row : rows) {
    if (fits(row)) {
      return &row;
    }
  }
  return nullptr;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string request_line(const Request& request) {
  return std::string(to_string(request.method)) + " " + redact_url(request.url);
}

std::string in_brackets(const std::string& detail) {
  return detail.empty() ? "" : " [" + printable(detail, kMaxDetail) + "]";
}

/// What is wrong with the server's certificate and what to do.
std::string certificate_words(std::string_view detail) {
  const std::string clock = " (the clock here says " +
                            format_utc(std::chrono::system_clock::now()) +
                            ": is it right?); skipTlsVerify: true accepts any certificate";
  if (contains(detail, "certificate has expired")) {
    return "the server's certificate has expired" + clock;
  }
  if (contains(detail, "certificate is not yet valid")) {
    return "the server's certificate is not valid yet" + clock;
  }
  if (contains(detail, "subject name") || contains(detail, "common name")) {
    return "the server's certificate is for another host name: is this the name it is known by? "
           "skipTlsVerify: true accepts any certificate";
  }
  const auto* const row =
      find_row(kTlsRows, [&](const TlsRow& each) { return contains(detail, each.detail); });
  const std::string words(row != nullptr ? row->words : "the server's certificate is not trusted");
  const bool nobody = Trust::system_is_empty();
  return words + std::string(kTrust) +
         (nobody ? "; this machine has no CA certificates at all (package ca-certificates)" : "");
}

/// The error when it was the proxy that failed; absent otherwise.
std::optional<TransportError> make_proxy_error(const CurlFailure& failure, const Request& request) {
  if (!request.connection.proxy.is_used()) {
    return std::nullopt;
  }
  if (auto refusal = make_proxy_refusal(failure.connect_status, request)) {
    return refusal;
  }
  const std::string proxy =
      request_line(request) + ": the proxy " + request.connection.proxy.address;
  const std::string detail = in_brackets(failure.detail);
  if (failure.connect_status >= 300) {
    return TransportError(TransportFailure::proxy,
                          proxy + " cannot reach the host: it answered " +
                              std::to_string(failure.connect_status) + detail);
  }
  const bool spoke_to_proxy =
      failure.connect_status == 0 && request.connection.proxy.address.starts_with("https:");
  if (spoke_to_proxy && failure.code == CURLE_PEER_FAILED_VERIFICATION) {
    return TransportError(
        TransportFailure::certificate,
        proxy + ": its certificate is not trusted: its CA has to be among the system's" + detail);
  }
  if (spoke_to_proxy && failure.code == CURLE_SSL_CONNECT_ERROR) {
    return TransportError(TransportFailure::proxy,
                          proxy + " does not speak TLS (is it an http:// proxy?)" + detail);
  }
  if (failure.code == CURLE_COULDNT_CONNECT || failure.code == CURLE_COULDNT_RESOLVE_PROXY ||
      failure.code == CURLE_PROXY) {
    const bool via_socks = failure.code == CURLE_PROXY;
    return TransportError(
        TransportFailure::proxy,
        proxy + (via_socks ? " does not connect us" : " cannot be reached") +
            " (HTTPS_PROXY, HTTP_PROXY or proxy in the auth file names it; NO_PROXY or proxy: none "
            "leaves it out)" +
            detail);
  }
  return std::nullopt;
}

}  // namespace

std::optional<TransportError> make_proxy_refusal(long status, const Request& request) {
  const Proxy& proxy = request.connection.proxy;
  const bool passes = status < 400 || status >= kServerErrors || status == kTooManyRequests ||
                      status == kRequestTimeout;
  if (!proxy.is_used() || passes) {
    return std::nullopt;
  }
  std::string message = request_line(request) + ": the proxy " + proxy.address;
  if (status != kProxyAuthentication) {
    message += " refuses to connect to the host (" + std::to_string(status) +
               "): its rules forbid it; NO_PROXY, or proxy: none in the auth file, leaves it out";
  } else if (proxy.username.empty()) {
    message +=
        " wants a user name and a password (407): write http://user:password@host:port where the "
        "proxy is named";
  } else {
    message += " does not accept the user name and password it is named with (407)";
  }
  return TransportError(TransportFailure::proxy_refused, message);
}

TransportError make_transport_error(const CurlFailure& failure, const Request& request) {
  if (auto error = make_proxy_error(failure, request)) {
    return *std::move(error);
  }
  const std::string& detail = failure.detail;
  const auto* const row =
      find_row(kRows, [&](const Row& each) { return each.code == failure.code; });
  const auto* const tls =
      find_row(kTlsRows, [&](const TlsRow& each) { return contains(detail, each.detail); });
  TransportFailure kind = row != nullptr ? row->failure : TransportFailure::other;
  std::string words(row != nullptr ? row->words
                                   : std::string_view(curl_easy_strerror(failure.code)));
  if (failure.code == CURLE_OPERATION_TIMEDOUT && detail.starts_with("Resolving timed out")) {
    kind = TransportFailure::resolve;
    words = "no name server answers";
  } else if (failure.code == CURLE_COULDNT_CONNECT && failure.os_error == ECONNREFUSED) {
    kind = TransportFailure::connection_refused;
    words = "connection refused (is the port right, is the registry up?)";
  } else if (failure.code == CURLE_PEER_FAILED_VERIFICATION ||
             (tls != nullptr && tls->words == kOtherCa)) {
    kind = TransportFailure::certificate;
    words = certificate_words(detail);
  } else if (tls != nullptr && request.url.starts_with("https:")) {
    kind = tls->failure;
    words = kind == TransportFailure::tls_not_spoken ? kNotTls : tls->words;
  }
  return {kind, request_line(request) + ": " + words + in_brackets(detail)};
}

TransportError make_stall_error(const Request& request) {
  return {TransportFailure::stalled,
          request_line(request) + ": nothing moved for " + format_duration(request.stall_timeout)};
}

}  // namespace image_syncer
