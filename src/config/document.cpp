#include "config/document.hpp"

#include "config/text_check.hpp"
#include "config/tree_builder.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

namespace image_syncer {

namespace {

using Reader = NodePtr (*)(std::string_view, FileComplaints&);

Reader reader_for(const std::string& path) {
  const std::string suffix = to_lower(std::filesystem::path(path).extension().string());
  if (suffix == ".yaml" || suffix == ".yml") {
    return read_yaml;
  }
  return suffix == ".json" ? read_json : nullptr;
}

}  // namespace

NodePtr read_document(const std::string& path, FileComplaints& complaints) {
  const Reader read = reader_for(path);
  if (read == nullptr) {
    complaints.error({}, "", "unknown kind of file: its name must end in .yaml, .yml or .json");
    return nullptr;
  }
  std::string bytes;
  try {
    bytes = read_file(path, kMaxConfigBytes);
  } catch (const Error& error) {
    complaints.error(error.message());
    return nullptr;
  }
  const std::string_view text = without_byte_order_mark(bytes);
  try {
    check_text(text);
    if (trim(text).empty()) {
      return std::make_shared<Node>();
    }
    return read(text, complaints);
  } catch (const SyntaxError& error) {
    complaints.error(error.position(), "", error.message());
    return nullptr;
  }
}

}  // namespace image_syncer
