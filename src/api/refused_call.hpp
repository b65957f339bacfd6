#pragma once

#include <image_syncer/util/error.hpp>

#include <string>
#include <utility>

namespace image_syncer {

/// A call that is not carried out; its message is for the person who made it.
class RefusedCall final : public Error {
 public:
  RefusedCall(int status, std::string message)
      : Error(std::move(message)),
        status_(status) {}

  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

}  // namespace image_syncer
