#pragma once

#include "support/http_server/server_message.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace image_syncer {

/// Which host may see which Authorization: one book for all servers of the test process. A fake
/// registry enters what it gives out and accepts; every `ScriptedServer` looks up what it gets. Any
/// thread may call anything.
class CredentialLedger {
 public:
  [[nodiscard]] static CredentialLedger& of_process();

  /// `authorization`: the header's whole value, "Basic …" or "Bearer …".
  void allow(const std::string& authorization, const std::string& host);
  /// The host is gone; another server may get its port.
  void forget(const std::string& host);

  /// Says what is wrong with the request's Authorization (and Proxy-Authorization and Cookie) when
  /// it belongs to other hosts than the one that got it; "" otherwise. What nobody entered, such as
  /// a password that a test made up, is nobody's.
  [[nodiscard]] std::string complaint(const ServerRequest& request, const std::string& host) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::set<std::string>> hosts_;  // by Authorization; guarded by mutex_
};

}  // namespace image_syncer
