#include "config/complaints.hpp"
#include <image_syncer/config/complaint.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace image_syncer {

namespace {

/// Keys are foreign text of any length (a source with a hundred tags is one).
constexpr std::size_t kMaxKeyShown = 120;

std::string join(const std::vector<Complaint>& complaints) {
  std::string lines;
  for (const Complaint& complaint : complaints) {
    if (!lines.empty()) {
      lines += '\n';
    }
    lines += complaint.str();
  }
  return lines;
}

/// Files in the order in which they were read, lines in the order of the file.
void sort_by_place(std::vector<Complaint>& complaints) {
  std::vector<std::string> files;
  for (const Complaint& complaint : complaints) {
    if (std::find(files.begin(), files.end(), complaint.mark.file) == files.end()) {
      files.push_back(complaint.mark.file);
    }
  }
  const auto place = [&files](const Complaint& complaint) {
    return std::make_tuple(std::find(files.begin(), files.end(), complaint.mark.file),
                           complaint.mark.line,
                           complaint.mark.column);
  };
  std::stable_sort(
      complaints.begin(), complaints.end(), [&place](const Complaint& a, const Complaint& b) {
        return place(a) < place(b);
      });
}

}  // namespace

std::string Mark::str() const {
  if (line == 0) {
    return file;
  }
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Complaint::str() const {
  std::string text;
  for (const std::string& part : {mark.str(), key}) {
    if (!part.empty()) {
      text += part + ": ";
    }
  }
  return text + message;
}

ConfigError::ConfigError(std::vector<Complaint> complaints)
    : Error(join(complaints)),
      complaints_(std::move(complaints)) {}

void Complaints::throw_errors() {
  if (!has_errors()) {
    return;
  }
  for (Complaint& warning : warnings_) {
    warning.message.insert(0, "warning: ");
    errors_.push_back(std::move(warning));
  }
  sort_by_place(errors_);
  throw ConfigError(std::move(errors_));
}

std::vector<Complaint> Complaints::take_warnings() {
  sort_by_place(warnings_);
  return std::move(warnings_);
}

void FileComplaints::error(Position position, std::string_view key, std::string message) {
  all_.error({mark(position), printable(key, kMaxKeyShown), std::move(message)});
}

void FileComplaints::warn(Position position, std::string_view key, std::string message) {
  all_.warn({mark(position), printable(key, kMaxKeyShown), std::move(message)});
}

Mark FileComplaints::mark(Position position) const {
  return {file_, position.line, position.column};
}

}  // namespace image_syncer
