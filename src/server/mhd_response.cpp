#include "server/mhd_response.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kEventBlock = std::size_t{16} * 1024;

void delete_body(void* body) {
  delete static_cast<std::string*>(body);
}

void add_header(MHD_Response& response, const std::string& name, const std::string& value) {
  if (MHD_add_response_header(&response, name.c_str(), value.c_str()) != MHD_YES) {
    throw Error("the answer has a header that cannot be sent: " + printable(name, 100));
  }
}

MhdResponse checked(MHD_Response* response) {
  if (response == nullptr) {
    throw std::bad_alloc();
  }
  return MhdResponse(response);
}

void add_event_headers(MHD_Response& response) {
  add_header(response, "Content-Type", "text/event-stream");
  add_header(response, "Cache-Control", "no-store");
  add_header(response, "X-Content-Type-Options", "nosniff");
  // nginx would hold events back to fill its buffers.
  add_header(response, "X-Accel-Buffering", "no");
}

}  // namespace

MhdResponse make_response(HttpResponse response) {
  auto body = std::make_unique<std::string>(std::move(response.body));
  MhdResponse made = checked(MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), &delete_body, body.get()));
  static_cast<void>(body.release());  // the response's
  if (!response.content_type.empty()) {
    add_header(*made, "Content-Type", response.content_type);
  }
  add_header(*made, "X-Content-Type-Options", "nosniff");
  bool says_cache_control = false;
  for (const auto& [name, value] : response.headers) {
    add_header(*made, name, value);
    says_cache_control = says_cache_control || equals_ignore_case(name, "Cache-Control");
  }
  if (!says_cache_control) {
    add_header(*made, "Cache-Control", "no-store");
  }
  return made;
}

MhdResponse make_event_response(MHD_ContentReaderCallback reader,
                                MHD_ContentReaderFreeCallback done,
                                void* context) {
  MhdResponse made = checked(
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kEventBlock, reader, context, done));
  add_event_headers(*made);
  return made;
}

MhdResponse make_event_head() {
  MhdResponse made = checked(MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT));
  add_event_headers(*made);
  return made;
}

}  // namespace image_syncer
