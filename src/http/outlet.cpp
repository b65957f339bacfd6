#include "http/outlet.hpp"

namespace image_syncer {

// Called when everything from before is on its way, so that a call that finds nothing is the moment
// at which the leg had taken all there was.
std::size_t Outlet::read_body(std::span<char> out) {
  const std::size_t count = ring_.read(offset_, out);
  offset_ += count;
  if (count == 0) {
    stop(clock::now());
  } else if (!since_) {
    since_ = clock::now();
  }
  return count;
}

bool Outlet::seek_body(std::uint64_t offset) {
  if (!ring_.holds(offset)) {
    return false;
  }
  offset_ = offset;
  return true;
}

void Outlet::stop(clock::time_point now) {
  taking_ = time_taking(now);
  since_.reset();
}

Outlet::clock::duration Outlet::time_taking(clock::time_point now) const {
  return taking_ + (since_ ? now - *since_ : clock::duration(0));
}

}  // namespace image_syncer
