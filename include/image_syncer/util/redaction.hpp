#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace image_syncer {

/// A value that must not appear in any output. It has no stream operator and no conversion to a
/// string: `reveal()` marks every place where it is really needed. `redact` knows the value, and
/// its percent-encoded form, while a copy of the Secret lives and some time after: tokens come and
/// go for as long as a daemon runs. Copies share the text; they may be used in different threads.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);

  /// The plain text, for the wire only.
  [[nodiscard]] const std::string& reveal() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return reveal().empty(); }

  friend bool operator==(const Secret& a, const Secret& b) { return a.reveal() == b.reveal(); }

 private:
  struct Registration;
  std::shared_ptr<const Registration> registration_;  // null: empty
};

/// Makes `value`, and its percent-encoded form, known to `redact` until the process ends; values
/// under 4 characters are not (they would mangle ordinary text). Other forms
/// (`basic_form`) are for callers to add. Thread-safe.
void register_secret(std::string_view value);

/// base64 of "username:password", as HTTP's Basic writes it.
[[nodiscard]] Secret basic_form(std::string_view username, const Secret& password);

/// `text` with every known secret replaced by `***`. The last line of defence: every log line,
/// report and error passes it. Thread-safe.
[[nodiscard]] std::string redact(std::string_view text);

/// `url` without what may be secret: user info is removed, the fragment and the values of query
/// parameters are replaced by `***` unless the parameter is on a short list of harmless ones (`n`,
/// `last`, `scope`, `service`, `digest`, `mount`, `from`, `ns`, …). Takes one URL, absolute or
/// relative; other text comes back with whatever follows a `?` or `#` hidden.
[[nodiscard]] std::string redact_url(std::string_view url);

}  // namespace image_syncer
