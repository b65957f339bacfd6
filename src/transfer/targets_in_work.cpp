#include <image_syncer/transfer/targets_in_work.hpp>

#include <utility>

namespace image_syncer {

TargetsInWork::Hold::Hold(TargetsInWork& set, std::string target)
    : set_(&set),
      target_(std::move(target)) {}

TargetsInWork::Hold::Hold(Hold&& other) noexcept
    : set_(std::exchange(other.set_, nullptr)),
      target_(std::move(other.target_)) {}

TargetsInWork::Hold& TargetsInWork::Hold::operator=(Hold&& other) noexcept {
  std::swap(set_, other.set_);
  std::swap(target_, other.target_);
  return *this;
}

TargetsInWork::Hold::~Hold() {
  if (set_ != nullptr) {
    set_->targets_.lock()->erase(target_);
  }
}

std::optional<TargetsInWork::Hold> TargetsInWork::try_hold(const Reference& target) {
  std::string name = target.str();
  if (!targets_.lock()->insert(name).second) {
    return std::nullopt;
  }
  return Hold(*this, std::move(name));
}

}  // namespace image_syncer
