#include "image/descriptor_reader.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <utility>

namespace image_syncer {

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw Error(where + " " + why);
}

JsonFields fields_of(const JsonText& json,
                     std::initializer_list<std::string_view> names,
                     const std::string& where) {
  if (!json.is_object()) {
    refuse(where, "is not an object");
  }
  try {
    return json.fields(names);
  } catch (Error& error) {
    error.while_doing(where);
    throw;
  }
}

/// The field, unless it is absent or null.
const JsonText* find(const JsonFields& fields, std::string_view name) {
  const auto at = fields.find(name);
  return at == fields.end() || at->second.is_null() ? nullptr : &at->second;
}

/// Empty when the field is absent.
std::string string_field(const JsonFields& fields,
                         std::string_view name,
                         const std::string& where) {
  const JsonText* const field = find(fields, name);
  if (field == nullptr) {
    return {};
  }
  std::optional<std::string> text = field->as_string();
  if (!text) {
    refuse(where + "." + std::string(name), "is not a string");
  }
  return std::move(*text);
}

Digest digest_field(const JsonFields& fields, const std::string& where) {
  const std::string text = string_field(fields, "digest", where);
  if (text.empty()) {
    refuse(where, "has no digest");
  }
  try {
    return Digest::parse(text);
  } catch (Error& error) {
    error.while_doing(where + ".digest");
    throw;
  }
}

std::uint64_t size_field(const JsonFields& fields, const std::string& where) {
  const JsonText* const field = find(fields, "size");
  if (field == nullptr) {
    refuse(where, "has no size");
  }
  const std::optional<std::uint64_t> size = field->as_size();
  if (!size) {
    refuse(where + ".size", "is not a whole number of bytes: " + printable(field->text(), 40));
  }
  return *size;
}

std::vector<std::string> urls_field(const JsonFields& fields, const std::string& where) {
  std::vector<std::string> urls;
  if (const JsonText* const field = find(fields, "urls")) {
    if (!field->is_array()) {
      refuse(where + ".urls", "is not an array");
    }
    for (const JsonText& element : field->elements()) {
      std::optional<std::string> url = element.as_string();
      if (!url) {
        refuse(where + ".urls", "holds something that is not a string");
      }
      urls.push_back(std::move(*url));
    }
  }
  return urls;
}

/// The sibling that a BuildKit attestation speaks of. Its own platform is unknown/unknown; on
/// anything else the annotation means nothing.
std::optional<Digest> attested_digest(const JsonFields& fields,
                                      const std::optional<Platform>& platform) {
  const JsonText* const annotations = find(fields, "annotations");
  const bool has_platform =
      platform && (platform->os != "unknown" || platform->architecture != "unknown");
  if (annotations == nullptr || !annotations->is_object() || has_platform) {
    return std::nullopt;
  }
  const JsonFields found = annotations->fields({"vnd.docker.reference.digest"});
  const std::optional<std::string> text =
      found.empty() ? std::nullopt : found.begin()->second.as_string();
  return text ? Digest::try_parse(*text) : std::nullopt;
}

/// The content that is embedded in the descriptor; empty when it is not what the descriptor says.
std::string embedded_data(const JsonFields& fields, const Descriptor& descriptor) {
  const JsonText* const field = find(fields, "data");
  const std::optional<std::string> encoded = field == nullptr ? std::nullopt : field->as_string();
  std::optional<std::string> data = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!data || data->size() != descriptor.size || !descriptor.digest.matches(*data)) {
    return {};
  }
  return std::move(*data);
}

}  // namespace

Platform read_platform(const JsonText& json, const std::string& where) {
  const JsonFields fields = fields_of(json, {"os", "architecture", "variant", "os.version"}, where);
  return {string_field(fields, "os", where),
          string_field(fields, "architecture", where),
          string_field(fields, "variant", where),
          string_field(fields, "os.version", where)};
}

Descriptor read_descriptor(const JsonText& json, const std::string& where) {
  const JsonFields fields = fields_of(
      json, {"mediaType", "digest", "size", "platform", "urls", "annotations", "data"}, where);
  Descriptor descriptor;
  descriptor.media_type = string_field(fields, "mediaType", where);
  descriptor.digest = digest_field(fields, where);
  descriptor.size = size_field(fields, where);
  if (const JsonText* const platform = find(fields, "platform")) {
    descriptor.platform = read_platform(*platform, where + ".platform");
  }
  descriptor.urls = urls_field(fields, where);
  descriptor.attests = attested_digest(fields, descriptor.platform);
  descriptor.data = embedded_data(fields, descriptor);
  return descriptor;
}

std::vector<Descriptor> read_descriptors(const JsonText& json, const std::string& where) {
  std::vector<Descriptor> descriptors;
  if (json.is_null()) {
    return descriptors;
  }
  if (!json.is_array()) {
    refuse(where, "is not an array");
  }
  for (const JsonText& element : json.elements()) {
    descriptors.push_back(
        read_descriptor(element, where + "[" + std::to_string(descriptors.size()) + "]"));
  }
  return descriptors;
}

}  // namespace image_syncer
