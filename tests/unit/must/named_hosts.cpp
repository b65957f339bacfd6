#include "named_hosts.hpp"

#include "app/registry_set.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/error.hpp>

#include <optional>
#include <utility>

namespace image_syncer {
namespace {

constexpr const char* kToken = "token-of-the-registry";

HttpServerOptions tls(const TestCa& ca, const std::string& name, const std::string& client_ca) {
  return {.tls = true,
          .identity = ca.issue({.alt_names = "DNS:" + name + ".localhost"}),
          .client_ca = client_ca};
}

}  // namespace

NamedHosts::NamedHosts(const std::string& client_ca, const std::string& storage_client_ca)
    : storage(
          "storage",
          [this](ServerExchange&) -> ServerResponse { return {.body = SharedBytes(blob_)}; },
          tls(ca_, "storage", storage_client_ca)),
      tokens(
          "tokens",
          [](ServerExchange&) -> ServerResponse {
            return {.headers = {{"Content-Type", "application/json"}},
                    .body = std::string(R"({"token": ")") + kToken + "\"}"};
          },
          tls(ca_, "tokens", "")),
      registry(
          "registry",
          [this](ServerExchange& exchange) { return answer(exchange); },
          tls(ca_, "registry", client_ca)) {}

ServerResponse NamedHosts::answer(ServerExchange& exchange) const {
  const ServerRequest& request = exchange.request();
  if (request.header("Authorization") != std::string("Bearer ") + kToken) {
    return {.status = 401,
            .headers = {{"WWW-Authenticate",
                         "Bearer realm=\"https://" + tokens.host() + "/token\",service=\"test\""}}};
  }
  if (request.path().find("/blobs/") != std::string_view::npos) {
    return {.status = 307, .headers = {{"Location", "https://" + storage.host() + "/signed?x=1"}}};
  }
  return {.status = 200};
}

void NamedHosts::trust(const NamedHost& host) const {
  home_.write(".config/containers/certs.d/" + host.host() + "/ca.crt", ca_.certificate());
}

void NamedHosts::trust_all() const {
  for (const NamedHost* host : {&storage, &tokens, &registry}) {
    trust(*host);
  }
}

std::string NamedHosts::read_blob(const std::map<std::string, std::string>& variables,
                                  RegistryEntry entry) const {
  entry.key = registry.host();
  const RegistryEntries entries({std::move(entry)});
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") {
      return home_.path().string();
    }
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  Session session({.user_agent = "test/1", .counters = {}, .pace = {}});
  try {
    RegistrySet registries(entries, environment);
    Descriptor blob;
    blob.digest = digest_;
    blob.size = blob_.size();
    const auto exchange =
        registries.get(registry.host()).get_blob({registry.host(), "team/app"}, blob);
    session.run(*exchange, {});
    return *exchange->result() == blob_ ? kBlobThere : "other bytes";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace image_syncer
