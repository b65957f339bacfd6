#pragma once

#include <string>
#include <string_view>

namespace image_syncer {

/// What the signatures of a signed docker schema1 manifest sign: the body up to `formatLength`,
/// then `formatTail`, which both stand in the protected header of each signature (libtrust's
/// "pretty" JSON web signature). The manifest's digest is over this, and its layers must be read
/// from this: the rest of the body is not covered. The signatures themselves are not checked; what
/// is copied is bound by its digest. Throws `Error`.
[[nodiscard]] std::string signed_payload(std::string_view body);

}  // namespace image_syncer
