#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace image_syncer {

/// The window of a blob between what the source has delivered and what the slowest leg has taken.
/// Offsets are those of the blob. One writer, any number of readers, one thread.
///
///     tail ≤ every reader's offset ≤ published ≤ head ≤ tail + capacity
class Ring {
 public:
  explicit Ring(std::size_t capacity);

  [[nodiscard]] std::uint64_t head() const { return head_; }

  [[nodiscard]] std::uint64_t tail() const { return tail_; }

  [[nodiscard]] std::uint64_t published() const { return published_; }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  [[nodiscard]] std::size_t free_bytes() const {
    return capacity_ - static_cast<std::size_t>(head_ - tail_);
  }

  /// Appends all of `bytes`. Precondition: they fit.
  void write(std::span<const char> bytes);
  /// Lets readers have everything up to `offset`. Precondition: ≤ head, not less than before.
  void publish(std::uint64_t offset);
  /// Copies published bytes from `offset` on; the number copied, 0 when there are none.
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const;

  /// Whether a reader may stand at `offset`.
  [[nodiscard]] bool holds(std::uint64_t offset) const {
    return offset >= tail_ && offset <= published_;
  }

  /// No reader will want bytes before `offset` any more.
  void release(std::uint64_t offset);

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> data_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t published_ = 0;
};

}  // namespace image_syncer
