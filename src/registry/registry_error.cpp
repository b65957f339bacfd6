#include "registry/error_body.hpp"
#include "registry/make_registry_error.hpp"
#include "registry/retry_after.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

Retry retry_of(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::retry:
    case ErrorClass::limited:
    case ErrorClass::new_upload:
    case ErrorClass::range:
    case ErrorClass::missing_blobs:
      return Retry::later;
    case ErrorClass::auth:
    case ErrorClass::absent:
    case ErrorClass::image:
    case ErrorClass::repository:
    case ErrorClass::registry:
    case ErrorClass::chunked:
    case ErrorClass::other_method:
    case ErrorClass::immutable_tag:
    case ErrorClass::page_size:
      break;
  }
  return Retry::never;
}

template <typename... Verbs>
constexpr std::uint32_t any_of(Verbs... verbs) {
  return (static_cast<std::uint32_t>(verbs) | ...);
}

using enum RegistryVerb;
constexpr std::uint32_t kAll = ~0U;
constexpr std::uint32_t kReads = any_of(manifest_head, manifest_get, blob_head, blob_get, tag_list);
constexpr std::uint32_t kUploads = any_of(upload_start, mount, upload_patch, upload_put);
constexpr std::uint32_t kPushes = kUploads | any_of(manifest_put);

struct Hint {
  AnswerPattern pattern;
  std::string_view text;  ///< {registry} and {repository} are replaced
};

// What a user can do about it. The first row that matches counts; the server's own words come
// before.
constexpr Hint kHints[] = {
    {{any_of(token), 401, 401, ""}, "check username and password for {registry} in the auth file"},
    {{any_of(token_anonymous), 401, 403, ""},
     "{registry} gives this to users only: set username and password for it in the auth file"},
    {{any_of(token), 403, 403, ""},
     "the user for {registry} in the auth file lacks rights for {repository}"},
    {{kAll, 401, 401, ""},
     "check username and password for {registry} in the auth file, and the user's rights for "
     "{repository}"},
    {{any_of(ping, login), 403, 403, ""},
     "{registry} lets nobody in from here: a blocked address or account"},
    {{any_of(ping, login), 404, 404, ""},
     "{registry} is no registry, or its API is under another path"},
    {{any_of(storage), 400, 403, ""}, "the link to the storage of {registry} has expired"},
    {{kReads, 403, 403, ""}, "no right to read {repository}"},
    {{kPushes, 403, 403, ""},
     "no right to push to {repository}, a quota is used up, or the project is read-only"},
    {{any_of(upload_start), 404, 404, ""},
     "the project or repository does not exist at {registry}: create it first"},
    {{any_of(upload_start, manifest_put), 400, 499, "NAME_UNKNOWN"},
     "the project or repository does not exist at {registry}: create it first"},
    {{any_of(blob_get), 404, 404, ""},
     "the image is incomplete at {registry}: push it there again"},
    {{any_of(tag_list), 404, 404, ""}, "{registry} has no such repository"},
    {{any_of(manifest_put), 400, 499, "TAG_INVALID"}, "the tag is invalid or immutable there"},
    {{any_of(manifest_put), 409, 409, ""}, "the tag is immutable there"},
    {{any_of(manifest_put), 412, 412, ""}, "the tag is immutable there"},
    {{any_of(manifest_get, manifest_head), 412, 412, ""},
     "a policy of {registry} blocks this image"},
    {{any_of(manifest_put), 413, 413, ""}, "{registry} does not take manifests of this size"},
    {{kUploads, 413, 413, ""}, "{registry}, or a proxy in front of it, limits the size of a body"},
    {{any_of(manifest_put), 405, 405, ""}, "{registry} does not take this kind of manifest"},
    {{any_of(manifest_put), 415, 415, ""}, "{registry} does not take this kind of manifest"},
    {{any_of(manifest_put), 400, 499, "MANIFEST_INVALID"},
     "{registry} does not take this kind of manifest"},
    {{kUploads, 405, 405, ""}, "{registry} takes no pushes: it is read-only, or a proxy cache"},
    {{kAll, 451, 451, ""}, "blocked for legal reasons"},
    {{kAll, 507, 507, ""}, "the storage of {registry} is full"},
    {{kAll, 500, 500, ""}, "an error inside {registry}: its log says more"},
};

void replace(std::string& text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + value.size())) {
    text.replace(at, placeholder.size(), value);
  }
}

std::string hint_for(const FailedRequest& request, const std::vector<std::string>& codes) {
  if (request.verb == ping && request.status == 400 && request.url.starts_with("http:")) {
    return request.registry + " speaks https on this port: take plainHttp out of the auth file";
  }
  const auto* const hint = std::find_if(std::begin(kHints), std::end(kHints), [&](const Hint& h) {
    return h.pattern.matches(request.verb, request.status, codes);
  });
  if (hint == std::end(kHints)) {
    return {};
  }
  std::string text(hint->text);
  replace(text, "{registry}", request.registry);
  replace(text, "{repository}", request.repository.empty() ? "it" : request.repository);
  return text;
}

/// "403 DENIED: its own words; what to do".
std::string describe(const FailedRequest& request,
                     const ErrorBody& body,
                     std::optional<std::chrono::seconds> wait,
                     Clock::wall_time now) {
  std::string text = std::to_string(request.status);
  for (const std::string& code : body.codes) {
    text += (&code == &body.codes.front() ? " " : ", ") + code;
  }
  if (!body.message.empty()) {
    text += ": " + body.message;
  }
  if (const std::string hint = hint_for(request, body.codes); !hint.empty()) {
    text += (body.message.empty() ? ": " : "; ") + hint;
  }
  if (wait) {
    text += " (asked to wait until " + format_utc(now + *wait) + ")";
  }
  return text;
}

}  // namespace

RegistryError::RegistryError(std::string message,
                             Answer answer,
                             std::optional<std::chrono::seconds> retry_after)
    : Error(std::move(message), retry_of(answer.error_class), retry_after),
      answer_(std::move(answer)) {}

RegistryError make_registry_error(const FailedRequest& request, Clock::wall_time now) {
  ErrorBody body = parse_error_body(request.body);
  const auto wait = parse_retry_after(request.retry_after, now);
  const std::string message = std::string(request.method) + " " + redact_url(request.url) + ": " +
                              redact(describe(request, body, wait, now));
  RegistryError::Answer answer;
  answer.registry = request.registry;
  answer.repository = request.repository;
  answer.status = request.status;
  answer.error_class = classify(request.verb, request.status, body.codes);
  answer.codes = std::move(body.codes);
  answer.digests = std::move(body.digests);
  return {message, std::move(answer), wait};
}

}  // namespace image_syncer
