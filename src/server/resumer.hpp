#pragma once

#include <microhttpd.h>

namespace image_syncer {

/// Resumes suspended connections, and remembers that the library has to run for it to take effect:
/// in a loop that is not its own it neither wakes anybody nor asks to be run. Belongs to the loop's
/// thread.
class Resumer {
 public:
  void resume(MHD_Connection* connection) {
    MHD_resume_connection(connection);
    pending_ = true;
  }

  [[nodiscard]] bool pending() const { return pending_; }

  /// Before the library runs.
  void clear() { pending_ = false; }

 private:
  bool pending_ = false;
};

}  // namespace image_syncer
