#include "observe/success_images.hpp"

#include "observe/json_writer.hpp"
#include <image_syncer/util/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

namespace image_syncer {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;

[[noreturn]] void fail(const std::string& path, int error) {
  throw Error("cannot write " + path + ": " + std::generic_category().message(error));
}

/// A file that goes with its descriptor. O_TMPFILE would do, but not on every file system.
int open_spool(const std::string& path) {
  std::string name = path + ".XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0 || ::unlink(name.c_str()) != 0) {
    fail(path, errno);
  }
  return fd;
}

/// The whole of a file as memory that the system may drop and read again.
class Mapping {
 public:
  Mapping(int fd, const std::string& path) {
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < 0) {
      fail(path, errno);
    }
    size_ = static_cast<std::size_t>(size);
    if (size_ > 0) {
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data_ == MAP_FAILED) {
        fail(path, errno);
      }
    }
  }

  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  Mapping(Mapping&&) = delete;
  Mapping& operator=(Mapping&&) = delete;

  ~Mapping() {
    if (size_ > 0) {
      ::munmap(data_, size_);
    }
  }

  [[nodiscard]] std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

using Pair = std::pair<std::string_view, std::string_view>;

/// The spool holds source, NUL, target, NUL and so on.
std::vector<Pair> sorted_pairs(std::string_view spool) {
  std::vector<Pair> pairs;
  const auto next = [&spool] {
    const std::size_t end = spool.find('\0');
    const std::string_view piece = spool.substr(0, end);
    spool.remove_prefix(end + 1);
    return piece;
  };
  while (!spool.empty()) {
    const std::string_view source = next();
    pairs.emplace_back(source, next());
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

/// A reference as YAML: plain where that is a string beyond doubt (what the Go tool writes, and
/// people grep for), otherwise quoted as in JSON, which is YAML too.
std::string yaml_scalar(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_plain =
      text.find('/') != std::string_view::npos && is_alphanumeric(text.front()) &&
      is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || std::string_view("._-/:@").find(c) != std::string_view::npos;
      });
  return is_plain ? std::string(text) : json_quote(text);
}

void write_yaml(AtomicFile& file, const std::vector<Pair>& pairs) {
  if (pairs.empty()) {
    file.write("{}\n");
  }
  std::string_view current;
  for (const auto& [source, target] : pairs) {
    if (source != current) {
      file.write(yaml_scalar(source) + ":\n");
      current = source;
    }
    file.write("  - " + yaml_scalar(target) + "\n");
  }
}

void write_json(AtomicFile& file, const std::vector<Pair>& pairs) {
  file.write("{");
  std::string_view current;
  for (const auto& [source, target] : pairs) {
    if (source != current) {
      file.write((current.empty() ? "\n  " : "],\n  ") + json_quote(source) + ": [");
      current = source;
    } else {
      file.write(", ");
    }
    file.write(json_quote(target));
  }
  file.write(pairs.empty() ? "}\n" : "]\n}\n");
}

}  // namespace

SuccessImages::SuccessImages(const std::string& path, bool as_json)
    : path_(path),
      as_json_(as_json),
      file_(path),
      spool_(open_spool(path)) {}

SuccessImages::~SuccessImages() {
  ::close(spool_);
}

void SuccessImages::add(std::string_view source, std::string_view target) {
  buffer_.append(source).append(1, '\0').append(target).append(1, '\0');
  if (buffer_.size() >= kBufferBytes) {
    flush();
  }
}

void SuccessImages::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(spool_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fail(path_, errno);
    }
  }
  buffer_.clear();
}

void SuccessImages::finish() {
  flush();
  const Mapping spool(spool_, path_);
  const std::vector<Pair> pairs = sorted_pairs(spool.text());
  (as_json_ ? write_json : write_yaml)(file_, pairs);
  file_.commit();
}

}  // namespace image_syncer
