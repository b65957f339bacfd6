#include "check/words.hpp"

#include <array>
#include <cstddef>

namespace image_syncer {
namespace {

struct Word {
  std::string_view name;
  std::string_view words;
};

// In the order of the enumerations.
constexpr std::array kStages{Word{"reached", "reached"},
                             Word{"name", "its name is not resolved"},
                             Word{"refused", "connection refused"},
                             Word{"connection", "no connection"},
                             Word{"tls", "TLS fails"},
                             Word{"certificate", "certificate not accepted"},
                             Word{"proxy", "stopped by the proxy"},
                             Word{"error", "it answers with an error"},
                             Word{"no_registry", "no registry there"}};
constexpr std::array kTrusts{Word{"system", "https, verified"},
                             Word{"own", "https, own CA"},
                             Word{"unverified", "https, not verified"},
                             Word{"plain", "plain http"}};
constexpr std::array kAccounts{Word{"not_asked", "not asked for"},
                               Word{"accepted", "accepted"},
                               Word{"refused", "refused"},
                               Word{"unavailable", "not available"},
                               Word{"unknown", "neither accepted nor refused"}};
constexpr std::array<std::string_view, 6> kAccesses{
    "allowed", "no_image", "no_repository", "denied", "failed", "skipped"};
constexpr std::array<std::string_view, 3> kTraces{"none", "deleted", "kept"};

template <typename State>
constexpr std::size_t at(State state) {
  return static_cast<std::size_t>(state);
}

static_assert(kStages.size() == at(ReachStage::no_registry) + 1);
static_assert(kTrusts.size() == at(TlsTrust::plain) + 1);
static_assert(kAccounts.size() == at(AccountState::unknown) + 1);
static_assert(kAccesses.size() == at(AccessState::skipped) + 1);
static_assert(kTraces.size() == at(UploadTrace::kept) + 1);

}  // namespace

std::string_view name_of(ReachStage stage) {
  return kStages.at(at(stage)).name;
}

std::string_view words_of(ReachStage stage) {
  return kStages.at(at(stage)).words;
}

std::string_view name_of(TlsTrust trust) {
  return kTrusts.at(at(trust)).name;
}

std::string_view words_of(TlsTrust trust) {
  return kTrusts.at(at(trust)).words;
}

std::string_view name_of(AccountState state) {
  return kAccounts.at(at(state)).name;
}

std::string_view words_of(AccountState state) {
  return kAccounts.at(at(state)).words;
}

std::string_view name_of(AccessState state) {
  return kAccesses.at(at(state));
}

std::string_view name_of(UploadTrace trace) {
  return kTraces.at(at(trace));
}

}  // namespace image_syncer
