#pragma once

#include "server/open_request.hpp"
#include <image_syncer/server/http_server.hpp>

#include <cstddef>
#include <cstdint>

namespace image_syncer {

/// Fills `exchange.request` from the head that the library has parsed, and `exchange.refusal` when
/// it is too long, ambiguous or cannot be decoded, or announces a body that is too long. `method`
/// and `version` are the library's.
void read_head(OpenRequest& exchange,
               const HttpServerSettings& settings,
               const char* method,
               const char* version);

/// Whether the head announces a body.
[[nodiscard]] bool announces_body(const HttpRequest& request);

/// A body that is longer than `limit`, but not longer than this, is read and dropped: only a client
/// that could send all of it is sure to see the 413 rather than a broken connection.
[[nodiscard]] std::uint64_t max_tolerated(std::size_t limit);

/// The answer to a body of more than `limit` bytes.
[[nodiscard]] HttpResponse body_too_long(std::size_t limit);

}  // namespace image_syncer
