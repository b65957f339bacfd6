#include "registry/error_table.hpp"

#include <algorithm>

namespace image_syncer {

namespace {

constexpr std::uint32_t bit(RegistryVerb verb) {
  return static_cast<std::uint32_t>(verb);
}

constexpr std::uint32_t kAll = ~0U;
constexpr std::uint32_t kPing = bit(RegistryVerb::ping) | bit(RegistryVerb::login);
constexpr std::uint32_t kUser = bit(RegistryVerb::token);
constexpr std::uint32_t kAnonymous = bit(RegistryVerb::token_anonymous);
constexpr std::uint32_t kToken = kUser | kAnonymous;
constexpr std::uint32_t kPutManifest = bit(RegistryVerb::manifest_put);
constexpr std::uint32_t kGetBlob = bit(RegistryVerb::blob_get);
constexpr std::uint32_t kStorage = bit(RegistryVerb::storage);
constexpr std::uint32_t kStart = bit(RegistryVerb::upload_start);
constexpr std::uint32_t kMount = bit(RegistryVerb::mount);
constexpr std::uint32_t kBody = bit(RegistryVerb::upload_patch) | bit(RegistryVerb::upload_put);
constexpr std::uint32_t kSession = kBody | bit(RegistryVerb::upload_status);
constexpr std::uint32_t kTagList = bit(RegistryVerb::tag_list);
constexpr std::uint32_t kRead = bit(RegistryVerb::manifest_head) | bit(RegistryVerb::manifest_get) |
                                bit(RegistryVerb::blob_head) | kGetBlob | kTagList;

struct Row {
  AnswerPattern pattern;
  ErrorClass error_class = ErrorClass::image;
};

using enum ErrorClass;

// The first row that matches counts. Codes are those of distribution-spec (Error Codes) unless a
// registry is named.
constexpr Row kRows[] = {
    // A registry with several findings may put a 500 UNKNOWN in front of the one that matters.
    {{kPutManifest, 500, 599, "MANIFEST_BLOB_UNKNOWN"}, missing_blobs},

    // Registries refuse mounts in every way they know, mostly because of the other repository; the
    // plain upload then tells what is really wrong.
    {{kMount, 401, 401, ""}, auth},
    {{kMount, 429, 429, ""}, limited},
    {{kMount, 503, 503, ""}, limited},
    {{kMount, 0, 999, ""}, new_upload},

    // Storage answers 400 and 403 to a signed URL that has expired: the registry gives a new one.
    {{kStorage, 400, 400, ""}, retry},
    {{kStorage, 403, 403, ""}, retry},
    {{kStorage, 404, 404, ""}, absent},
    {{kStorage, 408, 408, ""}, retry},
    {{kStorage, 416, 416, ""}, range},
    {{kStorage, 421, 421, ""}, retry},
    {{kStorage, 425, 425, ""}, retry},
    {{kStorage, 429, 429, ""}, retry},
    {{kStorage, 499, 599, ""}, retry},
    {{kStorage, 0, 999, ""}, image},

    // The status decides.
    {{kUser, 401, 401, ""}, registry},
    // Public and private repositories of one registry differ here, with 401 (Quay) and also for
    // users with 403 (GHCR, GitLab): no reason to give up the registry.
    {{kAnonymous, 401, 401, ""}, repository},
    {{kAll, 401, 401, ""}, auth},
    {{kPing, 403, 403, ""}, registry},
    {{kAll, 403, 403, ""}, repository},
    {{kAll, 429, 429, ""}, limited},
    {{kAll, 499, 500, ""}, retry},
    {{kBody, 501, 501, ""}, other_method},
    {{kAll, 502, 502, ""}, retry},
    {{kAll, 503, 503, ""}, limited},
    {{kAll, 504, 504, ""}, retry},
    {{kBody, 505, 505, ""}, other_method},
    {{kAll, 506, 506, ""}, retry},
    {{kAll, 507, 507, ""}, repository},
    {{kAll, 508, 599, ""}, retry},

    // The code decides.
    {{kPutManifest, 400, 499, "MANIFEST_BLOB_UNKNOWN"}, missing_blobs},
    {{kPutManifest, 400, 499, "BLOB_UNKNOWN"}, missing_blobs},      // zot
    {{kPutManifest, 400, 499, "MANIFEST_UNKNOWN"}, missing_blobs},  // a child of an index
    {{kAll, 400, 499, "TOOMANYREQUESTS"}, limited},
    {{kAll, 400, 499, "TOO_MANY_REQUEST"}, limited},  // Harbor
    {{kAll, 400, 499, "UNAVAILABLE"}, retry},
    {{kUser, 400, 499, "UNAUTHORIZED"}, registry},
    {{kAnonymous, 400, 499, "UNAUTHORIZED"}, repository},
    {{kAll, 400, 499, "UNAUTHORIZED"}, auth},
    {{kPing, 400, 499, "DENIED"}, registry},
    {{kAll, 400, 499, "DENIED"}, repository},
    {{kPutManifest, 400, 499, "TAG_INVALID"}, immutable_tag},  // ECR
    {{kPutManifest, 400, 499, "NAME_UNKNOWN"}, repository},
    {{kTagList, 400, 499, "PAGINATION_NUMBER_INVALID"}, page_size},
    {{kRead, 400, 499, "NAME_UNKNOWN"}, absent},
    {{kRead, 400, 499, "MANIFEST_UNKNOWN"}, absent},
    {{kRead, 400, 499, "BLOB_UNKNOWN"}, absent},
    {{kSession, 416, 416, ""}, range},  // before the codes: zot says BLOB_UPLOAD_INVALID with it
    {{kSession, 400, 499, "BLOB_UPLOAD_UNKNOWN"}, new_upload},
    {{kSession, 400, 499, "BLOB_UPLOAD_INVALID"}, new_upload},
    {{kSession, 400, 499, "DIGEST_INVALID"}, new_upload},
    {{kSession, 400, 499, "SIZE_INVALID"}, new_upload},
    {{kSession, 400, 499, "RANGE_INVALID"}, new_upload},
    {{kBody, 400, 499, "UNSUPPORTED"}, other_method},

    // No code, or one that says no more than the status.
    {{kToken, 400, 400, ""}, repository},  // it does not like a scope (moby/moby#20387)
    {{kAll, 402, 402, ""}, repository},
    {{kRead, 404, 404, ""}, absent},
    {{kSession, 404, 404, ""}, new_upload},
    {{kBody, 405, 405, ""}, other_method},
    {{kAll, 408, 408, ""}, retry},
    {{kPutManifest, 409, 409, ""}, immutable_tag},
    {{kAll, 409, 409, ""}, retry},
    {{kPutManifest, 412, 412, ""}, immutable_tag},  // Harbor
    {{kSession, 413, 413, ""}, chunked},
    {{kBody, 415, 415, ""}, other_method},
    {{kGetBlob, 416, 416, ""}, range},
    {{kAll, 421, 421, ""}, retry},
    {{kAll, 425, 425, ""}, retry},

    // Everything else is as bad as what the verb concerns.
    {{kPing | kToken, 0, 999, ""}, registry},
    {{kStart | kTagList, 0, 999, ""}, repository},
    {{kAll, 0, 999, ""}, image},
};

}  // namespace

bool AnswerPattern::matches(RegistryVerb verb,
                            int status,
                            const std::vector<std::string>& codes) const {
  return (verbs & bit(verb)) != 0 && first_status <= status && status <= last_status &&
         (code.empty() || std::find(codes.begin(), codes.end(), code) != codes.end());
}

ErrorClass classify(RegistryVerb verb, int status, const std::vector<std::string>& codes) {
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) {
    return r.pattern.matches(verb, status, codes);
  });
  return row == std::end(kRows) ? ErrorClass::image : row->error_class;
}

}  // namespace image_syncer
