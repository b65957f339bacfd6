#include "api/page_response.hpp"

#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::size_t kEtagDigits = 32;

std::string sha256(std::string_view bytes) {
  return hash_hex(HashAlgorithm::sha256, bytes);
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned int byte = 0;
    std::from_chars(hex.data(), hex.data() + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

struct Element {
  std::string_view begin;
  std::string_view end;
};

constexpr std::array kInlined = {Element{"<script", "</script>"}, Element{"<style", "</style>"}};

/// For each of `kInlined` the hashes that let its contents through (CSP 3, §2.3.1): "'sha256-…' …".
std::array<std::string, kInlined.size()> inlined_sources(std::string_view html) {
  std::array<std::string, kInlined.size()> sources;
  while (!html.empty()) {
    // The first of them, because a script may write about styles.
    const auto* const next = std::ranges::min_element(
        kInlined, {}, [&](const Element& element) { return html.find(element.begin); });
    const std::size_t tag = html.find(next->begin);
    const std::size_t tag_end = tag == std::string_view::npos ? tag : html.find('>', tag);
    const std::size_t end =
        tag_end == std::string_view::npos ? tag_end : html.find(next->end, tag_end);
    if (end == std::string_view::npos) {
      break;
    }
    const std::string hash = sha256(html.substr(tag_end + 1, end - tag_end - 1));
    std::string& found = sources.at(static_cast<std::size_t>(next - kInlined.data()));
    found.append(found.empty() ? "" : " ").append("'sha256-" + base64_encode(bytes_of(hash)) + "'");
    html.remove_prefix(end);
  }
  std::ranges::replace(sources, std::string(), std::string("'none'"));
  return sources;
}

std::string policy_of(std::string_view html) {
  const auto [scripts, styles] = inlined_sources(html);
  return "default-src 'none'; script-src " + scripts + "; style-src " + styles +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

/// Whether `If-None-Match` names the page (RFC 9110 §13.1.2: weakly compared).
bool has_page(const HttpRequest& request, std::string_view etag) {
  for (const std::string_view field : request.headers_named("If-None-Match")) {
    const std::vector<std::string_view> tags = split(field, ',');
    if (std::ranges::any_of(tags, [&](std::string_view tag) {
          tag = trim(tag);
          tag.remove_prefix(tag.starts_with("W/") ? 2 : 0);
          return tag == "*" || tag == etag;
        })) {
      return true;
    }
  }
  return false;
}

}  // namespace

PageResponse::PageResponse(std::string_view html)
    : html_(html),
      etag_("\"" + sha256(html).substr(0, kEtagDigits) + "\""),
      policy_(policy_of(html)) {}

HttpResponse PageResponse::answer(const HttpRequest& request) const {
  const bool is_known = has_page(request, etag_);
  return {.status = is_known ? 304 : 200,
          .content_type = is_known ? "" : "text/html; charset=utf-8",
          .body = is_known ? std::string() : std::string(html_),
          .headers = {{"ETag", etag_},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", policy_},
                      {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace image_syncer
