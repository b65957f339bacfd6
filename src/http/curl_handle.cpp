#include "http/curl_handle.hpp"

#include <image_syncer/util/error.hpp>

#include <new>
#include <string_view>

namespace image_syncer {
void check_option(CURLcode code, CURLoption option) {
  if (code == CURLE_OUT_OF_MEMORY) {
    throw std::bad_alloc();
  }
  if (code != CURLE_OK) {
    throw Error("libcurl refused option " + std::to_string(option) + ": " +
                curl_easy_strerror(code));
  }
}

void ensure_curl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    throw Error(std::string("libcurl cannot start: ") + curl_easy_strerror(result));
  }
  // Trust is handed over in OpenSSL's own types.
  const char* const tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  if (tls == nullptr || std::string_view(tls).find("OpenSSL") == std::string_view::npos) {
    throw Error("libcurl must be one with OpenSSL; this one is with " +
                std::string(tls == nullptr ? "no TLS at all" : tls));
  }
}

CurlEasy make_easy() {
  CurlEasy handle(curl_easy_init());
  if (!handle) {
    throw std::bad_alloc();
  }
  return handle;
}

CurlMulti make_multi() {
  ensure_curl();
  CurlMulti handle(curl_multi_init());
  if (!handle) {
    throw std::bad_alloc();
  }
  return handle;
}

void set_number(CURL* handle, CURLoption option, long value) {
  check_option(curl_easy_setopt(handle, option, value), option);
}

void set_offset(CURL* handle, CURLoption option, curl_off_t value) {
  check_option(curl_easy_setopt(handle, option, value), option);
}

void set_text(CURL* handle, CURLoption option, const std::string& value) {
  check_option(curl_easy_setopt(handle, option, value.c_str()), option);
}

void set_pointer(CURL* handle, CURLoption option, const void* value) {
  check_option(curl_easy_setopt(handle, option, value), option);
}

void check_multi(CURLMcode code, const char* what) {
  if (code != CURLM_OK) {
    throw Error(std::string(what) + ": " + curl_multi_strerror(code), Retry::later);
  }
}

void append(CurlList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(list.release());  // `longer` is the same list, or its first node
  list.reset(longer);
}

}  // namespace image_syncer
