#pragma once

#include "server/mailbox.hpp"
#include <image_syncer/server/http_message.hpp>

#include <cstdint>
#include <optional>
#include <string>

struct MHD_Connection;

namespace image_syncer {

/// One request and its answer, from the request line on. Belongs to the loop's thread; others only
/// pass it on.
struct OpenRequest {
  MHD_Connection* connection = nullptr;  ///< null once it is over
  std::string target;                    ///< as sent
  const char* target_end = nullptr;      ///< in the library's buffer: compared, never read
  HttpRequest request;
  bool has_head = false;
  std::uint64_t received = 0;           ///< bytes of the body
  std::optional<HttpResponse> refusal;  ///< the answer, whatever the body is; the body is dropped
  bool refuses_at_once = false;         ///< the body is not waited for, the connection closed
  bool is_dispatched = false;           ///< the handler was called
  bool has_failed = false;              ///< the handler threw, which has been logged
  bool is_suspended = false;            ///< until there is a reply
  bool is_stream = false;
  std::optional<Reply> reply;
};

}  // namespace image_syncer
