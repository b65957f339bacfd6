#pragma once

#include <image_syncer/image/json_text.hpp>
#include <image_syncer/server/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

// What a call is given. All functions throw `RefusedCall` (400) that says which parameter, what was
// expected and what was found.

/// Refuses every parameter that is not among `names`, and what is there twice: a filter that was
/// misspelt would silently be none.
void expect_parameters(const HttpRequest& request, std::initializer_list<std::string_view> names);

/// A whole number from `first` to `last`; absent when there is none.
[[nodiscard]] std::optional<std::int64_t> number_parameter(const HttpRequest& request,
                                                           std::string_view name,
                                                           std::int64_t first,
                                                           std::int64_t last);
/// `limit`, from 1 to `max`.
[[nodiscard]] std::size_t limit_parameter(const HttpRequest& request,
                                          std::size_t usual,
                                          std::size_t max);
/// "" when there is none. At most 1,000 bytes: no reference is longer.
[[nodiscard]] std::string text_parameter(const HttpRequest& request, std::string_view name);
/// Whether `state` is "parked" rather than "queued"; absent when there is none.
[[nodiscard]] std::optional<bool> parked_parameter(const HttpRequest& request);

/// A whole number without sign, blanks or anything else; absent for any other text.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

/// The body of a POST: a JSON object, or nothing at all, which is as good as `{}`. A view: the
/// request must outlive it.
class CallBody {
 public:
  /// Refuses members that are not among `names` (literals), and what is there twice.
  CallBody(const HttpRequest& request, std::initializer_list<std::string_view> names);

  /// A string that is not empty; absent when there is no such member.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// Whether the member is there, which must be `true` then.
  [[nodiscard]] bool is_set(std::string_view name) const;

 private:
  JsonFields fields_;
};

}  // namespace image_syncer
