#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace image_syncer {

/// An empty folder of its own for a test, removed with all it holds at the end.
class ScratchDir {
 public:
  enum class Place {
    disk,
    memory,  ///< where the system has such a folder: nothing waits for the disk
  };

  explicit ScratchDir(Place place = Place::disk);
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ScratchDir(ScratchDir&&) = delete;
  ScratchDir& operator=(ScratchDir&&) = delete;
  ~ScratchDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// The path of `name` in the folder.
  [[nodiscard]] std::filesystem::path file(std::string_view name) const { return path_ / name; }

  /// Writes a file (folders on the way are made) and gives its path.
  // NOLINTNEXTLINE(modernize-use-nodiscard): often called for the file alone
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace image_syncer
