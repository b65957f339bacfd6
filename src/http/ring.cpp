#include "http/ring.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace image_syncer {

// Not value-initialised: the pages of a ring that a small blob never fills are never touched.
Ring::Ring(std::size_t capacity)
    : capacity_(capacity),
      data_(new char[capacity]) {}

void Ring::write(std::span<const char> bytes) {
  assert(bytes.size() <= free_bytes());
  const std::size_t at = static_cast<std::size_t>(head_ % capacity_);
  const std::size_t first = std::min(bytes.size(), capacity_ - at);
  std::memcpy(data_.get() + at, bytes.data(), first);
  std::memcpy(data_.get(), bytes.data() + first, bytes.size() - first);
  head_ += bytes.size();
}

void Ring::publish(std::uint64_t offset) {
  assert(offset >= published_ && offset <= head_);
  published_ = offset;
}

std::size_t Ring::read(std::uint64_t offset, std::span<char> out) const {
  assert(holds(offset));
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>(published_ - offset, out.size()));
  const std::size_t at = static_cast<std::size_t>(offset % capacity_);
  const std::size_t first = std::min(count, capacity_ - at);
  std::memcpy(out.data(), data_.get() + at, first);
  std::memcpy(out.data() + first, data_.get(), count - first);
  return count;
}

void Ring::release(std::uint64_t offset) {
  assert(offset >= tail_ && offset <= head_);
  tail_ = offset;
}

}  // namespace image_syncer
