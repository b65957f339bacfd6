#include <image_syncer/util/file_descriptor.hpp>

#include <unistd.h>

namespace image_syncer {

void FileDescriptor::close() noexcept {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

}  // namespace image_syncer
