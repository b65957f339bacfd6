#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace image_syncer {

struct CurlEasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};

struct CurlMultiDeleter {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};

struct CurlListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;
using CurlMulti = std::unique_ptr<CURLM, CurlMultiDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

/// libcurl set up once per process. Throws `Error` when it cannot be.
void ensure_curl();

[[nodiscard]] CurlEasy make_easy();
[[nodiscard]] CurlMulti make_multi();

/// `curl_easy_setopt` is variadic: a wrong type compiles and reads garbage. These take just the
/// types that libcurl reads, and check the result. Throw `Error`.
void set_number(CURL* handle, CURLoption option, long value);
void set_offset(CURL* handle, CURLoption option, curl_off_t value);
void set_text(CURL* handle, CURLoption option, const std::string& value);
void set_pointer(CURL* handle, CURLoption option, const void* value);

/// The result of a setter that has no wrapper here. Throws `Error` unless it is success.
void check_option(CURLcode code, CURLoption option);

template <typename Result, typename... Arguments>
void set_function(CURL* handle, CURLoption option, Result (*function)(Arguments...)) {
  check_option(curl_easy_setopt(handle, option, function), option);
}

/// Throws `Error` naming `what` unless `code` is success.
void check_multi(CURLMcode code, const char* what);

/// `list` with `line` appended.
void append(CurlList& list, const std::string& line);

}  // namespace image_syncer
