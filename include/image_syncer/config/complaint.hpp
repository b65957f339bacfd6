#pragma once

#include <image_syncer/util/error.hpp>

#include <string>
#include <vector>

namespace image_syncer {

/// A place in a configuration file. Lines and columns count from 1; 0 = unknown.
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;

  /// "images.yaml:3:5", "images.yaml", or "" when unknown.
  [[nodiscard]] std::string str() const;
};

/// One thing wrong (or worth a warning) in a file: where, which key, what, and what to do.
struct Complaint {
  Mark mark;
  std::string key;  ///< as the user wrote it, e.g. `localhost:5000.pasword`; may be empty
  std::string message;

  /// "auth.yaml:3:5: localhost:5000.pasword: unknown key, did you mean password?"
  [[nodiscard]] std::string str() const;
};

/// Bad configuration: all complaints at once, warnings ("warning: …") too. `what()` holds one line
/// each.
class ConfigError final : public Error {
 public:
  explicit ConfigError(std::vector<Complaint> complaints);

  [[nodiscard]] const std::vector<Complaint>& complaints() const noexcept { return complaints_; }

 private:
  std::vector<Complaint> complaints_;
};

}  // namespace image_syncer
