#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/error.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// What an answer of a registry means for the work at hand.
enum class ErrorClass {
  /// Transient: the same request can succeed later.
  retry,
  /// Transient, and the whole host is to be left alone for a while (429, 503).
  limited,
  /// A token is needed or was refused: renew it and repeat once. With a fresh token: the
  /// credentials
  /// lack rights for this repository.
  auth,
  /// What was asked for is not there. A normal answer for a target, fatal for an image of a source.
  absent,
  /// Fatal for this image or blob; others can go on.
  image,
  /// Fatal for everything in this repository.
  repository,
  /// Fatal for everything at this registry.
  registry,
  /// The upload session is lost, or the blob cannot be mounted: begin with a plain new session and
  /// send the whole blob.
  new_upload,
  /// Not the offset that the server has (416). Upload: ask the session how far it is. Download:
  /// begin
  /// at 0.
  range,
  /// The body is too large for the registry or a proxy in front of it: send the blob in chunks.
  chunked,
  /// This way of uploading is not supported: use another one.
  other_method,
  /// The manifest names blobs or children that the registry does not have: send them again,
  /// whatever
  /// it said about them before, then the manifest, once.
  missing_blobs,
  /// The tag may not be overwritten: fine if it has the wanted digest already, else fatal for this
  /// image.
  immutable_tag,
  /// The page of a list is too large: ask for smaller ones.
  page_size,
};

/// A registry, or a token server or storage that it named, answered with something else than what
/// was asked for. The message names method, redacted URL, status, code, the server's own words and,
/// where there is something useful to do, what to do.
///
/// `retry()` follows from the class, for those who do not look at it: `later` for what another
/// attempt of the whole job can mend.
class RegistryError final : public Error {
 public:
  struct Answer {
    std::string registry;    ///< host with port as configured
    std::string repository;  ///< path at the registry; empty when the request concerned none
    int status = 0;
    std::vector<std::string> codes;  ///< of `errors[]`, upper case, each once
    std::vector<Digest> digests;     ///< see `digests()`
    ErrorClass error_class = ErrorClass::image;
  };

  RegistryError(std::string message,
                Answer answer,
                std::optional<std::chrono::seconds> retry_after = std::nullopt);

  [[nodiscard]] ErrorClass error_class() const noexcept { return answer_.error_class; }

  [[nodiscard]] int status() const noexcept { return answer_.status; }

  [[nodiscard]] const std::vector<std::string>& codes() const noexcept { return answer_.codes; }

  [[nodiscard]] const std::string& registry() const noexcept { return answer_.registry; }

  [[nodiscard]] const std::string& repository() const noexcept { return answer_.repository; }

  /// Named by the server as missing (MANIFEST_BLOB_UNKNOWN, BLOB_UNKNOWN). A hint: some name the
  /// manifest itself, and most servers name nothing or only the first one.
  [[nodiscard]] const std::vector<Digest>& digests() const noexcept { return answer_.digests; }

 private:
  Answer answer_;
};

}  // namespace image_syncer
