#include "image/signed_schema1.hpp"

#include <image_syncer/image/json_text.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <optional>

namespace image_syncer {

namespace {

/// The payload by one signature; absent when its protected header is not what it should be.
std::optional<std::string> payload_by(const JsonText& signature, std::string_view body) {
  if (!signature.is_object()) {
    return std::nullopt;
  }
  const JsonFields fields = signature.fields({"protected"});
  const auto field = fields.find("protected");
  const std::optional<std::string> encoded =
      field == fields.end() ? std::nullopt : field->second.as_string();
  const std::optional<std::string> header = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!header) {
    return std::nullopt;
  }
  const JsonText json = JsonText::parse(*header);
  if (!json.is_object()) {
    return std::nullopt;
  }
  const JsonFields format = json.fields({"formatLength", "formatTail"});
  if (format.size() != 2) {
    return std::nullopt;
  }
  const std::optional<std::uint64_t> length = format.at("formatLength").as_size();
  const std::optional<std::string> tail_text = format.at("formatTail").as_string();
  const std::optional<std::string> tail = tail_text ? base64_decode(*tail_text) : std::nullopt;
  if (!length || *length > body.size() || !tail) {
    return std::nullopt;
  }
  return std::string(body.substr(0, *length)) + *tail;
}

}  // namespace

std::string signed_payload(std::string_view body) {
  const JsonFields fields = JsonText::parse(body).fields({"signatures"});
  const auto signatures = fields.find("signatures");
  std::optional<std::string> payload;
  if (signatures != fields.end() && signatures->second.is_array()) {
    // All must agree, as in libtrust. A few are legal, thousands would only be a way to burn time.
    constexpr std::size_t kMaxSignatures = 16;
    const std::vector<JsonText> all = signatures->second.elements();
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::optional<std::string> next;
      try {
        next = payload_by(all[i], body);
      } catch (Error& error) {
        error.while_doing("the protected header of signatures[" + std::to_string(i) + "]");
        throw;
      }
      if (!next || (payload && payload != next) || i == kMaxSignatures) {
        throw Error("signatures[" + std::to_string(i) +
                    "] has no protected header that agrees with the body");
      }
      payload = std::move(next);
    }
  }
  if (!payload) {
    throw Error("it has no signatures");
  }
  return *payload;
}

}  // namespace image_syncer
