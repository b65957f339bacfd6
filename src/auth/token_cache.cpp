#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace image_syncer {

namespace {

using std::chrono::seconds;
using Wakes = std::vector<std::function<void()>>;
using MakeError = std::function<std::exception_ptr()>;

constexpr seconds kShortLife{30};
constexpr seconds kLongestMargin{30};

/// How long before its end a token is renewed.
Clock::duration renewal_margin(Clock::duration lifetime) {
  return lifetime <= kShortLife ? lifetime / 10
                                : std::min<Clock::duration>(lifetime / 4, kLongestMargin);
}

bool is_usable(const Token& token, Clock::time_point now, bool fresh_for_body) {
  const Clock::duration lifetime = token.lifetime;
  const Clock::duration limit = fresh_for_body ? lifetime / 2 : lifetime - renewal_margin(lifetime);
  return now - token.received < limit;
}

/// The first value of a map whose key and value fulfil the condition, or null.
template <typename Map, typename Condition>
auto* find_value(Map& map, const Condition& condition) {
  const auto found = std::find_if(
      map.begin(), map.end(), [&](const auto& item) { return condition(item.first, item.second); });
  return found == map.end() ? nullptr : &found->second;
}

/// What is known with one key.
struct Entry {
  std::map<ScopeSet, Token> tokens;
  std::map<ScopeSet, Wakes> leads;  // what is asked for at this moment, and who waits for it
  std::map<ScopeSet, MakeError> refused_scopes;
  MakeError refused_identity;
  bool proven = false;  // a token was given: the credentials are good

  /// Empty when nothing was refused.
  [[nodiscard]] MakeError refusal(const ScopeSet& scopes) const {
    if (refused_identity) {
      return refused_identity;
    }
    const MakeError* found = find_value(
        refused_scopes,
        [&](const ScopeSet& refused, const MakeError&) { return scopes.covers(refused); });
    return found == nullptr ? MakeError() : *found;
  }

  [[nodiscard]] const Token* usable_token(const ScopeSet& scopes,
                                          Clock::time_point now,
                                          bool fresh_for_body) const {
    return find_value(tokens, [&](const ScopeSet& held, const Token& token) {
      return is_usable(token, now, fresh_for_body) && held.covers(scopes);
    });
  }

  /// Whoever waits for one of the sets that `scopes` covers; those sets are no longer asked for.
  Wakes end_leads(const ScopeSet& scopes) {
    Wakes waiting;
    std::erase_if(leads, [&](auto& lead) {
      if (!scopes.covers(lead.first)) {
        return false;
      }
      std::move(lead.second.begin(), lead.second.end(), std::back_inserter(waiting));
      return true;
    });
    return waiting;
  }
};

struct State {
  std::map<TokenKey, Entry> entries;
  std::uint64_t last_generation = 0;
};

void call(const Wakes& wakes) {
  for (const auto& wake : wakes) {
    wake();
  }
}

}  // namespace

struct TokenCache::Impl {
  explicit Impl(Clock& c)
      : clock(c) {}

  Clock& clock;
  Synchronized<State> state;
};

TokenCache::TokenCache(Clock& clock)
    : impl_(std::make_unique<Impl>(clock)) {}

TokenCache::~TokenCache() = default;

TokenCache::Held TokenCache::acquire(const TokenKey& key,
                                     const ScopeSet& scopes,
                                     bool fresh_for_body,
                                     const std::function<void()>& wake) {
  const Clock::time_point now = impl_->clock.now();
  auto state = impl_->state.lock();
  Entry& entry = state->entries[key];
  if (const MakeError refusal = entry.refusal(scopes)) {
    std::rethrow_exception(refusal());
  }
  if (const Token* token = entry.usable_token(scopes, now, fresh_for_body)) {
    return *token;
  }
  const bool one_at_a_time = key.one_at_a_time || (!key.identity.empty() && !entry.proven);
  Wakes* waiting = find_value(entry.leads, [&](const ScopeSet& asked, const Wakes&) {
    return one_at_a_time || asked.covers(scopes);
  });
  if (waiting == nullptr) {
    entry.leads.try_emplace(scopes);
    return Lead{};
  }
  if (wake) {
    waiting->push_back(wake);
  }
  return Wait{};
}

void TokenCache::publish(const TokenKey& key, const ScopeSet& scopes, Token token) {
  const Clock::time_point now = impl_->clock.now();
  Wakes waiting;
  {
    auto state = impl_->state.lock();
    Entry& entry = state->entries[key];
    // A run over many repositories would otherwise keep every token it ever had.
    std::erase_if(entry.tokens,
                  [&](const auto& held) { return !is_usable(held.second, now, false); });
    entry.proven = true;
    token.generation = ++state->last_generation;
    entry.tokens.insert_or_assign(scopes, std::move(token));
    waiting = entry.end_leads(scopes);
  }
  call(waiting);
}

void TokenCache::end_lead(const TokenKey& key,
                          const ScopeSet& scopes,
                          std::function<std::exception_ptr()> error,
                          Refused refused) {
  Wakes waiting;
  {
    auto state = impl_->state.lock();
    Entry& entry = state->entries[key];
    if (error && refused == Refused::identity) {
      entry.refused_identity = std::move(error);
    } else if (error) {
      entry.refused_scopes.insert_or_assign(scopes, std::move(error));
    }
    if (auto lead = entry.leads.extract(scopes)) {
      waiting = std::move(lead.mapped());
    }
  }
  call(waiting);
}

Clock::time_point TokenCache::now() const {
  return impl_->clock.now();
}

void TokenCache::reject(const TokenKey& key, std::uint64_t generation) {
  auto state = impl_->state.lock();
  std::erase_if(state->entries[key].tokens,
                [&](const auto& held) { return held.second.generation == generation; });
}

}  // namespace image_syncer
