#include "transfer/parking.hpp"

#include <utility>

namespace image_syncer {

WaiterId Parking::open() {
  auto state = state_.lock();
  const WaiterId id = state->next++;
  state->places.try_emplace(id);
  return id;
}

void Parking::close(WaiterId id) {
  state_.lock()->places.erase(id);
}

std::vector<Mail> Parking::look(WaiterId id) {
  auto state = state_.lock();
  Place& place = state->places.at(id);
  place.woken = false;
  return std::exchange(place.mail, {});
}

std::unique_ptr<Job> Parking::park(WaiterId id, std::unique_ptr<Job> image) {
  auto state = state_.lock();
  Place& place = state->places.at(id);
  if (place.woken) {
    return image;
  }
  place.image = std::move(image);
  return nullptr;
}

std::unique_ptr<Job> Parking::wake(WaiterId id) {
  auto state = state_.lock();
  const auto found = state->places.find(id);
  if (found == state->places.end()) {
    return nullptr;
  }
  found->second.woken = true;
  return std::move(found->second.image);
}

void Parking::post(WaiterId id, Mail mail) {
  auto state = state_.lock();
  const auto found = state->places.find(id);
  if (found != state->places.end()) {
    found->second.mail.push_back(std::move(mail));
  }
}

std::vector<std::unique_ptr<Job>> Parking::take_all() {
  auto state = state_.lock();
  std::vector<std::unique_ptr<Job>> images;
  for (auto& [id, place] : state->places) {
    if (place.image) {
      images.push_back(std::move(place.image));
    }
  }
  return images;
}

}  // namespace image_syncer
