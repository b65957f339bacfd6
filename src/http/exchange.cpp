#include <image_syncer/http/exchange.hpp>

namespace image_syncer {

void Exchange::on_failure(const TransportError& error) {
  fail(std::make_exception_ptr(error));
}

void Exchange::rethrow_failure() const {
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

}  // namespace image_syncer
