#pragma once

#include <image_syncer/auth/credential.hpp>

#include <latch>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace image_syncer {

/// Asks until there is an answer.
inline std::optional<Credential> await_credential(CredentialSource& source,
                                                  const Repository& repository) {
  while (true) {
    const auto woken = std::make_shared<std::latch>(1);
    auto held = source.find(repository, [woken] { woken->count_down(); });
    if (auto* const credential = std::get_if<std::optional<Credential>>(&held)) {
      return std::move(*credential);
    }
    woken->wait();
  }
}

}  // namespace image_syncer
