#include "image/manifest_reader.hpp"

#include "image/descriptor_reader.hpp"
#include "image/signed_schema1.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

struct KindRow {
  ManifestKind kind;
  std::string_view media_type;
};

constexpr KindRow kKinds[] = {
    {ManifestKind::oci_index, media_types::kOciIndex},
    {ManifestKind::docker_list, media_types::kDockerList},
    {ManifestKind::oci_manifest, media_types::kOciManifest},
    {ManifestKind::docker_manifest, media_types::kDockerManifest},
    {ManifestKind::docker_schema1, media_types::kDockerSchema1},
    {ManifestKind::docker_schema1_signed, media_types::kDockerSchema1Signed},
    {ManifestKind::oci_artifact, media_types::kOciArtifact},
};

bool is_schema1(ManifestKind kind) {
  return kind == ManifestKind::docker_schema1 || kind == ManifestKind::docker_schema1_signed;
}

std::optional<ManifestKind> kind_of(std::string_view media_type) {
  for (const KindRow& row : kKinds) {
    if (row.media_type == media_type) {
      return row.kind;
    }
  }
  return std::nullopt;
}

bool has(const JsonFields& document, std::string_view name) {
  const auto field = document.find(name);
  return field != document.end() && !field->second.is_null();
}

/// The document's fields that matter here.
JsonFields document_fields(std::string_view text) {
  return JsonText::parse(text).fields({"schemaVersion",
                                       "mediaType",
                                       "manifests",
                                       "config",
                                       "layers",
                                       "blobs",
                                       "fsLayers",
                                       "signatures"});
}

/// The body's own `mediaType`, normalised; "" when there is none.
std::string stated_media_type(const JsonFields& document) {
  if (!has(document, "mediaType")) {
    return {};
  }
  const std::optional<std::string> text = document.at("mediaType").as_string();
  if (!text) {
    throw Error("mediaType is not a string");
  }
  return normalize_media_type(*text);
}

/// Absent when the document has no `schemaVersion` that is a number.
std::optional<std::uint64_t> schema_version(const JsonFields& document) {
  return has(document, "schemaVersion") ? document.at("schemaVersion").as_size() : std::nullopt;
}

/// Names what came instead where registries, proxies and login pages answer 200 with something
/// else.
void check_is_object(std::string_view bytes) {
  const std::string_view text = trim(bytes);
  if (text.empty()) {
    throw Error("the body is empty");
  }
  if (text.front() == '<') {
    throw Error("the body is HTML or XML (the page of a proxy or of a login?): " +
                printable(text, 80));
  }
  if (text.front() != '{') {
    throw Error("the body is not a JSON object: " + printable(text, 40));
  }
}

}  // namespace

void ManifestReader::read(std::string_view content_type) {
  if (manifest_.bytes_.size() > kMaxManifestBytes) {
    throw Error("it has " + format_bytes(manifest_.bytes_.size()) + ", more than the allowed " +
                format_bytes(kMaxManifestBytes));
  }
  check_is_object(manifest_.bytes_);
  const JsonFields document = document_fields(manifest_.bytes_);
  decide_kind(document, normalize_media_type(content_type));
  if (manifest_.kind_ == ManifestKind::docker_schema1_signed) {
    const std::string payload = signed_payload(manifest_.bytes_);
    manifest_.digest_ = Digest::of(payload);
    check_is_object(payload);
    read_content(document_fields(payload));
  } else {
    manifest_.digest_ = Digest::of(manifest_.bytes_);
    read_content(document);
  }
}

ManifestReader::Shape ManifestReader::shape_of(const JsonFields& document) const {
  const bool index = has(document, "manifests");
  const bool image = has(document, "config") || has(document, "layers");
  const bool schema1 = has(document, "fsLayers");
  if (static_cast<int>(index) + static_cast<int>(image) + static_cast<int>(schema1) > 1) {
    throw Error(
        "it is ambiguous: only one of \"manifests\", \"config\" with \"layers\", and \"fsLayers\" "
        "may be there");
  }
  return index ? Shape::index : image ? Shape::image : schema1 ? Shape::schema1 : Shape::none;
}

/// What it was served as counts when it is a manifest type, and must not contradict the body's own
/// type; a vague one (`application/json`, `text/plain`, none) gives way to the body's type, then to
/// the shape.
void ManifestReader::decide_kind(const JsonFields& document, std::string_view content_type) {
  const Shape shape = shape_of(document);
  const std::string stated = stated_media_type(document);
  const std::optional<ManifestKind> by_body = kind_of(stated);
  const std::optional<ManifestKind> by_header = kind_of(content_type);
  if (by_body && by_header && *by_body != *by_header) {
    throw Error("it was served as " + std::string(content_type) + ", but says that it is " +
                stated);
  }
  if (by_body || by_header) {
    set_kind(by_body ? *by_body : *by_header);
    check_shape(document, shape);
  } else {
    decide_kind_by_shape(document, shape);
  }
  // Whatever the name: with signatures the digest is over what they sign.
  if (is_schema1(manifest_.kind_)) {
    manifest_.kind_ = has(document, "signatures") ? ManifestKind::docker_schema1_signed
                                                  : ManifestKind::docker_schema1;
  }
}

void ManifestReader::decide_kind_by_shape(const JsonFields& document, Shape shape) {
  const std::optional<std::uint64_t> version = schema_version(document);
  const auto is_docker = [](const Descriptor& descriptor) {
    return descriptor.media_type.starts_with("application/vnd.docker.");
  };
  if (shape == Shape::schema1 && version == 1U) {
    set_kind(has(document, "signatures") ? ManifestKind::docker_schema1_signed
                                         : ManifestKind::docker_schema1);
  } else if (shape == Shape::index && version == 2U) {
    const std::vector<Descriptor> children =
        read_descriptors(document.at("manifests"), "manifests");
    set_kind(std::any_of(children.begin(), children.end(), is_docker) ? ManifestKind::docker_list
                                                                      : ManifestKind::oci_index);
  } else if (shape == Shape::image && version == 2U) {
    const bool docker =
        has(document, "config") &&
        read_descriptor(document.at("config"), "config").media_type == media_types::kDockerConfig;
    set_kind(docker ? ManifestKind::docker_manifest : ManifestKind::oci_manifest);
  } else {
    throw Error("the body is JSON, but no known kind of manifest: " +
                printable(manifest_.bytes_, 120));
  }
}

/// A type promises the fields of its kind, and not those of another.
void ManifestReader::check_shape(const JsonFields& document, Shape shape) const {
  const auto promised = [&] {
    switch (manifest_.kind_) {
      case ManifestKind::oci_index:
      case ManifestKind::docker_list:
        // `null` is how Go writes an index without children.
        return shape == Shape::index || (shape == Shape::none && document.contains("manifests"));
      case ManifestKind::oci_manifest:
      case ManifestKind::docker_manifest:
        return shape == Shape::image;
      case ManifestKind::docker_schema1:
      case ManifestKind::docker_schema1_signed:
        return shape == Shape::schema1;
      case ManifestKind::oci_artifact:
        return shape == Shape::none;
    }
    return false;
  };
  const std::uint64_t wanted_version = is_schema1(manifest_.kind_) ? 1 : 2;
  const bool version_fits =
      !has(document, "schemaVersion") || schema_version(document) == wanted_version;
  if (!promised() || !version_fits) {
    throw Error("it is said to be " + manifest_.media_type_ +
                ", but does not look like that: " + printable(manifest_.bytes_, 120));
  }
}

void ManifestReader::set_kind(ManifestKind kind) {
  const auto* const row = std::find_if(
      std::begin(kKinds), std::end(kKinds), [&](const KindRow& r) { return r.kind == kind; });
  manifest_.kind_ = kind;
  manifest_.media_type_ = row->media_type;
}

void ManifestReader::read_content(const JsonFields& document) {
  if (is_schema1(manifest_.kind_)) {
    read_schema1_layers(document);
    return;
  }
  if (manifest_.is_index()) {
    manifest_.children_ = read_descriptors(document.at("manifests"), "manifests");
    return;
  }
  if (has(document, "config") && manifest_.kind_ != ManifestKind::oci_artifact) {
    manifest_.config_ = read_descriptor(document.at("config"), "config");
    add_blob(*manifest_.config_);
  }
  const std::string list = manifest_.kind_ == ManifestKind::oci_artifact ? "blobs" : "layers";
  if (has(document, list)) {
    for (Descriptor& descriptor : read_descriptors(document.at(list), list)) {
      add_blob(std::move(descriptor));
    }
  }
}

void ManifestReader::read_schema1_layers(const JsonFields& document) {
  if (!has(document, "fsLayers") || !document.at("fsLayers").is_array()) {
    throw Error("fsLayers is not an array");
  }
  for (const JsonText& layer : document.at("fsLayers").elements()) {
    const JsonFields fields = layer.is_object() ? layer.fields({"blobSum"}) : JsonFields();
    const std::optional<std::string> sum =
        fields.empty() ? std::nullopt : fields.begin()->second.as_string();
    if (!sum) {
      throw Error("an entry of fsLayers has no blobSum");
    }
    Descriptor descriptor;
    descriptor.digest = Digest::parse(*sum);
    add_blob(std::move(descriptor));
  }
}

/// Each digest once. An image may list a layer twice, and docker schema1 does so for its empty
/// layer.
void ManifestReader::add_blob(Descriptor descriptor) {
  const auto [at, is_new] = positions_.try_emplace(descriptor.digest, manifest_.blobs_.size());
  if (is_new) {
    manifest_.blobs_.push_back(std::move(descriptor));
    return;
  }
  Descriptor& known = manifest_.blobs_[at->second];
  if (known.size != descriptor.size) {
    throw Error("blob " + descriptor.digest.abbreviated() + " is listed with different sizes");
  }
  if (known.is_foreign()) {
    known = std::move(descriptor);  // needed at the target if it is anywhere an ordinary layer
  }
}

}  // namespace image_syncer
