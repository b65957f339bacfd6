#pragma once

#include <mutex>
#include <utility>

namespace image_syncer {

/// A value that can only be reached under its lock:
///
///     Synchronized<State> state_;
///     auto state = state_.lock();   // held until `state` goes out of scope
///     state->count += 1;
///
/// Do no I/O and call no callback while holding one.
template <typename T>
class Synchronized {
 public:
  class Guard {
   public:
    T* operator->() { return value_; }

    T& operator*() { return *value_; }

    /// For condition variables; the lock is held when this is called.
    std::unique_lock<std::mutex>& mutex_lock() { return lock_; }

   private:
    friend class Synchronized;

    Guard(std::mutex& mutex, T& value)
        : lock_(mutex),
          value_(&value) {}

    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  template <typename... Args>
  explicit Synchronized(Args&&... args)
      : value_(std::forward<Args>(args)...) {}

  Synchronized(const Synchronized&) = delete;
  Synchronized& operator=(const Synchronized&) = delete;
  Synchronized(Synchronized&&) = delete;
  Synchronized& operator=(Synchronized&&) = delete;
  ~Synchronized() = default;

  [[nodiscard]] Guard lock() { return Guard(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace image_syncer
