#pragma once

#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <optional>
#include <set>
#include <string>

namespace image_syncer {

/// Which target tags are being brought up to date: one image at a time for each. Of two that write
/// one tag, the one that looked at the source earlier could otherwise write it last, and leave the
/// older image there. Shared by engines that work at the same time. Thread-safe.
class TargetsInWork {
 public:
  /// The right to write one target; given back by destruction. May not outlive the set.
  class Hold {
   public:
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    friend class TargetsInWork;
    Hold(TargetsInWork& set, std::string target);

    TargetsInWork* set_;
    std::string target_;
  };

  /// Absent while another holds `target`.
  [[nodiscard]] std::optional<Hold> try_hold(const Reference& target);

 private:
  Synchronized<std::set<std::string>> targets_;
};

}  // namespace image_syncer
