#pragma once

#include <image_syncer/auth/challenge.hpp>
#include <image_syncer/auth/credential.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/http/message.hpp>
#include <image_syncer/http/proxy.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/rate_limit.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace image_syncer {

/// How a registry is reached, from the auth file.
struct RegistrySettings {
  std::string name;  ///< as in references: `docker.io`, `localhost:5000`
  /// https without verification; plain http if nothing there speaks TLS. Decided once per process.
  bool insecure = false;
  bool plain_http = false;
  /// For the registry itself. Its trust and client certificate are for no other host.
  ConnectionOptions connection;
  /// Trust for another origin ("https://host:443"), to which the registry sends us (a token server,
  /// storage). Called from any thread; may throw `Error`; empty = the system's.
  std::function<ConnectionOptions(const std::string& origin)> elsewhere;
  /// Proxies are chosen by URL, here and elsewhere.
  ProxyPolicy proxies;
};

/// What a registry, or a proxy in front of it, was seen to take as the body of an upload.
struct UploadWays {
  bool patch = true;        ///< PATCH is not refused
  int unknown_patches = 0;  ///< PATCHes answered 404, without one that was taken since
  bool whole = true;        ///< PUT with the whole blob is not refused
  std::uint64_t body_limit = std::numeric_limits<std::uint64_t>::max();  ///< bytes in a request
  int broken_bodies = 0;  ///< PATCHes with a large body that got no answer
};

/// What all threads share about one registry: where it is, how it wants to be asked, whose tokens
/// there are, and what it turned out not to do. Thread-safe; outlives every exchange made for it.
class RegistryHost {
 public:
  /// `credentials` and `tokens` outlive it.
  RegistryHost(RegistrySettings settings, CredentialSource& credentials, TokenCache& tokens);
  RegistryHost(const RegistryHost&) = delete;
  RegistryHost& operator=(const RegistryHost&) = delete;
  RegistryHost(RegistryHost&&) = delete;
  RegistryHost& operator=(RegistryHost&&) = delete;
  ~RegistryHost() = default;

  [[nodiscard]] const std::string& name() const { return settings_.name; }

  [[nodiscard]] const RegistrySettings& settings() const { return settings_; }

  [[nodiscard]] TokenCache& tokens() { return tokens_; }

  [[nodiscard]] CredentialSource& credentials() { return credentials_; }

  /// Scheme and authority, such as `https://registry-1.docker.io`; absent until the registry has
  /// answered.
  [[nodiscard]] std::optional<std::string> origin();
  /// The origin to try: https first, unless plain http was asked for.
  [[nodiscard]] std::string origin_to_try(bool http) const;
  /// The first one counts: it is decided once per process.
  void set_origin(const std::string& origin);

  /// Certificates, trust and proxy for a URL to which a request about this registry goes.
  [[nodiscard]] ConnectionOptions connection_to(const std::string& url);

  /// The challenge to answer. A Bearer challenge is kept in favour of a later Basic one (Harbor
  /// sends that to whoever comes with too small a token).
  [[nodiscard]] std::optional<Challenge> challenge();
  void learn_challenge(const Challenge& challenge);

  [[nodiscard]] UploadWays upload_ways();
  /// `change` is called at once, under a lock.
  void learn(const std::function<void(UploadWays&)>& change);

  /// The refresh token that stands for the identity token of the credential `identity` (a name that
  /// tells credentials apart) by now: a token server may replace it with every token it gives.
  [[nodiscard]] Secret refresh_token(const std::string& identity, const Secret& identity_token);
  void replace_refresh_token(const std::string& identity, const Secret& refresh_token);

  /// Whether a token server takes the POST form; assumed until it refused.
  [[nodiscard]] bool takes_post(const std::string& realm);
  void learn_no_post(const std::string& realm);

  /// What an answer of the registry says besides: its rate limit, and warnings, which are logged
  /// once for each text (distribution-spec, Warnings).
  void hear(const Headers& headers);

  /// `ratelimit-remaining` and `ratelimit-limit` as they were heard last; absent: never.
  struct RateLimits {
    RateLimit remaining;
    std::optional<RateLimit> limit;
  };

  [[nodiscard]] std::optional<RateLimits> rate_limits();

 private:
  struct Learned {
    std::optional<std::string> origin;
    std::optional<Challenge> challenge;
    std::map<std::string, Secret> refresh_tokens;  // by identity
    std::set<std::string> no_post;                 // realms
    UploadWays upload_ways;
    std::optional<RateLimits> rate_limits;
    std::set<std::string> warnings;
  };

  RegistrySettings settings_;
  CredentialSource& credentials_;
  TokenCache& tokens_;
  Synchronized<Learned> learned_;
};

}  // namespace image_syncer
