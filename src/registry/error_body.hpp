#pragma once

#include <image_syncer/image/digest.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What the body of an error answer says.
struct ErrorBody {
  /// Of `errors[]` in upper case, or of storage as written (`SlowDown`); each once, in order.
  std::vector<std::string> codes;
  /// One printable line of at most 300 bytes; empty when the body says nothing readable.
  std::string message;
  /// Named in message or detail of MANIFEST_BLOB_UNKNOWN and BLOB_UNKNOWN; each once, in order.
  std::vector<Digest> digests;
};

/// Reads what registries, token servers, storage and proxies send: the envelope of
/// distribution-spec (Error Codes) with entries and details of any kind, `{"details"}`,
/// `{"message"}`, `{"error"}`, XML with `<Code>` and `<Message>`, HTML with a `<title>`, plain
/// text, nothing, rubbish. Never fails; of a body over 256 KiB only the beginning is read, as text.
[[nodiscard]] ErrorBody parse_error_body(std::string_view body);

}  // namespace image_syncer
