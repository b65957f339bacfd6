#include "http/curl_error.hpp"

#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <array>
#include <cerrno>
#include <string_view>

namespace image_syncer {
namespace {

struct Row {
  CURLcode code;
  TransportFailure failure;
  std::string_view words;  // what happened and what to look at
};

constexpr std::array kRows{
    Row{CURLE_COULDNT_RESOLVE_HOST, TransportFailure::resolve, "the host name cannot be resolved"},
    Row{CURLE_COULDNT_RESOLVE_PROXY,
        TransportFailure::resolve,
        "the proxy's name cannot be resolved"},
    Row{CURLE_COULDNT_CONNECT, TransportFailure::connect, "cannot connect"},
    Row{CURLE_SSL_CONNECT_ERROR, TransportFailure::tls, "the TLS handshake failed"},
    Row{CURLE_PEER_FAILED_VERIFICATION,
        TransportFailure::certificate,
        "the server's certificate is not trusted (skipTlsVerify: true in the auth file accepts "
        "it)"},
    Row{CURLE_SSL_CERTPROBLEM, TransportFailure::certificate, "the client certificate is unusable"},
    Row{CURLE_SSL_CACERT_BADFILE, TransportFailure::certificate, "the CA file is unusable"},
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

const Row* find_row(CURLcode code) {
  for (const Row& row : kRows) {
    if (row.code == code) {
      return &row;
    }
  }
  return nullptr;
}

// OpenSSL's words for an answer that is no TLS record: a plain http server on this port.
bool is_not_tls(std::string_view detail) {
  return detail.find("wrong version number") != std::string_view::npos ||
         detail.find("packet length too long") != std::string_view::npos ||
         detail.find("http request") != std::string_view::npos;
}

std::string request_line(Method method, const std::string& url) {
  return std::string(to_string(method)) + " " + redact_url(url);
}

}  // namespace

TransportError make_transport_error(CURLcode code,
                                    const std::string& detail,
                                    long os_error,
                                    Method method,
                                    const std::string& url) {
  const Row* row = find_row(code);
  TransportFailure failure = row != nullptr ? row->failure : TransportFailure::other;
  std::string words(row != nullptr ? row->words : std::string_view(curl_easy_strerror(code)));
  if (code == CURLE_OPERATION_TIMEDOUT && detail.starts_with("Resolving timed out")) {
    failure = TransportFailure::resolve;
    words = "no name server answers";
  } else if (code == CURLE_COULDNT_CONNECT && os_error == ECONNREFUSED) {
    failure = TransportFailure::connection_refused;
    words = "connection refused (is the port right, is the registry up?)";
  } else if (code == CURLE_SSL_CONNECT_ERROR && is_not_tls(detail)) {
    failure = TransportFailure::tls_not_spoken;
    words =
        "the server does not speak TLS on this port (plainHttp: true or insecure: true in the auth "
        "file allows http)";
  }
  std::string message = request_line(method, url) + ": " + words;
  if (!detail.empty()) {
    message += " [" + printable(detail, 200) + "]";
  }
  return {failure, message};
}

TransportError make_stall_error(const Request& request) {
  return {TransportFailure::stalled,
          request_line(request.method, request.url) + ": nothing moved for " +
              format_duration(request.stall_timeout)};
}

}  // namespace image_syncer
