#pragma once

#include "config/node.hpp"
#include <image_syncer/config/complaint.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Collects what is wrong with the files of one load, so that all of it is told at once.
class Complaints {
 public:
  void error(Complaint complaint) { errors_.push_back(std::move(complaint)); }

  void warn(Complaint complaint) { warnings_.push_back(std::move(complaint)); }

  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }

  /// Throws `ConfigError` with the errors, if there are any, and then with the warnings as well:
  /// all in the order of the files' lines.
  void throw_errors();
  /// The warnings, in the same order.
  [[nodiscard]] std::vector<Complaint> take_warnings();

 private:
  std::vector<Complaint> errors_;
  std::vector<Complaint> warnings_;
};

/// The complaints about one file.
class FileComplaints {
 public:
  FileComplaints(std::string file, Complaints& all)
      : file_(std::move(file)),
        all_(all) {}

  void error(Position position, std::string_view key, std::string message);

  /// About the file as a whole, in a message that names it.
  void error(std::string message) { all_.error({{}, "", std::move(message)}); }

  void warn(Position position, std::string_view key, std::string message);
  [[nodiscard]] Mark mark(Position position) const;

 private:
  std::string file_;
  Complaints& all_;
};

}  // namespace image_syncer
