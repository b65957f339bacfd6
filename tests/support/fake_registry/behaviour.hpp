#pragma once

#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

enum class AuthMode {
  open,
  basic,   ///< `WWW-Authenticate: Basic`
  bearer,  ///< tokens from a second server
};

/// Who may do what, and how that is asked for.
struct AuthBehaviour {
  AuthMode mode = AuthMode::open;
  std::string user = "alice";
  std::string password = "wonderland-7391";
  std::map<std::string, std::string> more_users = {};  ///< user name → password
  bool anonymous_pull = false;
  std::string registry_token =
      {};  ///< a bearer token that the registry itself takes for everything

  // Tokens (mode bearer).
  std::string service = "registry.fake";
  std::chrono::seconds token_lifetime{300};
  std::size_t token_uses =
      std::numeric_limits<std::size_t>::max();  ///< requests one token is good for
  const Clock* clock = nullptr;                 ///< for the lifetime; nullptr: the machine's
  bool states_lifetime = true;                  ///< `expires_in` in the answer
  std::string issued_at = {};                   ///< sent as it is; "": not at all
  bool sends_token = true;                      ///< the field `token`
  bool sends_access_token = true;               ///< the field `access_token`
  /// What is granted of what was asked; empty: everything to the users, "pull" to others with
  /// `anonymous_pull`. `user` is "" for anonymous.
  std::function<bool(
      const std::string& user, const std::string& repository, const std::string& action)>
      grants = {};
  /// Status for a request for a token of which something is not granted; 0: a token for the rest.
  int ungranted_status = 0;

  // The POST form of the token request, with refresh tokens.
  bool takes_post = false;              ///< else 405
  std::string identity_token = {};      ///< a refresh token of `user`
  std::string entra_token = {};         ///< Azure: is exchanged for `identity_token`
  bool rotates_identity_token = false;  ///< each answer replaces it, and the old one is worthless

  // Challenges
  /// The value of the challenge, for those who write it oddly; empty: the usual one.
  std::function<std::string(const std::string& realm, const std::string& service)> challenge = {};
  bool challenges_ping = true;          ///< else the ping is open: 200
  bool offers_on_success = false;       ///< an open ping's 200 has the challenge (zot)
  bool challenges_repositories = true;  ///< else their 401 has no challenge (gcr.io)
  bool basic_for_insufficient = false;  ///< Basic realm="harbor" for a token of too small scope
};

enum class MountBehaviour {
  works,           ///< 201 when `from` has the blob, else 202
  starts_session,  ///< always 202
  refused,         ///< `mount_refusal` for every POST with `mount`
};

/// What somebody has to create before the first push.
enum class MustExist {
  nothing,
  project,     ///< the part of the name before the first slash
  repository,  ///< the whole name
};

/// How this registry differs from the specification's main road. Vendor profiles are values of
/// this.
struct RegistryBehaviour {
  // Uploads
  bool absolute_locations = false;    ///< Location as a whole URL instead of a path
  bool single_use_locations = false;  ///< a used Location is 404 (Google Artifact Registry)
  bool exact_locations = true;  ///< the query must come back byte for byte (skopeo rewrites it)
  /// A Location of another offset is 404, for GET and DELETE too (distribution 2.8, where a PATCH
  /// that broke off cannot be taken up again); else it is 416 for PATCH and PUT.
  bool forgets_stale_locations = false;
  bool patch_gives_location = true;  ///< else the former one stays good
  bool keeps_broken_uploads = true;  ///< a session survives a PATCH that broke off (zot: no)
  bool stores_single_post = false;  ///< `POST …/uploads/?digest=` stores (201) or is a POST (202)
  int patch_status = 202;
  int upload_put_status = 201;
  int upload_delete_refusal = 0;                            ///< status instead of 204
  int upload_start_refusal = 0;                             ///< status instead of 202
  std::string upload_refusal_text = "uploads are refused";  ///< with that status
  MustExist must_exist = MustExist::nothing;  ///< see RegistryStore::create_repository
  int absent_name_status = 404;  ///< for what should exist: 404 NAME_UNKNOWN, 403 DENIED
  std::size_t max_upload_body = std::numeric_limits<std::size_t>::max();  ///< larger: 413
  std::size_t max_ranged_body =
      std::numeric_limits<std::size_t>::max();  ///< larger with Content-Range: 416 (GHCR)
  std::size_t max_whole_put =
      std::numeric_limits<std::size_t>::max();  ///< a PUT with a larger body: 413 (Azure)
  int no_length_status = 0;                     ///< for a body without Content-Length (Google: 411)
  std::string range_error = "RANGE_INVALID";    ///< the code of 416
  bool times_out_closing = false;               ///< a closing PUT is done, but answered by a 504
  std::size_t min_chunk =
      0;  ///< OCI-Chunk-Min-Length; shorter ones that are not the last are a violation
  int patch_refusal = 0;            ///< status for every PATCH
  int whole_put_refusal = 0;        ///< status for a PUT with a body (old JFrog)
  bool stale_upload_range = false;  ///< Range stays at the end of the first chunk (ECR)
  bool unit_in_range = false;       ///< "bytes=0-99" in answers

  // Mount
  MountBehaviour mount = MountBehaviour::works;
  int mount_refusal = 405;
  int unknown_source_refusal = 0;   ///< `from` is no repository here (Docker Hub, Harbor: 401)
  int deep_source_refusal = 0;      ///< `from` has three components or more (Docker Hub: 400)
  int anonymous_mount_refusal = 0;  ///< a mount without `from` (Quay)

  // Manifests
  bool accepts_incomplete_manifests = false;  ///< blobs and children may be missing
  bool requires_accept = true;                ///< a type that `Accept` does not name is 404
  bool gives_digest = true;                   ///< Docker-Content-Digest in answers
  bool immutable_tags = false;                ///< any PUT of an existing tag is refused
  int immutable_tag_status = 400;             ///< 400 TAG_INVALID (ECR), 412 PRECONDITION (Harbor)
  std::vector<std::string> refused_media_types = {};
  bool takes_artifacts = true;  ///< else a config that is of no image is refused as a media type is
  int refused_type_status = 400;     ///< 400 or 415 MANIFEST_INVALID, 405 UNSUPPORTED, 500 UNKNOWN
  bool requires_media_type = false;  ///< an OCI document without `mediaType` is 405 (ECR)
  bool head_gives_digest = true;     ///< Docker-Content-Digest in answers to HEAD, too
  std::string served_content_type = {};   ///< instead of the manifest's own
  std::string content_type_suffix = {};   ///< such as "; charset=utf-8"
  int absent_head_status = 404;           ///< HEAD of a manifest or blob that is not there
  bool redirects_manifest_heads = false;  ///< to the storage, which refuses a HEAD there
  bool redirects_to_library = false;      ///< "proxy/app" is 301 to "proxy/library/app" (Harbor)
  std::optional<std::size_t> pull_limit = {};  ///< GETs of manifests, then 429 (Docker Hub)

  // Blobs
  bool serves_ranges = true;       ///< else Range is ignored
  bool redirects_blobs = false;    ///< GET and HEAD: 307 to a storage server with a presigned URL
  bool presigns_get_only = false;  ///< such a URL is refused for HEAD

  // Tag lists
  std::size_t tags_per_page = 0;  ///< at most so many; 0: as many as asked
  bool absolute_links = false;
  std::size_t largest_page = 0;    ///< more asked for: 400 PAGINATION_NUMBER_INVALID; 0: no limit
  bool opaque_cursor = false;      ///< `next_page=…` instead of `last=…` (Quay)
  std::string link_origin = {};    ///< another host in the links: "https://elsewhere"
  bool repeats_last_link = false;  ///< the last page links to itself
  bool lists_nulls = false;        ///< null among the tags, and for no tags (Nexus)
  bool lists_digests = false;      ///< digests among the tags (JFrog)
  bool lists_manifests = false;    ///< members that nobody asked for (Google)
};

}  // namespace image_syncer
