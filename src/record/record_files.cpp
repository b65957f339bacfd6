#include "record/record_files.hpp"

#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/text.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace image_syncer {

namespace {

constexpr mode_t kMode = S_IRUSR | S_IWUSR;
constexpr std::array<std::string_view, 3> kCompanions{"-wal", "-shm", "-journal"};

/// Types of network and cluster file systems (statfs(2), linux/magic.h).
constexpr std::array<std::uint32_t, 14> kNetworkTypes{
    0x6969,      // NFS
    0x517b,      // SMB
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x564c,      // NCP
    0x65735546,  // FUSE
    0x01021997,  // 9p
    0x5346414f,  // AFS
    0x73757245,  // Coda
    0x00c36400,  // Ceph
    0x01161970,  // GFS2
    0x7461636f,  // OCFS2
    0x0bd00bd0,  // Lustre
    0x786f4256,  // VirtualBox shared folders
};

std::string cause(int error) {
  return std::generic_category().message(error);
}

/// What the holder wrote into the lock file: " by process 123", or nothing when it is unreadable.
std::string holder(int fd) {
  std::array<char, 24> buffer{};
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  const std::string_view pid =
      trim({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
  const bool is_number =
      !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
  return is_number ? " by process " + std::string(pid) : "";
}

}  // namespace

RecordLock::RecordLock(const std::string& path) {
  const std::string lock_path = path + ".lock";
  fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd_ < 0) {
    throw RecordError("cannot open the record " + path + ": its lock " + lock_path + ": " +
                      cause(errno));
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string used_by = holder(fd_);
    ::close(fd_);
    if (error == EWOULDBLOCK) {
      throw RecordInUse("the record " + path + " is in use" + used_by + " (" + lock_path +
                        "): wait for it, or name another file with --db");
    }
    throw RecordError("cannot lock the record " + path + ": " + lock_path + ": " + cause(error));
  }
  // The pid only serves the message above: a failure to write it changes nothing.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::fchmod(fd_, kMode) != 0 || ::ftruncate(fd_, 0) != 0 ||
      ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    return;
  }
}

RecordLock::~RecordLock() {
  // An empty file tells a reader that nobody holds it; the lock itself goes with the descriptor.
  if (::ftruncate(fd_, 0) != 0) {
    errno = 0;
  }
  ::close(fd_);
}

void prepare_record_file(const std::string& path) {
  const auto fail = [&path](int error) {
    throw RecordError("cannot open the record " + path + ": " + cause(error));
  };
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  if (fd < 0) {
    fail(errno);
  }

  struct stat status {};

  const bool is_regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const int error = is_regular && ::fchmod(fd, kMode) != 0 ? errno : 0;
  ::close(fd);
  if (!is_regular) {
    throw RecordError("cannot open the record " + path + ": it is not a regular file");
  }
  // A writable file of another owner stays as that owner set it.
  if (error != 0 && error != EPERM) {
    fail(error);
  }
  for (const std::string_view companion : kCompanions) {
    // Left by a process that was killed; mostly absent.
    if (::chmod((path + std::string(companion)).c_str(), kMode) != 0 && errno != ENOENT &&
        errno != EPERM) {
      fail(errno);
    }
  }
}

std::string move_record_aside(const std::string& path, Clock::wall_time now) {
  std::string stamp = format_utc(now);
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
  const std::string base = path + ".corrupt-" + stamp;
  std::string moved = base;
  std::error_code error;
  for (int i = 2; std::filesystem::exists(moved, error); ++i) {
    moved = base + "." + std::to_string(i);
  }
  std::filesystem::rename(path, moved, error);
  if (error) {
    throw RecordError("cannot move the damaged record " + path + " aside: " + error.message());
  }
  for (const std::string_view companion : kCompanions) {
    std::filesystem::rename(path + std::string(companion), moved + std::string(companion), error);
    if (error && error != std::errc::no_such_file_or_directory) {
      throw RecordError("cannot move " + path + std::string(companion) +
                        " of a damaged record aside: " + error.message());
    }
  }
  return moved;
}

bool is_network_file_system(unsigned long type) {
  return std::find(kNetworkTypes.begin(), kNetworkTypes.end(), static_cast<std::uint32_t>(type)) !=
         kNetworkTypes.end();
}

bool is_on_network_file_system(const std::string& path) {
  struct statfs status {};

  return ::statfs(path.c_str(), &status) == 0 &&
         is_network_file_system(static_cast<unsigned long>(status.f_type));
}

}  // namespace image_syncer
