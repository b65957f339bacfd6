#pragma once

#include <image_syncer/registry/registry_error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What was asked for: the same status means different things. Values are bits of a set.
enum class RegistryVerb : std::uint32_t {
  ping = 1U << 0U,
  token = 1U << 1U,            ///< with credentials
  token_anonymous = 1U << 2U,  ///< without
  manifest_head = 1U << 3U,
  manifest_get = 1U << 4U,
  manifest_put = 1U << 5U,
  blob_head = 1U << 6U,
  blob_get = 1U << 7U,
  storage = 1U << 8U,  ///< any of the four reads after a redirect to another host
  upload_start = 1U << 9U,
  mount = 1U << 10U,
  upload_patch = 1U << 11U,
  upload_put = 1U << 12U,  ///< also with the whole body
  upload_status = 1U << 13U,
  tag_list = 1U << 14U,
  login = 1U << 15U,  ///< a ping with credentials
};

/// Some verbs, some statuses, and a code or any: a row of a table about answers.
struct AnswerPattern {
  std::uint32_t verbs;  ///< bits of `RegistryVerb`
  int first_status;
  int last_status;
  std::string_view code;  ///< one of the answer's codes; empty = with any or none

  [[nodiscard]] bool matches(RegistryVerb verb,
                             int status,
                             const std::vector<std::string>& codes) const;
};

/// The class of an answer that is not what `verb` hoped for; `codes` in upper case. Answers with a
/// status that is not in the table, among them unexpected 2xx and 3xx, are fatal for as much as the
/// verb concerns: the registry (ping, token), the repository (tag list, upload start), or the
/// image.
///
/// Where status and code disagree, 401, 403, 429 and 5xx decide by themselves and with the others
/// the code decides; but a missing reference of a manifest is the cause whatever stands around it.
///
/// Not decided here: a 403 for a HEAD at a target. Some registries answer so for what is absent
/// (JFrog), so there the upload should be tried.
[[nodiscard]] ErrorClass classify(RegistryVerb verb,
                                  int status,
                                  const std::vector<std::string>& codes);

}  // namespace image_syncer
