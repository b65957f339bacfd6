// What goes wrong at every registry now and then, and what each has of its own.

#include "unit/profiles/profile_fixture.hpp"
#include "unit/registry/client_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kUploads = "/v2/.+/blobs/uploads/.+";

/// An image with a layer that is sent as a stream.
BuiltManifest large_image(ManifestFlavour flavour = ManifestFlavour::docker) {
  ImageSpec spec;
  spec.layers = layers_of({4000, kMiB + 200'000});
  spec.flavour = flavour;
  return build_image(spec);
}

bool takes_pushes(const FakeRegistryOptions& options) {
  return options.behaviour.upload_start_refusal == 0;
}

bool gives_tokens(const FakeRegistryOptions& options) {
  return options.auth.mode == AuthMode::bearer && takes_pushes(options);
}

bool has_names_to_create(const FakeRegistryOptions& options) {
  return options.behaviour.must_exist != MustExist::nothing;
}

class ProfileTrouble : public EachProfile {
 protected:
  /// Copies `image` between a plain registry and one with the profile.
  EngineRun copy(Place& source, Place& target) {
    seed(source, "v1", image);
    add_copy(source, TagList{{std::string("v1")}}, {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1") << result.summary;
    EXPECT_EQ(target.registry->lacks(target.path, "v1", image), "");
    return result;
  }

  const RegistryProfile& plain = registry_profile("plain");
  BuiltManifest image = large_image();
};

TEST_P(ProfileTrouble, lists_all_tags_and_nothing_else) {
  Place place = open(profile(), "from");
  const BuiltManifest small = build_image({});
  std::vector<std::string> tags;
  for (int number = 10'000; number < 11'203; ++number) {
    tags.push_back("v" + std::to_string(number));
    place.registry->seed(place.path, tags.back(), small);
  }
  const AuthBehaviour& auth = profile().options.auth;
  ClientOptions client_options;
  if (auth.mode != AuthMode::open) {
    client_options.credential = Credential{auth.user, Secret(auth.password)};
  }
  Client client(place.registry->host(), client_options);
  EXPECT_EQ(client.result(client.registry().list_tags(client.repository(place.path))), tags);
}

TEST_P(ProfileTrouble, a_download_that_breaks_off_is_taken_up) {
  Place source = open(profile(), "from");
  Place target = open(plain, "to");
  const RegistryBehaviour& behaviour = profile().options.behaviour;
  ScriptedServer& server =
      behaviour.redirects_blobs ? source.registry->storage_server() : source.registry->server();
  const std::string layer = (behaviour.redirects_to_library ? ".*/library/.*" : ".*") +
                            std::string(image.blobs.back().digest.hex());
  server.on({.method = "GET", .path = layer, .times = 2}).cut_after(300'000);
  copy(source, target);
  EXPECT_EQ(server.count("GET", layer), 3U);
}

INSTANTIATE_TEST_SUITE_P(, ProfileTrouble, testing::ValuesIn(profile_names()), profile_of);

using ProfilePush = ProfileTrouble;

TEST_P(ProfilePush, an_upload_that_breaks_off_is_done_anew) {
  Place source = open(plain, "from");
  Place target = open(profile(), "to");
  target.registry->on({.method = "PATCH", .path = kUploads}).reset_request_after(300'000);
  copy(source, target);
}

TEST_P(ProfilePush, an_upload_whose_end_nobody_heard_of_is_not_done_twice) {
  Place source = open(plain, "from");
  Place target = open(profile(), "to");
  const std::string layer = image.blobs.back().digest.str();
  target.registry
      ->on({.method = "PUT",
            .path = kUploads,
            .also =
                [layer](const ServerRequest& request) {
                  return request.parameter("digest") == layer;
                }})
      .lose_answer();
  copy(source, target);
  EXPECT_LT(target.registry->bytes_received("PATCH", kUploads),
            image.blobs.back().bytes.size() + 100'000);
}

TEST_P(ProfilePush, a_copy_within_the_registry_moves_no_blob) {
  Place place = open(profile(), "from");
  Repository target{place.registry->host(), "to/app"};
  give_credential(profile(), target.path);
  if (profile().options.behaviour.must_exist != MustExist::nothing) {
    place.registry->store().create_repository(target.path);
  }
  seed(place, "v1", image);
  add_copy(place, AllTags{}, {}).destinations.push_back({target, {}});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(place.registry->lacks(target.path, "v1", image), "");
  EXPECT_EQ(place.registry->bytes_received("", kUploads), 0U);
  expect_clean(place);
}

INSTANTIATE_TEST_SUITE_P(, ProfilePush, testing::ValuesIn(profile_names(takes_pushes)), profile_of);

using ProfileTokens = ProfileTrouble;

// The tokens die when a small blob has been sent, and again when the large one has.
TEST_P(ProfileTokens, tokens_that_die_in_mid_copy_are_renewed) {
  Place source = open(profile(), "from");
  Place target = open(profile(), "to");
  for (Place* place : {&source, &target}) {
    FakeAuth& auth = place->registry->auth();
    place->registry->on({.method = "PUT", .path = kUploads}).mutate([&auth](ServerResponse&) {
      auth.revoke_tokens();
    });
    place->registry->on({.method = "PATCH", .path = kUploads}).mutate([&auth](ServerResponse&) {
      auth.revoke_tokens();
    });
    place->registry->on({.method = "GET", .path = "/v2/.+/manifests/.+"})
        .mutate([&auth](ServerResponse&) { auth.revoke_tokens(); });
  }
  copy(source, target);
  EXPECT_GE(source.registry->token_server().count(), 2U);
  EXPECT_GE(target.registry->token_server().count(), 3U);
  EXPECT_EQ(closing_puts(*target.registry, image.blobs.back().digest), 2U);  // 401, then done
  EXPECT_EQ(target.registry->count("PATCH"), 1U);
}

INSTANTIATE_TEST_SUITE_P(,
                         ProfileTokens,
                         testing::ValuesIn(profile_names(gives_tokens)),
                         profile_of);

using ProfileNames = ProfileTrouble;

TEST_P(ProfileNames, a_name_that_does_not_exist_fails_its_image_and_says_so) {
  Place source = open(plain, "from");
  Place target = open(profile(), "to");
  Place other = open(plain, "other");
  target.registry->store().delete_repository("to/app");
  target.registry->store().delete_repository("to/other");
  seed(source, "v1", image);
  add_copy(source, AllTags{}, {&target, &other});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1") << result.summary;
  const int status = profile().options.behaviour.absent_name_status;
  EXPECT_THAT(
      result.failure_lines(),
      ElementsAre(AllOf(HasSubstr(target.registry->host() + "/to/app:v1"),
                        HasSubstr(std::to_string(status)),
                        HasSubstr("repository to/app does not exist"),
                        HasSubstr(status == 404 ? "create it first" : "no right to push"))));
  EXPECT_EQ(other.registry->lacks(other.path, "v1", image), "");
  expect_clean(target);
}

INSTANTIATE_TEST_SUITE_P(,
                         ProfileNames,
                         testing::ValuesIn(profile_names(has_names_to_create)),
                         profile_of);

// Single vendors

class VendorTest : public ProfileTest {
 protected:
  Place open_named(const std::string& name, const std::string& project) {
    return open(registry_profile(name), project);
  }
};

TEST_F(VendorTest, a_push_to_a_proxy_cache_fails_with_its_words) {
  Place source = open_named("plain", "from");
  Place target = open_named("harbor_proxy_cache", "to");
  seed(source, "v1", large_image());
  add_copy(source, AllTags{}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "failed 1");
  EXPECT_THAT(result.failure_lines(),
              ElementsAre(AllOf(HasSubstr("403 DENIED"), HasSubstr("to a proxy project"))));
}

TEST_F(VendorTest, a_mount_that_docker_hub_refuses_becomes_an_upload) {
  Place hub = open_named("docker_hub", "team");
  const std::string deep = "deep/in/there/app";
  give_credential(hub.profile, deep);
  const BuiltManifest image = large_image();
  hub.registry->seed(deep, "v1", image);
  Rule& rule = add_rule(*hub.registry, deep, AllTags{}, {});
  rule.destinations.push_back({{hub.registry->host(), hub.path}, {}});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(hub.registry->lacks(hub.path, "v1", image), "");
  EXPECT_GT(hub.registry->bytes_received("PATCH", kUploads), kMiB);
  expect_clean(hub);
}

TEST_F(VendorTest, github_is_not_sent_chunks_that_it_refuses) {
  FakeRegistryOptions small_bodies = registry_profile("ghcr").options;
  small_bodies.behaviour.max_upload_body = 9 * kMiB;
  const RegistryProfile behind_a_proxy{"ghcr", small_bodies};
  Place source = open_named("plain", "from");
  Place target = open(behind_a_proxy, "to");
  ImageSpec spec;
  spec.layers = layers_of({10 * kMiB});
  const BuiltManifest image = build_image(spec);
  seed(source, "v1", image);
  add_copy(source, AllTags{}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.registry->lacks(target.path, "v1", image), "");
}

TEST_F(VendorTest, what_docker_hub_allows_no_more_is_left_to_the_next_run) {
  FakeRegistryOptions few_pulls = registry_profile("docker_hub").options;
  few_pulls.behaviour.pull_limit = 3;
  const RegistryProfile limited{"docker_hub", few_pulls};
  Place source = open(limited, "from");
  Place target = open_named("plain", "to");
  for (int number = 0; number < 5; ++number) {
    ImageSpec spec;
    spec.label = std::to_string(number);
    seed(source, "v" + spec.label, build_image(spec));
  }
  add_copy(source, AllTags{}, {&target});
  const EngineRun result = run();
  EXPECT_GE(result.counts.deferred, 2U) << result.summary;
  EXPECT_EQ(result.counts.copied + result.counts.deferred, 5U) << result.summary;
  EXPECT_THAT(result.failure_lines(),
              ElementsAre(AllOf(HasSubstr("is limited until"),
                                HasSubstr("You have reached your pull rate limit"))));
  // Each worker may be refused once.
  EXPECT_LE(source.registry->count("GET", "/v2/.*/manifests/.*"), 3 + options.workers);
}

TEST_F(VendorTest, odd_lists_of_tags_come_to_an_end) {
  const RegistryBehaviour kinds[] = {
      {.tags_per_page = 3, .link_origin = "https://elsewhere.example"},
      {.tags_per_page = 3, .repeats_last_link = true},
      {.tags_per_page = 3, .opaque_cursor = true, .lists_nulls = true, .lists_digests = true},
      {.largest_page = 100}};
  for (const RegistryBehaviour& behaviour : kinds) {
    FakeRegistry registry({.behaviour = behaviour});
    for (int number = 0; number < 10; ++number) {
      registry.seed_image("a", "v" + std::to_string(number));
    }
    Client client(registry.host());
    EXPECT_THAT(client.result(client.registry().list_tags(client.repository("a"))), SizeIs(10));
  }
  FakeRegistry empty({.behaviour = {.lists_nulls = true}});
  empty.store().create_repository("a");
  Client client(empty.host());
  EXPECT_THAT(client.result(client.registry().list_tags(client.repository("a"))), IsEmpty());
}

}  // namespace
}  // namespace image_syncer
