#include "support/fake_registry/credential_ledger.hpp"

#include <iterator>

namespace image_syncer {

CredentialLedger& CredentialLedger::of_process() {
  static CredentialLedger ledger;
  return ledger;
}

void CredentialLedger::allow(const std::string& authorization, const std::string& host) {
  const std::lock_guard lock(mutex_);
  hosts_[authorization].insert(host);
}

void CredentialLedger::forget(const std::string& host) {
  const std::lock_guard lock(mutex_);
  for (auto entry = hosts_.begin(); entry != hosts_.end();) {
    entry->second.erase(host);
    entry = entry->second.empty() ? hosts_.erase(entry) : std::next(entry);
  }
}

std::string CredentialLedger::complaint(const ServerRequest& request,
                                        const std::string& host) const {
  const std::lock_guard lock(mutex_);
  for (const char* const name : {"authorization", "proxy-authorization", "cookie"}) {
    const auto found = hosts_.find(request.header(name).value_or(""));
    if (found != hosts_.end() && !found->second.contains(host)) {
      return std::string(name) + " of " + *found->second.begin() + " arrived at " + host + ": " +
             request.method + " " + request.target;
    }
  }
  return {};
}

}  // namespace image_syncer
