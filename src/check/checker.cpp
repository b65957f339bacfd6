#include "check/checker.hpp"

#include "check/answers.hpp"
#include "check/delayed_stop.hpp"
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

// What is being opened when a stop comes may still be answered: then it can be deleted.
constexpr std::chrono::milliseconds kOpeningGrace{500};

TlsTrust trust_of(const RegistrySettings& settings, std::string_view origin) {
  if (!origin.starts_with("https:")) {
    return TlsTrust::plain;
  }
  if (settings.insecure || !settings.connection.verify_tls) {
    return TlsTrust::unverified;
  }
  return settings.connection.trust ? TlsTrust::own : TlsTrust::system;
}

/// "auth.example" of "https://auth.example/token"
std::string host_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

bool is_useless(const CheckedAccount& account) {
  return account.state == AccountState::refused || account.state == AccountState::unavailable;
}

CheckedAccount account_of(const CredentialInquiry& inquiry,
                          const std::optional<Credential>* credential) {
  CheckedAccount account;
  if (credential == nullptr) {
    account.state = AccountState::unavailable;
    account.problem = problem_of(failure_of(inquiry));
  } else if (*credential) {
    account.username = (*credential)->username;
    account.from = (*credential)->from;
  }
  return account;
}

/// The account's place among the others, each once.
std::size_t place_of(std::vector<CheckedAccount>& accounts, const CheckedAccount& account) {
  const auto known = std::find_if(accounts.begin(), accounts.end(), [&](const auto& other) {
    return other.from == account.from && other.username == account.username &&
           (!account.from.empty() || other.problem == account.problem);
  });
  if (known != accounts.end()) {
    return static_cast<std::size_t>(known - accounts.begin());
  }
  accounts.push_back(account);
  return accounts.size() - 1;
}

template <typename Probes>
std::vector<Exchange*> pointers_to(const Probes& probes) {
  std::vector<Exchange*> pointers;
  pointers.reserve(probes.size());
  for (const auto& probe : probes) {
    pointers.push_back(probe.get());
  }
  return pointers;
}

template <typename AskedQuestions>
std::vector<Exchange*> probes_of(const AskedQuestions& asked) {
  std::vector<Exchange*> pointers;
  pointers.reserve(asked.size());
  for (const auto& one : asked) {
    pointers.push_back(one.probe.get());
  }
  return pointers;
}

void note_failure(CheckedAccess& access, const std::exception_ptr& failure) {
  access.state = access_state_of(failure);
  access.problem = problem_of(failure);
}

}  // namespace

Checker::Checker(const CheckPlan& plan,
                 const CheckOptions& options,
                 const RegistryAccessLookup& lookup,
                 Clock& clock,
                 std::stop_token stop)
    : options_(options),
      clock_(clock),
      stop_(std::move(stop)),
      pacer_(options.requests_per_second),
      session_(session_options()) {
  for (const RegistryToCheck& registry : plan.registries) {
    Place& place = places_.emplace_back(Place{registry, lookup(registry.name), {}, {}});
    place.result.name = registry.name;
    place.result.has_mapping = registry.has_mapping;
    place.result.is_target = !registry.targets.empty();
  }
}

SessionOptions Checker::session_options() {
  SessionOptions session;
  session.user_agent = options_.user_agent;
  session.pace = [this](const std::string& host) { return pacer_.wait_for(host, clock_.now()); };
  return session;
}

std::vector<CheckedRegistry> Checker::run() {
  reach();
  find_accounts();
  log_in();
  read();
  push();
  find_accounts();  // of those that asked for credentials only when it came to a repository
  settle();
  std::vector<CheckedRegistry> results;
  for (Place& place : places_) {
    results.push_back(std::move(place.result));
  }
  return results;
}

void Checker::run_all(const std::vector<Exchange*>& exchanges, const std::stop_token& stop) {
  const auto width = [this](const std::string& host) {
    const auto limit = options_.host_limits.find(host);
    return limit == options_.host_limits.end() ? options_.host_limit : limit->second;
  };
  session_.run(exchanges, width, stop);
}

void Checker::reach() {
  std::vector<std::unique_ptr<Probe>> pings;
  for (const Place& place : places_) {
    pings.push_back(std::make_unique<Probe>(place.access.registry.ping(), clock_));
  }
  run_all(pointers_to(pings), stop_);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    CheckedRegistry& result = places_[i].result;
    if (const auto failure = failure_of(*pings[i])) {
      result.stage = stage_of(failure);
      result.problem = problem_of(failure);
      continue;
    }
    RegistryHost& host = places_[i].access.host;
    result.origin = host.origin().value_or("");
    result.trust = trust_of(host.settings(), result.origin);
    if (const auto& heard = pings[i]->heard()) {
      result.took = std::chrono::duration_cast<std::chrono::milliseconds>(heard->took);
      learn_from(result, heard->headers, heard->at);
    }
  }
}

// A credential is looked up when there is somebody to show it to, as in a run: helpers take time.
void Checker::find_accounts() {
  std::vector<std::pair<Place*, const Repository*>> owners;
  std::vector<std::unique_ptr<CredentialInquiry>> inquiries;
  for (Place& place : places_) {
    RegistryHost& host = place.access.host;
    if (place.result.stage == ReachStage::reached && place.result.accounts.empty() &&
        host.challenge()) {
      for (const Repository& repository : place.plan.logins) {
        owners.emplace_back(&place, &repository);
        inquiries.push_back(std::make_unique<CredentialInquiry>(host.credentials(), repository));
      }
    }
  }
  run_all(pointers_to(inquiries), stop_);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const auto& [place, repository] = owners[i];
    const auto* const found = inquiries[i]->failed() ? nullptr : &inquiries[i]->result();
    place->accounts[*repository] =
        place_of(place->result.accounts, account_of(*inquiries[i], found));
  }
}

void Checker::log_in() {
  std::vector<CheckedAccount*> accounts;
  std::vector<std::unique_ptr<Probe>> logins;
  for (Place& place : places_) {
    std::vector<bool> is_tried(place.result.accounts.size());
    for (const auto& [repository, index] : place.accounts) {
      CheckedAccount& account = place.result.accounts[index];
      if (account.from.empty() || is_tried[index]) {
        continue;
      }
      is_tried[index] = true;
      accounts.push_back(&account);
      logins.push_back(std::make_unique<Probe>(place.access.registry.log_in(repository), clock_));
    }
  }
  run_all(pointers_to(logins), stop_);
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    accounts[i]->state = AccountState::accepted;
    if (const auto failure = failure_of(*logins[i])) {
      accounts[i]->state = account_state_of(failure);
      accounts[i]->problem = problem_of(failure);
    }
  }
}

bool Checker::is_worth_asking(const Place& place, const Repository& repository) {
  if (place.result.stage != ReachStage::reached) {
    return false;
  }
  const auto account = place.accounts.find(repository);
  return account == place.accounts.end() || !is_useless(place.result.accounts[account->second]);
}

Checker::AskedList Checker::ask_tags(Place& place, std::size_t source, std::size_t access) {
  auto question = place.access.registry.list_tags(place.plan.sources[source].repository);
  ListTags* const list = question.get();
  return {place, source, access, list, std::make_unique<Probe>(std::move(question), clock_)};
}

Checker::AskedHead Checker::ask_head(Place& place, std::size_t source, std::size_t access) {
  const Reference& reference = place.result.sources[source].accesses[access].reference;
  auto question = place.access.registry.head_manifest(reference, Side::source);
  HeadManifest* const head = question.get();
  return {place, source, access, head, std::make_unique<Probe>(std::move(question), clock_)};
}

void Checker::read() {
  std::vector<AskedList> lists;
  std::vector<AskedHead> heads;
  for (Place& place : places_) {
    for (std::size_t i = 0; i < place.plan.sources.size(); ++i) {
      const SourceToCheck& source = place.plan.sources[i];
      CheckedSource& checked = place.result.sources.emplace_back();
      checked.repository = source.repository;
      const bool asks = is_worth_asking(place, source.repository);
      if (!source.listing.empty()) {
        checked.accesses.emplace_back().reference.repository = source.repository;
        if (asks) {
          lists.push_back(ask_tags(place, i, 0));
        }
      }
      for (const Reference& reference : source.references) {
        checked.accesses.emplace_back().reference = reference;
        if (asks) {
          heads.push_back(ask_head(place, i, checked.accesses.size() - 1));
        }
      }
    }
  }
  std::vector<Exchange*> all = probes_of(lists);
  const std::vector<Exchange*> more = probes_of(heads);
  all.insert(all.end(), more.begin(), more.end());
  run_all(all, stop_);
  for (AskedList& list : lists) {
    note_tags(list);
  }
  for (const AskedHead& head : heads) {
    if (const auto failure = failure_of(*head.probe)) {
      note_failure(head.answer(), failure);
    } else {
      head.answer().state = head.question->result() ? AccessState::allowed : AccessState::no_image;
    }
  }
  tell_missing_apart(heads);
}

void Checker::note_tags(AskedList& list) {
  if (const auto failure = failure_of(*list.probe)) {
    note_failure(list.answer(), failure);
    return;
  }
  list.answer().state = AccessState::allowed;
  CheckedSource& checked = list.checked();
  const std::vector<std::string>& tags = list.question->result();
  checked.tags = tags.size();
  for (const Rule* rule : list.place.plan.sources[list.source].listing) {
    if (select_tags(*rule, tags).empty()) {
      checked.idle_rules.push_back(rule->text);
    }
  }
}

// The answer to a HEAD has no body that would say what is missing, the image or the repository.
void Checker::tell_missing_apart(const std::vector<AskedHead>& heads) {
  std::vector<AskedList> lists;
  for (const AskedHead& head : heads) {
    const bool is_missing = head.answer().state == AccessState::no_image;
    const bool is_asked = !lists.empty() && &lists.back().checked() == &head.checked();
    if (is_missing && !is_asked && !head.checked().tags) {
      lists.push_back(ask_tags(head.place, head.source, head.access));
    }
  }
  run_all(probes_of(lists), stop_);
  for (const AskedList& list : lists) {
    const auto failure = failure_of(*list.probe);
    if (!failure || access_state_of(failure) != AccessState::no_repository) {
      continue;
    }
    for (CheckedAccess& access : list.checked().accesses) {
      if (access.state == AccessState::no_image) {
        access.state = AccessState::no_repository;
        access.problem = problem_of(failure);
      }
    }
  }
}

void Checker::push() {
  if (!options_.push_check) {
    return;
  }
  std::vector<std::unique_ptr<PushProbe>> probes;
  std::vector<std::pair<Place*, std::size_t>> owners;
  for (Place& place : places_) {
    for (const Repository& repository : place.plan.targets) {
      place.result.targets.emplace_back().access.reference.repository = repository;
      if (is_worth_asking(place, repository)) {
        owners.emplace_back(&place, place.result.targets.size() - 1);
        probes.push_back(
            std::make_unique<PushProbe>(place.access.registry, repository, clock_, stop_));
      }
    }
  }
  push_with(probes);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    CheckedRegistry& result = owners[i].first->result;
    CheckedTarget& target = result.targets[owners[i].second];
    target.upload = probes[i]->trace();
    if (const auto failure = failure_of(*probes[i])) {
      note_failure(target.access, failure);
    } else {
      target.access.state = AccessState::allowed;
      result.refuses_mounts = result.refuses_mounts || probes[i]->refuses_mounts();
    }
  }
}

void Checker::push_with(std::vector<std::unique_ptr<PushProbe>>& probes) {
  const DelayedStop late(stop_, kOpeningGrace);
  try {
    run_all(pointers_to(probes), late.token());
  } catch (const Stopped&) {
    delete_leftovers(probes);
    throw;
  }
  if (stop_.stop_requested()) {
    throw Stopped();
  }
}

void Checker::delete_leftovers(const std::vector<std::unique_ptr<PushProbe>>& probes) {
  std::vector<std::unique_ptr<Exchange>> leftovers;
  for (const auto& probe : probes) {
    if (auto leftover = probe->take_leftover()) {
      leftovers.push_back(std::move(leftover));
    }
  }
  const DelayedStop deadline(stop_, options_.cancel_deadline);
  SessionOptions unpaced;
  unpaced.user_agent = options_.user_agent;
  Session session(unpaced);
  try {
    session.run(pointers_to(leftovers), {}, deadline.token());
  } catch (const Stopped&) {
    log(LogLevel::warn,
        "check",
        "some upload sessions could not be deleted in time",
        {{"sessions", leftovers.size()}});
  }
}

void Checker::settle() {
  for (Place& place : places_) {
    CheckedRegistry& result = place.result;
    if (const auto challenge = place.access.host.challenge()) {
      result.scheme = challenge->scheme;
      result.token_server =
          challenge->scheme == "bearer" ? host_of(challenge->parameter("realm")) : "";
    }
    result.rate_limits = place.access.host.rate_limits();
    const auto settle_by = [&](const Repository& repository, bool is_allowed) {
      const auto index = place.accounts.find(repository);
      if (!is_allowed || index == place.accounts.end()) {
        return;
      }
      CheckedAccount& account = result.accounts[index->second];
      if (!account.is_anonymous()) {
        account.state = AccountState::accepted;
        account.problem.clear();
      }
    };
    for (const CheckedSource& source : result.sources) {
      settle_by(source.repository, is_well(source));
    }
    for (const CheckedTarget& target : result.targets) {
      settle_by(target.access.reference.repository, is_well(target));
    }
  }
}

}  // namespace image_syncer
