#include "auth/helper_calls.hpp"

#include "auth/credential_helper.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <exception>
#include <system_error>

namespace image_syncer {
namespace {

// Amazon's passwords live 12 h, Google's an hour; the helper knows, its protocol does not say.
constexpr std::chrono::hours kAnswerLife{1};
constexpr std::chrono::minutes kFailureLife{5};
constexpr std::size_t kRefusedKept = 16;

}  // namespace

bool is_same(const Credential& a, const Credential& b) {
  return a.username == b.username && a.password == b.password &&
         a.identity_token == b.identity_token && a.registry_token == b.registry_token;
}

HelperCalls::HelperCalls(std::string search_path, ProgramLimits limits, Clock& clock)
    : search_path_(std::move(search_path)),
      limits_(limits),
      clock_(clock) {}

HelperCalls::~HelperCalls() {
  std::vector<std::jthread> threads;
  {
    auto calls = calls_.lock();
    for (auto& [key, call] : *calls) {
      threads.push_back(std::move(call.thread));
    }
  }
  for (std::jthread& thread : threads) {
    thread.request_stop();
  }
}

HelperCalls::Answer HelperCalls::ask(const std::string& name,
                                     const std::string& server,
                                     const std::function<void()>& wake) {
  const Clock::time_point now = clock_.now();
  auto calls = calls_.lock();
  const Key key(name, server);
  Call& call = (*calls)[key];
  if (call.outcome && now < call.good_until) {
    return std::visit([](const auto& outcome) { return Answer(outcome); }, *call.outcome);
  }
  if (!call.is_running) {
    start(key, call);
  }
  if (wake) {
    call.waiting.push_back(wake);
  }
  return CredentialSource::Pending{};
}

HelperCalls::Renewal HelperCalls::renew(const std::string& name,
                                        const std::string& server,
                                        const Credential& credential) {
  auto calls = calls_.lock();
  Call& call = (*calls)[Key(name, server)];
  const auto* const given =
      call.outcome ? std::get_if<std::optional<Credential>>(&*call.outcome) : nullptr;
  if (given == nullptr) {
    return Renewal::may_differ;
  }
  if (!*given) {
    return Renewal::has_none;
  }
  if (!is_same(**given, credential)) {
    return Renewal::may_differ;  // somebody else had it renewed
  }
  const bool is_known =
      std::any_of(call.refused.begin(), call.refused.end(), [&](const Credential& one) {
        return is_same(one, credential);
      });
  if (is_known) {
    return Renewal::is_same;
  }
  if (call.refused.size() == kRefusedKept) {
    call.refused.erase(call.refused.begin());
  }
  call.refused.push_back(credential);
  call.outcome.reset();
  return Renewal::may_differ;
}

void HelperCalls::start(const Key& key, Call& call) {
  call.is_running = true;
  try {
    // The thread of the call before has nothing left to do but to wake: it is joined where nobody
    // waits for that.
    call.thread = std::jthread([this, key, before = std::move(call.thread)](
                                   const std::stop_token& stop) { run(key, stop); });
  } catch (const std::system_error& error) {
    call.is_running = false;
    throw Error("cannot start a thread for " + helper_program(key.first) + ": " + error.what(),
                Retry::later);
  }
}

void HelperCalls::run(const Key& key, const std::stop_token& stop) {
  try {
    finish(key, outcome_of(key, stop));
  } catch (const Stopped&) {
    // Nobody waits any more.
  }
}

HelperCalls::Outcome HelperCalls::outcome_of(const Key& key, const std::stop_token& stop) const {
  try {
    return ask_helper(key.first, key.second, search_path_, limits_, stop);
  } catch (const Stopped&) {
    throw;
  } catch (const Error& error) {
    return Failure{error.message()};
  } catch (const std::exception& error) {
    return Failure{error.what()};
  }
}

void HelperCalls::finish(const Key& key, Outcome outcome) {
  Secret form;
  if (const auto* const given = std::get_if<std::optional<Credential>>(&outcome);
      given != nullptr && *given && !(*given)->password.empty()) {
    form = basic_form((*given)->username, (*given)->password);
  }
  const bool has_failed = std::holds_alternative<Failure>(outcome);
  log(LogLevel::debug,
      "auth",
      has_failed ? "a credential helper failed" : "a credential helper answered",
      {{"helper", helper_program(key.first)}, {"server", key.second}});
  std::vector<std::function<void()>> waiting;
  {
    auto calls = calls_.lock();
    Call& call = calls->at(key);
    call.outcome = std::move(outcome);
    call.basic_form = std::move(form);
    call.good_until =
        clock_.now() + (has_failed ? Clock::duration(kFailureLife) : Clock::duration(kAnswerLife));
    call.is_running = false;
    waiting.swap(call.waiting);
  }
  for (const auto& wake : waiting) {
    wake();
  }
}

}  // namespace image_syncer
