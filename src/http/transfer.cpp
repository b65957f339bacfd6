
#include "http/transfer.hpp"

#include "http/curl_error.hpp"

#include <openssl/ssl.h>

#include <cstdio>

namespace image_syncer {

namespace {

// Larger bodies wait for "100 Continue", so that an early refusal costs no body bytes.
constexpr std::uint64_t kExpectThreshold = 1024ULL * 1024;
// What libcurl takes by default, but with an upper end: see `trust_callback`.
constexpr long kProxyTlsVersions = (+CURL_SSLVERSION_TLSv1_2) | (+CURL_SSLVERSION_MAX_TLSv1_3);

void add_to(std::atomic<std::uint64_t>* counter, std::uint64_t count) {
  if (counter != nullptr) {
    counter->fetch_add(count, std::memory_order_relaxed);
  }
}

}  // namespace

Transfer::Transfer(CurlEasy handle,
                   Request request,
                   const SessionOptions& options,
                   ByteRate* rate,
                   BodySink* sink,
                   BodyFeed* feed)
    : request_(std::move(request)),
      rate_(rate),
      sink_(sink),
      feed_(feed),
      counters_(options.counters),
      handle_(std::move(handle)) {
  set_up(options);
  // The first one of a process reads the system's certificates: that is no time of the server's.
  started_ = last_progress_ = std::chrono::steady_clock::now();
  add_to(counters_.requests, 1);
}

void Transfer::set_up(const SessionOptions& options) {
  CURL* handle = handle_.get();
  set_pointer(handle, CURLOPT_PRIVATE, this);
  set_pointer(handle, CURLOPT_ERRORBUFFER, error_);
  set_text(handle, CURLOPT_URL, request_.url);
  set_number(handle, CURLOPT_PATH_AS_IS, 1);
  set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set_number(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set_number(handle, CURLOPT_NOSIGNAL, 1);
  // Without it removing a handle blocks until a silent name server answers.
  set_number(handle, CURLOPT_QUICK_EXIT, 1);
  set_number(handle, CURLOPT_TCP_KEEPALIVE, 1);
  // The one view of progress that covers every kind of body in both directions.
  set_number(handle, CURLOPT_NOPROGRESS, 0);
  set_pointer(handle, CURLOPT_XFERINFODATA, this);
  set_function(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::progress_callback);
  set_number(handle, CURLOPT_BUFFERSIZE, static_cast<long>(request_.buffer_bytes));
  set_number(handle, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(request_.buffer_bytes));
  set_text(handle, CURLOPT_USERAGENT, options.user_agent);
  set_pointer(handle, CURLOPT_WRITEDATA, this);
  set_function(handle, CURLOPT_WRITEFUNCTION, &Transfer::write_callback);
  set_up_connection();
  set_up_method();
  CurlList headers;
  for (const auto& [name, value] : request_.headers) {
    append(headers, std::string(name).append(": ").append(value));
  }
  append(headers, "Accept-Encoding: identity");
  set_up_body(headers);
  headers_ = std::move(headers);
  set_pointer(handle, CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::set_up_connection() {
  CURL* handle = handle_.get();
  const ConnectionOptions& connection = request_.connection;
  set_number(
      handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set_number(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
  set_up_trust();
  if (!connection.cert_file.empty()) {
    set_text(handle, CURLOPT_SSLCERT, connection.cert_file);
    set_text(handle, CURLOPT_SSLKEY, connection.key_file);
  }
  // Both always, or libcurl would look at the environment itself, by other rules than ours.
  set_text(handle, CURLOPT_PROXY, connection.proxy.address);
  set_number(handle, CURLOPT_PROXY_SSLVERSION, kProxyTlsVersions);
  set_text(handle, CURLOPT_NOPROXY, "");
  set_number(handle, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);  // no Authorization in a CONNECT
  if (!connection.proxy.username.empty() || !connection.proxy.password.empty()) {
    set_text(handle, CURLOPT_PROXYUSERNAME, connection.proxy.username);
    set_text(handle, CURLOPT_PROXYPASSWORD, connection.proxy.password.reveal());
  }
}

// Neither the callback nor its argument counts when libcurl looks for a connection or a TLS
// session to use again, but CAPATH does: the name of a folder that does not exist keeps what
// was verified by one trust apart from what another has to verify.
void Transfer::set_up_trust() {
  CURL* handle = handle_.get();
  check_option(curl_easy_setopt(handle, CURLOPT_CAINFO, nullptr), CURLOPT_CAINFO);
  if (!request_.connection.verify_tls) {
    check_option(curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr), CURLOPT_CAPATH);
    set_number(handle, CURLOPT_SSL_VERIFYPEER, 0);
    set_number(handle, CURLOPT_SSL_VERIFYHOST, 0);
    return;
  }
  if (!request_.connection.trust) {
    request_.connection.trust = Trust::system();
  }
  set_text(handle, CURLOPT_CAPATH, request_.connection.trust->id());
  set_pointer(handle, CURLOPT_SSL_CTX_DATA, this);
  set_function(handle, CURLOPT_SSL_CTX_FUNCTION, &Transfer::trust_callback);
}

void Transfer::set_up_method() {
  CURL* handle = handle_.get();
  const bool has_body = !std::holds_alternative<NoBody>(request_.body);
  if (request_.method == Method::get && !has_body) {
    set_number(handle, CURLOPT_HTTPGET, 1);
  } else if (request_.method == Method::head) {
    set_number(handle, CURLOPT_NOBODY, 1);
  } else if (request_.method != Method::post || has_body) {
    set_text(handle, CURLOPT_CUSTOMREQUEST, std::string(to_string(request_.method)));
  }
}

void Transfer::set_up_body(CurlList& headers) {
  CURL* handle = handle_.get();
  std::uint64_t length = 0;
  if (const auto* stream = std::get_if<StreamBody>(&request_.body)) {
    length = stream->length;
    set_number(handle, CURLOPT_UPLOAD, 1);
    set_offset(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length));
    set_pointer(handle, CURLOPT_READDATA, this);
    set_function(handle, CURLOPT_READFUNCTION, &Transfer::read_callback);
    set_pointer(handle, CURLOPT_SEEKDATA, this);
    set_function(handle, CURLOPT_SEEKFUNCTION, &Transfer::seek_callback);
  } else if (request_.method != Method::get && request_.method != Method::head) {
    // Also for an absent body: this form alone sends "Content-Length: 0", which servers insist
    // on.
    const auto* memory = std::get_if<MemoryBody>(&request_.body);
    const char* bytes = "";
    if (memory != nullptr) {
      bytes = memory->bytes->data();
      length = memory->bytes->size();
    }
    set_number(handle, CURLOPT_POST, 1);
    set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(length));
    set_pointer(handle, CURLOPT_POSTFIELDS, bytes);
    if (!request_.headers.find("Content-Type")) {
      // libcurl would call it a form, and Go registries would then eat the body as one.
      append(headers, "Content-Type:");
    }
  }
  // A streamed body cannot be sent again once its beginning has left the ring, so that an early
  // refusal has to come before it.
  if (!std::holds_alternative<StreamBody>(request_.body) && length <= kExpectThreshold) {
    append(headers, "Expect:");
  }
}

Response Transfer::make_head() const {
  Response head;
  head.status = status();
  head.url = request_.url;
  curl_header* header = nullptr;
  // -1: the last response, not an interim one or a proxy's.
  while ((header = curl_easy_nextheader(handle_.get(), CURLH_HEADER, -1, header)) != nullptr) {
    head.headers.add(header->name, header->value);
  }
  return head;
}

Response Transfer::take_response() {
  Response response = make_head();
  response.body = std::move(body_);
  response.truncated = truncated_;
  if (std::holds_alternative<MemoryBody>(request_.body)) {
    curl_off_t sent = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
    moved(counters_.bytes_up, static_cast<std::size_t>(sent));
  }
  return response;
}

bool Transfer::stopped_at_limit(CURLcode code) const {
  return code == CURLE_WRITE_ERROR && truncated_ && !callback_failure_;
}

int Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

TransportError Transfer::make_error(CURLcode code) const {
  CurlFailure failure{.code = code, .detail = error_};
  curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &failure.os_error);
  curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_CONNECTCODE, &failure.connect_status);
  return make_transport_error(failure, request_);
}

CurlEasy Transfer::take_handle() {
  curl_easy_reset(handle_.get());  // it must not refer to this transfer any more
  return std::move(handle_);
}

CURLcode Transfer::unpause() {
  download_paused_ = false;
  upload_paused_ = false;
  throttled_until_.reset();
  last_progress_ = std::chrono::steady_clock::now();
  return curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
}

std::optional<Transfer::time_point> Transfer::stalls_at() const {
  if (download_paused_ || upload_paused_ || throttled_until_) {
    return std::nullopt;
  }
  return last_progress_ + request_.stall_timeout;
}

bool Transfer::is_held_by_rate() {
  if (rate_ == nullptr) {
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto ready_at = rate_->ready_at(now);
  if (ready_at > now) {
    throttled_until_ = ready_at;
  }
  return ready_at > now;
}

void Transfer::moved(std::atomic<std::uint64_t>* counter, std::size_t count) {
  add_to(counter, count);
  if (rate_ != nullptr) {
    rate_->spend(count, std::chrono::steady_clock::now());
  }
}

std::size_t Transfer::on_write(std::span<const char> bytes) {
  if (is_held_by_rate()) {
    return CURL_WRITEFUNC_PAUSE;
  }
  if (body_state_ == BodyState::none) {
    const bool to_sink =
        sink_ != nullptr && request_.body_to_ring && sink_->begin_body(make_head());
    body_state_ = to_sink ? BodyState::to_sink : BodyState::kept;
  }
  if (body_state_ == BodyState::kept) {
    return keep(bytes);
  }
  switch (sink_->write_body(bytes)) {
    case BodySink::Taken::all:
      moved(counters_.bytes_down, bytes.size());
      return bytes.size();
    case BodySink::Taken::pause:
      download_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    case BodySink::Taken::abort:
      break;
  }
  return 0;
}

std::size_t Transfer::keep(std::span<const char> bytes) {
  moved(counters_.bytes_down, bytes.size());
  const std::size_t room = static_cast<std::size_t>(request_.max_body) - body_.size();
  if (bytes.size() > room) {
    body_.append(bytes.data(), room);
    truncated_ = true;
    return 0;
  }
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t Transfer::on_read(std::span<char> out) {
  const auto& stream = std::get<StreamBody>(request_.body);
  const std::uint64_t left = stream.length - uploaded_;
  if (left == 0) {
    return 0;
  }
  if (is_held_by_rate()) {
    return CURL_READFUNC_PAUSE;
  }
  if (out.size() > left) {
    out = out.first(static_cast<std::size_t>(left));
  }
  const std::size_t count = feed_->read_body(out);
  upload_paused_ = count == 0;
  if (upload_paused_) {
    return CURL_READFUNC_PAUSE;
  }
  uploaded_ += count;
  moved(counters_.bytes_up, count);
  return count;
}

int Transfer::on_seek(std::int64_t offset) {
  const auto& stream = std::get<StreamBody>(request_.body);
  if (offset < 0 || !feed_->seek_body(stream.offset + static_cast<std::uint64_t>(offset))) {
    return CURL_SEEKFUNC_FAIL;
  }
  uploaded_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::write_callback(char* data,
                                     std::size_t size,
                                     std::size_t count,
                                     void* self) noexcept {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return transfer->on_write({data, size * count});
  } catch (...) {
    transfer->callback_failure_ = std::current_exception();
    return 0;
  }
}

std::size_t Transfer::read_callback(char* data,
                                    std::size_t size,
                                    std::size_t count,
                                    void* self) noexcept {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return transfer->on_read({data, size * count});
  } catch (...) {
    transfer->callback_failure_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int Transfer::progress_callback(void* self,
                                curl_off_t /*download_total*/,
                                curl_off_t downloaded,
                                curl_off_t /*upload_total*/,
                                curl_off_t uploaded) noexcept {
  auto* transfer = static_cast<Transfer*>(self);
  if (downloaded + uploaded != transfer->moved_) {
    transfer->moved_ = downloaded + uploaded;
    transfer->last_progress_ = std::chrono::steady_clock::now();
  }
  return 0;
}

// Called for a proxy spoken to by TLS as well, which is none of the host that the trust is for:
// the system's certificates, that libcurl adds by itself, have to do there. Only the range of
// versions tells the two apart; a host's has no upper end.
CURLcode Transfer::trust_callback(CURL* /*handle*/, void* context, void* self) noexcept {
  const ConnectionOptions& connection = static_cast<const Transfer*>(self)->request_.connection;
  auto* const tls = static_cast<SSL_CTX*>(context);
  const bool is_proxy = connection.proxy.address.starts_with("https:") &&
                        SSL_CTX_get_max_proto_version(tls) == TLS1_3_VERSION;
  if (!is_proxy) {
    SSL_CTX_set1_cert_store(tls, connection.trust->store());
  }
  return CURLE_OK;
}

int Transfer::seek_callback(void* self, curl_off_t offset, int origin) noexcept {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return origin == SEEK_SET ? transfer->on_seek(offset) : CURL_SEEKFUNC_FAIL;
  } catch (...) {
    transfer->callback_failure_ = std::current_exception();
    return CURL_SEEKFUNC_FAIL;
  }
}

}  // namespace image_syncer
