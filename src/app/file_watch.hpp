#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace image_syncer {

/// Notices that one of some files was changed, replaced, removed, or has appeared: by what the file
/// system says of them, which editors and configuration tools cannot avoid to change. Belongs to
/// one thread.
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> files);

  /// Whether something is different from the last time (or from construction).
  [[nodiscard]] bool has_changed();

 private:
  struct Seen {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified = 0;  // nanoseconds
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  [[nodiscard]] static Seen look(const std::string& file);

  std::vector<std::string> files_;
  std::vector<Seen> seen_;
};

}  // namespace image_syncer
