#pragma once

#include <image_syncer/server/http_message.hpp>

#include <microhttpd.h>

#include <memory>

namespace image_syncer {

struct MhdResponseDeleter {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};

using MhdResponse = std::unique_ptr<MHD_Response, MhdResponseDeleter>;

/// With all headers. Throws `Error` when one of them cannot be sent.
[[nodiscard]] MhdResponse make_response(HttpResponse response);

/// The head of a stream of events, whose body `reader` gives and `done` ends.
[[nodiscard]] MhdResponse make_event_response(MHD_ContentReaderCallback reader,
                                              MHD_ContentReaderFreeCallback done,
                                              void* context);

/// The same head without a body, for HEAD.
[[nodiscard]] MhdResponse make_event_head();

}  // namespace image_syncer
