#include "support/fake_registry/profiles.hpp"

#include <image_syncer/image/media_type.hpp>

#include <algorithm>
#include <cassert>

namespace image_syncer {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

std::vector<std::string> schema1() {
  return {std::string(media_types::kDockerSchema1), std::string(media_types::kDockerSchema1Signed)};
}

AuthBehaviour basic() {
  return {.mode = AuthMode::basic};
}

AuthBehaviour bearer(std::string service, std::chrono::seconds lifetime) {
  AuthBehaviour auth{.mode = AuthMode::bearer};
  auth.service = std::move(service);
  auth.token_lifetime = lifetime;
  return auth;
}

AuthBehaviour public_bearer(std::string service, std::chrono::seconds lifetime) {
  AuthBehaviour auth = bearer(std::move(service), lifetime);
  auth.anonymous_pull = true;
  return auth;
}

/// Limits what may be pulled; an unknown or a deep `from` makes a mount fail instead of not happen.
FakeRegistryOptions docker_hub() {
  return {.behaviour = {.unknown_source_refusal = 401,
                        .deep_source_refusal = 400,
                        .pull_limit = 100,
                        .redirects_blobs = true},
          .auth = public_bearer("registry.docker.io", std::chrono::seconds(300))};
}

/// Takes at most 4 MiB in a PATCH with Content-Range and does not let uploads be cancelled.
FakeRegistryOptions ghcr() {
  return {.behaviour = {.upload_delete_refusal = 405,
                        .max_ranged_body = 4 * kMiB,
                        .range_error = "REQUESTED_RANGE_NOT_SATISFIABLE",
                        .redirects_blobs = true},
          .auth = public_bearer("ghcr.io", std::chrono::seconds(300))};
}

/// Short pages of tags behind opaque cursors, no mount without `from`, takes incomplete indexes.
FakeRegistryOptions quay() {
  return {.behaviour = {.anonymous_mount_refusal = 400,
                        .accepts_incomplete_manifests = true,
                        .redirects_blobs = true,
                        .tags_per_page = 50,
                        .opaque_cursor = true},
          .auth = public_bearer("quay.io", std::chrono::seconds(3600))};
}

/// Repositories must exist; a PATCH is 201 with a Range that stays behind; no schema1, no manifest
/// without `mediaType`.
FakeRegistryOptions ecr() {
  return {.behaviour = {.patch_status = 201,
                        .must_exist = MustExist::repository,
                        .stale_upload_range = true,
                        .refused_media_types = schema1(),
                        .refused_type_status = 405,
                        .requires_media_type = true,
                        .redirects_blobs = true,
                        .largest_page = 1000},
          .auth = basic()};
}

/// As ECR, with tokens, and everybody may pull.
FakeRegistryOptions ecr_public() {
  FakeRegistryOptions options = ecr();
  options.auth = public_bearer("public.ecr.aws", std::chrono::hours(12));
  return options;
}

/// Every body needs a length, no chunks, whole URLs that are good for one use; tells more than tags
/// in the list of tags, and nothing of where to get a token but at the ping.
FakeRegistryOptions gcr() {
  FakeRegistryOptions options{.behaviour = {.absolute_locations = true,
                                            .single_use_locations = true,
                                            .max_ranged_body = 0,
                                            .no_length_status = 411,
                                            .lists_manifests = true},
                              .auth = public_bearer("gcr.io", std::chrono::hours(1))};
  options.auth.challenges_repositories = false;
  return options;
}

/// As GCR; a PATCH is 204, projects must exist, indexes may be incomplete.
FakeRegistryOptions artifact_registry() {
  FakeRegistryOptions options = gcr();
  options.behaviour.patch_status = 204;
  options.behaviour.must_exist = MustExist::project;
  options.behaviour.absent_name_status = 403;
  options.behaviour.accepts_incomplete_manifests = true;
  return options;
}

/// Strict lengths, large bodies only by PATCH.
FakeRegistryOptions acr() {
  return {.behaviour = {.max_whole_put = 20 * kMiB,
                        .no_length_status = 400,
                        .redirects_blobs = true,
                        .tags_per_page = 1000},
          .auth = bearer("team.azurecr.io", std::chrono::seconds(4500))};
}

/// The name of the token service has to be passed on as it is; namespaces must exist.
FakeRegistryOptions aliyun() {
  return {
      .behaviour = {.must_exist = MustExist::project, .redirects_blobs = true},
      .auth = bearer("registry.aliyuncs.com:cn-hangzhou:cri-1 & 2/3", std::chrono::seconds(300))};
}

/// Namespace and repository must exist.
FakeRegistryOptions volcengine() {
  return {.behaviour = {.must_exist = MustExist::repository},
          .auth = bearer("cr-cn-beijing.volces.com", std::chrono::seconds(300))};
}

/// Organisations must exist.
FakeRegistryOptions huawei() {
  return {.behaviour = {.must_exist = MustExist::project, .absent_name_status = 403},
          .auth = bearer("dockyard", std::chrono::seconds(300))};
}

/// A Harbor at heart (taken to be one).
FakeRegistryOptions tencent() {
  return {.behaviour = {.must_exist = MustExist::project,
                        .unknown_source_refusal = 401,
                        .immutable_tag_status = 412},
          .auth = bearer("token-service", std::chrono::seconds(1800))};
}

/// Projects must exist, an unknown `from` fails the mount, immutable tags are 412, and schema1 is
/// an internal error.
FakeRegistryOptions harbor() {
  FakeRegistryOptions options{.behaviour = {.must_exist = MustExist::project,
                                            .unknown_source_refusal = 401,
                                            .immutable_tag_status = 412,
                                            .refused_media_types = schema1(),
                                            .refused_type_status = 500},
                              .auth = bearer("harbor-registry", std::chrono::seconds(1800))};
  options.auth.basic_for_insufficient = true;
  return options;
}

/// Read only; ignores Range and sends "proxy/app" on to "proxy/library/app".
FakeRegistryOptions harbor_proxy_cache() {
  FakeRegistryOptions options = harbor();
  options.behaviour.upload_start_refusal = 403;
  options.behaviour.upload_refusal_text = "can not push artifact to a proxy project: proxy";
  options.behaviour.must_exist = MustExist::nothing;
  options.behaviour.redirects_to_library = true;
  options.auth.basic_for_insufficient = false;
  options.behaviour.serves_ranges = false;
  return options;
}

/// Says 403 for what is not there, lists digests among the tags, and takes no whole blob in a PUT
/// (old versions).
FakeRegistryOptions jfrog() {
  return {.behaviour = {.whole_put_refusal = 405, .absent_head_status = 403, .lists_digests = true},
          .auth = basic()};
}

/// Lists nulls among the tags; `null` when there are none.
FakeRegistryOptions nexus() {
  return {.behaviour = {.absolute_locations = true, .lists_nulls = true}, .auth = basic()};
}

/// Short tokens, projects must exist, an unknown `from` fails the mount; storage URLs are for GET
/// only.
FakeRegistryOptions gitlab() {
  return {.behaviour = {.must_exist = MustExist::project,
                        .absent_name_status = 403,
                        .unknown_source_refusal = 401,
                        .redirects_manifest_heads = true,
                        .redirects_blobs = true,
                        .presigns_get_only = true},
          .auth = bearer("container_registry", std::chrono::seconds(300))};
}

/// A broken PATCH ends the session, a POST with a body is enough, its own codes and statuses. The
/// ping is open and offers Basic, in lower case and without quotes.
FakeRegistryOptions zot() {
  FakeRegistryOptions options{.behaviour = {.keeps_broken_uploads = false,
                                            .stores_single_post = true,
                                            .range_error = "BLOB_UPLOAD_INVALID",
                                            .refused_media_types = schema1(),
                                            .refused_type_status = 415},
                              .auth = basic()};
  options.auth.challenges_ping = false;
  options.auth.offers_on_success = true;
  options.auth.challenge = [](const std::string&, const std::string&) { return "basic realm=zot"; };
  return options;
}

/// A PATCH that broke off cannot be taken up again.
FakeRegistryOptions distribution_2() {
  return {.behaviour = {.absolute_locations = true, .forgets_stale_locations = true},
          .auth = basic()};
}

/// No schema1; pages of tags are limited by the server.
FakeRegistryOptions distribution_3() {
  return {.behaviour = {.absolute_locations = true,
                        .refused_media_types = schema1(),
                        .largest_page = 1000},
          .auth = bearer("registry", std::chrono::seconds(300))};
}

/// A proxy before the registry that takes small bodies only and has no patience with a closing PUT.
FakeRegistryOptions cloudflare_in_front() {
  return {.behaviour = {.max_upload_body = kMiB, .times_out_closing = true}, .auth = basic()};
}

/// Takes whatever document it gets: what is missing does not show.
FakeRegistryOptions accepts_incomplete() {
  return {.behaviour = {.accepts_incomplete_manifests = true}};
}

/// Knows nothing of OCI: docker's own types, a proxy that rewrites Content-Type, no digests.
FakeRegistryOptions docker_types_only() {
  return {.behaviour = {.gives_digest = false,
                        .refused_media_types = {std::string(media_types::kOciManifest),
                                                std::string(media_types::kOciIndex)},
                        .content_type_suffix = "; charset=utf-8"}};
}

/// Takes images and nothing else; says application/json for every manifest, and digests to GET
/// only.
FakeRegistryOptions images_only() {
  return {.behaviour = {.takes_artifacts = false,
                        .head_gives_digest = false,
                        .served_content_type = "application/json"}};
}

std::vector<RegistryProfile> make_profiles() {
  std::vector<RegistryProfile> profiles{{"plain", {}},
                                        {"docker_hub", docker_hub()},
                                        {"ghcr", ghcr()},
                                        {"quay", quay()},
                                        {"ecr", ecr()},
                                        {"ecr_public", ecr_public()},
                                        {"gcr", gcr()},
                                        {"artifact_registry", artifact_registry()},
                                        {"acr", acr()},
                                        {"aliyun", aliyun()},
                                        {"volcengine", volcengine()},
                                        {"huawei", huawei()},
                                        {"tencent", tencent()},
                                        {"harbor", harbor()},
                                        {"harbor_proxy_cache", harbor_proxy_cache()},
                                        {"jfrog", jfrog()},
                                        {"nexus", nexus()},
                                        {"gitlab", gitlab()},
                                        {"zot", zot()},
                                        {"distribution_2", distribution_2()},
                                        {"distribution_3", distribution_3()},
                                        {"cloudflare_in_front", cloudflare_in_front()},
                                        {"accepts_incomplete", accepts_incomplete()},
                                        {"docker_types_only", docker_types_only()},
                                        {"images_only", images_only()}};
  for (RegistryProfile& profile : profiles) {
    profile.options.auth.user = "user-of-" + profile.name;
    profile.options.auth.password = "password-of-" + profile.name;
  }
  return profiles;
}

}  // namespace

const std::vector<RegistryProfile>& registry_profiles() {
  static const std::vector<RegistryProfile> profiles = make_profiles();
  return profiles;
}

const RegistryProfile& registry_profile(const std::string& name) {
  const auto found = std::find_if(registry_profiles().begin(),
                                  registry_profiles().end(),
                                  [&](const auto& profile) { return profile.name == name; });
  assert(found != registry_profiles().end());
  return *found;
}

}  // namespace image_syncer
