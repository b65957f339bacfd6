#pragma once

#include <image_syncer/server/http_message.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// The page at `/` as it is sent. It runs its own script, uses its own styles and talks to its own
/// server, and the browser is told that it does nothing else: whatever strange name an image has,
/// no script comes to life in it.
class PageResponse {
 public:
  /// `html` stays where it is. Its scripts and styles are elements in it; their lines end with LF.
  explicit PageResponse(std::string_view html);

  /// The page, or 304 for who has it.
  [[nodiscard]] HttpResponse answer(const HttpRequest& request) const;

 private:
  std::string_view html_;
  std::string etag_;
  std::string policy_;
};

}  // namespace image_syncer
