#include "support/http_server/socket_stream.hpp"

#include <linux/sockios.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace image_syncer {
namespace {

// What servers in Go say.
constexpr std::string_view kHttpToHttps =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

struct PemDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }

  void operator()(X509* certificate) const { X509_free(certificate); }

  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, PemDeleter> memory_bio(const std::string& text) {
  return std::unique_ptr<BIO, PemDeleter>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

void TlsServerContext::Deleter::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

void SocketStream::Deleter::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsServerContext::TlsServerContext(const TlsIdentity& identity, const std::string& client_ca)
    : context_(SSL_CTX_new(TLS_server_method())) {
  // SSL_write has no MSG_NOSIGNAL.
  (void)std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<X509, PemDeleter> certificate(
      PEM_read_bio_X509(memory_bio(identity.certificate).get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<EVP_PKEY, PemDeleter> key(
      PEM_read_bio_PrivateKey(memory_bio(identity.key).get(), nullptr, nullptr, nullptr));
  if (context_ == nullptr || SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
    throw std::runtime_error("the test server's TLS context cannot be made");
  }
  if (!client_ca.empty()) {
    const std::unique_ptr<X509, PemDeleter> authority(
        PEM_read_bio_X509(memory_bio(client_ca).get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
    SSL_CTX_add_client_CA(context_.get(), authority.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Sessions of clients with certificates belong to a context that says so.
    const unsigned char name[] = "test";
    SSL_CTX_set_session_id_context(context_.get(), name, sizeof name);
  }
}

SocketStream::SocketStream(int fd, const TlsServerContext* tls)
    : fd_(fd) {
  if (tls == nullptr) {
    return;
  }
  ssl_.reset(SSL_new(tls->handle()));
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd_) != 1 || SSL_accept(ssl_.get()) != 1) {
    const bool plain_http = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    ERR_clear_error();
    ssl_.reset();
    if (plain_http) {
      write(kHttpToHttps);
    }
    // Closing with something unread would send a RST that overtakes what was said.
    ::shutdown(fd_, SHUT_WR);
    std::string unread(4096, '\0');
    while (::recv(fd_, unread.data(), unread.size(), 0) > 0) {
    }
    throw ConnectionLost();
  }
}

std::string SocketStream::peer_name() const {
  const std::unique_ptr<X509, PemDeleter> peer(
      ssl_ != nullptr ? SSL_get1_peer_certificate(ssl_.get()) : nullptr);
  std::string name(256, '\0');
  const int length = peer == nullptr ? 0
                                     : X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()),
                                                                 NID_commonName,
                                                                 name.data(),
                                                                 static_cast<int>(name.size()));
  name.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return name;
}

std::size_t SocketStream::read(std::span<char> into) {
  if (ssl_ != nullptr) {
    std::size_t count = 0;
    if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &count) == 1) {
      return count;
    }
    const bool ended = SSL_get_error(ssl_.get(), 0) == SSL_ERROR_ZERO_RETURN;
    ERR_clear_error();
    if (ended) {
      return 0;
    }
    throw ConnectionLost();
  }
  while (true) {
    const ssize_t count = ::recv(fd_, into.data(), into.size(), 0);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      throw ConnectionLost();
    }
  }
}

void SocketStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (ssl_ != nullptr) {
      std::size_t count = 0;
      if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count) != 1) {
        ERR_clear_error();
        throw ConnectionLost();
      }
      bytes.remove_prefix(count);
      continue;
    }
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      throw ConnectionLost();
    }
  }
}

void SocketStream::finish_writing() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

bool SocketStream::has_unsent() const {
  int unsent = 0;
  return ::ioctl(fd_, SIOCOUTQ, &unsent) == 0 && unsent > 0;
}

void SocketStream::limit_receive_buffer(int bytes) {
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void SocketStream::reset_on_close() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace image_syncer
