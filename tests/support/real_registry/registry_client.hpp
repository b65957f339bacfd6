#pragma once

#include "support/fake_registry/image_builder.hpp"
#include <image_syncer/image/digest.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

struct ClientAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// "" when absent; any case.
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct FetchedManifest {
  std::string media_type;
  std::string bytes;
  std::string digest;  ///< as the registry says
};

/// A plain registry client for tests: it seeds and checks registries without the product's code.
/// One request at a time; belongs to one thread.
class RegistryClient {
 public:
  struct Options {
    std::string origin;     ///< "http://127.0.0.1:5000"
    std::string user = {};  ///< Basic; "" = none
    std::string password = {};
    std::string bearer = {};  ///< a token to send instead
    std::string ca_pem = {};  ///< what to trust for https
  };

  explicit RegistryClient(Options options);

  /// Any request. Throws `std::runtime_error` when there is no complete answer.
  ClientAnswer request(const std::string& method,
                       const std::string& path_or_url,
                       const std::vector<std::string>& headers = {},
                       std::optional<std::string_view> body = std::nullopt);

  // The rest throws `std::runtime_error` with the answer when it is not the expected one.
  Digest put_blob(const std::string& repository, std::string_view bytes);
  /// The digest that the registry states.
  std::string put_manifest(const std::string& repository,
                           const std::string& reference,
                           const std::string& media_type,
                           std::string_view bytes);
  /// Absent: 404.
  [[nodiscard]] std::optional<FetchedManifest> get_manifest(const std::string& repository,
                                                            const std::string& reference);
  [[nodiscard]] std::optional<std::string> get_blob(const std::string& repository,
                                                    const std::string& digest);
  [[nodiscard]] bool has_blob(const std::string& repository, const std::string& digest);
  [[nodiscard]] std::vector<std::string> tags(const std::string& repository);

  /// Pushes an image with all that it refers to (foreign layers are left out), children first.
  /// `tag`: "" for none.
  void push(const std::string& repository, const std::string& tag, const BuiltManifest& manifest);
  /// What the registry lacks of `manifest` under that tag, byte by byte; "" when it is all there.
  [[nodiscard]] std::string lacks(const std::string& repository,
                                  const std::string& tag,
                                  const BuiltManifest& manifest);

 private:
  Options options_;
};

}  // namespace image_syncer
