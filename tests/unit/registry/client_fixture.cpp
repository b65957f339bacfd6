#include "client_fixture.hpp"

namespace image_syncer {
namespace {

RegistrySettings settings_for(const std::string& host, const ClientOptions& options) {
  RegistrySettings settings;
  settings.name = host;
  settings.insecure = options.insecure;
  settings.plain_http = options.plain_http;
  settings.connection.verify_tls = options.verify_tls;
  if (!options.ca_file.empty()) {
    settings.connection.trust =
        std::make_shared<const Trust>(std::vector<std::string>{options.ca_file});
  }
  settings.proxies = options.proxies;
  settings.elsewhere = options.elsewhere;
  return settings;
}

}  // namespace

Credential alice() {
  const AuthBehaviour known;
  return {known.user, Secret(known.password)};
}

Client::Client(const std::string& host, const ClientOptions& options)
    : tokens_(*options.clock),
      credentials_(options.credential),
      host_(settings_for(host, options), credentials_, tokens_),
      registry_(make_registry(host_)),
      session_({.user_agent = "test/1", .counters = {}, .pace = {}}) {}

std::optional<ErrorClass> class_of(const Exchange& exchange) {
  try {
    exchange.rethrow_failure();
  } catch (const RegistryError& error) {
    return error.error_class();
  } catch (const Error&) {
    return std::nullopt;
  }
  return std::nullopt;
}

std::string message_of(const Exchange& exchange) {
  try {
    exchange.rethrow_failure();
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

Descriptor descriptor_of(const std::string& bytes) {
  Descriptor descriptor;
  descriptor.digest = Digest::of(bytes);
  descriptor.size = bytes.size();
  return descriptor;
}

std::vector<std::string> authorizations(ScriptedServer& server) {
  std::vector<std::string> values;
  for (const ServedRequest& entry : server.log().entries()) {
    values.push_back(entry.request.header("authorization").value_or(""));
  }
  return values;
}

}  // namespace image_syncer
