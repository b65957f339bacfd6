#pragma once

#include <image_syncer/image/reference.hpp>
#include <image_syncer/server/http_message.hpp>
#include <image_syncer/server/sync_port.hpp>

#include <string>
#include <variant>

namespace image_syncer {

/// The image that a call of the hook names, or the answer that refuses it: `name` or `tag` missing
/// is a 400; a name without registry and namespace, bad grammar, and a tag that begins or ends with
/// "snapshot" (any case) are a 406.
[[nodiscard]] std::variant<Reference, HttpResponse> read_hook(const HttpRequest& request);

/// The answer to it.
[[nodiscard]] HttpResponse push_response(const Reference& image, const PushReply& reply);

}  // namespace image_syncer
