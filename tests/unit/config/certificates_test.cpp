#include "load_helper.hpp"
#include "support/http_server/tls_identity.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/config/certs_dir.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TlsIdentity& identity() {
  static const TlsIdentity one = make_self_signed_identity();
  return one;
}

const TlsIdentity& other_identity() {
  static const TlsIdentity other = make_self_signed_identity();
  return other;
}

TEST(AuthFile, TakesCertificateFiles) {
  const ScratchDir folder;
  const std::string cert = folder.write("c.pem", identity().certificate).string();
  const std::string key = folder.write("k.pem", identity().key).string();
  const Loaded good = load_texts(
      {"r.example:\n  caFile: " + cert + "\n  certFile: " + cert + "\n  keyFile: " + key + "\n"});
  EXPECT_THAT(good.errors, IsEmpty());
  EXPECT_THAT(good.warnings, IsEmpty());
  ASSERT_EQ(good.config.registries.all().size(), 1U);
  const RegistryEntry& entry = good.config.registries.all().front();
  EXPECT_EQ(entry.ca_file, cert);
  EXPECT_EQ(entry.cert_file, cert);
  EXPECT_EQ(entry.key_file, key);
}

TEST(AuthFile, SaysAtLoadWhichCertificateFileCannotBeUsedAndWhy) {
  const ScratchDir folder;
  const std::string cert = folder.write("c.pem", identity().certificate).string();
  const std::string key = folder.write("k.pem", identity().key).string();
  const std::string other = folder.write("other.pem", other_identity().key).string();
  const std::string text = folder.write("text.pem", "no PEM at all").string();
  const std::string half =
      folder
          .write("half.pem", identity().certificate.substr(0, 200) + "\n-----END CERTIFICATE-----")
          .string();

  struct Case {
    std::string settings;
    std::vector<std::string> words;
  };

  const Case cases[] = {
      {"certFile: " + cert, {"auth.yaml:1:13: r.example.certFile: needs keyFile beside it"}},
      {"keyFile: " + key, {"auth.yaml:1:13: r.example.keyFile: needs certFile beside it"}},
      {"caFile: /nonexistent/ca.pem",
       {"auth.yaml:1:21: r.example.caFile: cannot", "/nonexistent/ca.pem"}},
      {"caFile: " + folder.path().string(),
       {"auth.yaml:1:21: r.example.caFile: ", "it is a directory"}},
      {"caFile: ''", {"auth.yaml:1:21: r.example.caFile: "}},
      {"caFile: " + text, {"auth.yaml:1:21: ", text, "no certificate in it"}},
      {"caFile: " + half, {"auth.yaml:1:21: ", half, "is damaged"}},
      {"caFile: $CA", {"auth.yaml:1:21: r.example.caFile: $CA: no certificate in it"}},
      {"certFile: " + text + ", keyFile: " + key, {"auth.yaml:1:23: r.example.certFile: ", text}},
      {"keyFile: " + text + ", certFile: " + cert,
       {"auth.yaml:1:22: r.example.keyFile: ", text, "no private key in it"}},
      {"keyFile: " + other + ", certFile: " + cert,
       {"auth.yaml:1:22: r.example.keyFile: ", "does not belong to the certificate in " + cert}},
  };
  for (const Case& c : cases) {
    const Loaded loaded =
        load_texts({"r.example: {" + c.settings + "}\n"}, environment_of({{"CA", text}}));
    ASSERT_EQ(loaded.errors.size(), 1U) << c.settings << testing::PrintToString(loaded.errors);
    for (const std::string& words : c.words) {
      EXPECT_THAT(loaded.errors.front(), HasSubstr(words)) << c.settings;
    }
  }
}

TEST(AuthFile, KnowsNoProxyFromNoWord) {
  const auto proxy_of = [](const std::string& settings) {
    const Loaded loaded = load_texts({"r.example: {" + settings + "}\n"});
    EXPECT_THAT(loaded.errors, IsEmpty()) << settings;
    EXPECT_THAT(loaded.warnings, IsEmpty()) << settings;
    return loaded.config.registries.all().front().proxy;
  };
  EXPECT_EQ(proxy_of("insecure: true"), std::nullopt);
  EXPECT_EQ(proxy_of("proxy: ''"), "");
  EXPECT_EQ(proxy_of("proxy: none"), "");
  EXPECT_EQ(proxy_of("proxy: Direct"), "");
  EXPECT_EQ(proxy_of("proxy: 'http://u:p@p:3128'"), "http://u:p@p:3128");
}

std::string error_of(const std::vector<std::filesystem::path>& dirs, const std::string& host) {
  try {
    static_cast<void>(read_certs_dir(dirs, host));
  } catch (const Error& error) {
    return error.message();
  }
  return "none";
}

TEST(CertsDir, IsLookedForWhereDockerAndPodmanDo) {
  const auto none = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  const auto home = [](const std::string& name) -> std::optional<std::string> {
    return name == "HOME" ? std::optional<std::string>("/users/alice") : std::nullopt;
  };
  EXPECT_THAT(certs_dirs(home),
              ElementsAre("/users/alice/.config/containers/certs.d",
                          "/etc/containers/certs.d",
                          "/etc/docker/certs.d"));
  EXPECT_THAT(certs_dirs(none), ElementsAre("/etc/containers/certs.d", "/etc/docker/certs.d"));
}

TEST(CertsDir, GivesAuthoritiesAndOnePairAndIgnoresTheRest) {
  const ScratchDir dir;
  const std::string host = "reg.example:5000";
  const auto first = dir.write(host + "/a.crt", identity().certificate);
  const auto second =
      dir.write(host + "/b.crt", identity().certificate + other_identity().certificate);
  const auto cert = dir.write(host + "/client.cert", identity().certificate);
  const auto key = dir.write(host + "/client.key", identity().key);
  const auto later = dir.write(host + "/later.cert", other_identity().certificate);
  dir.write(host + "/later.key", other_identity().key);
  dir.write(host + "/README", "ignored");
  const HostCertificates found = read_certs_dir({dir.path()}, host);
  EXPECT_EQ(found.folder, dir.path() / host);
  EXPECT_THAT(found.ca_files, ElementsAre(first.string(), second.string()));
  EXPECT_EQ(found.cert_file, cert.string());
  EXPECT_EQ(found.key_file, key.string());
  EXPECT_THAT(found.unused, ElementsAre(later.string()));

  EXPECT_TRUE(read_certs_dir({dir.path()}, "reg.example").folder.empty()) << "another port";
  EXPECT_TRUE(read_certs_dir({}, host).folder.empty());
}

TEST(CertsDir, UsesOnlyTheFirstFolderThatExists) {
  const ScratchDir first;
  const ScratchDir second;
  second.write("docker.io/a.crt", identity().certificate);
  EXPECT_EQ(read_certs_dir({first.path(), second.path()}, "docker.io").ca_files.size(), 1U);
  std::filesystem::create_directory(first.file("docker.io"));
  EXPECT_THAT(read_certs_dir({first.path(), second.path()}, "docker.io").ca_files, IsEmpty());
}

TEST(CertsDir, IsNotLeftByTheNameOfAHost) {
  const ScratchDir dir;
  dir.write("certs.d/reg.example/a.crt", identity().certificate);
  dir.write("b.crt", identity().certificate);
  for (const char* host : {"..", ".", "", "../certs.d/reg.example", "reg.example/.."}) {
    EXPECT_TRUE(read_certs_dir({dir.file("certs.d")}, host).folder.empty()) << host;
  }
}

TEST(CertsDir, NamesTheFileThatCannotBeUsed) {
  const ScratchDir dir;
  dir.write("no-key/a.cert", identity().certificate);
  dir.write("no-cert/a.key", identity().key);
  dir.write("wrong-key/a.cert", identity().certificate);
  dir.write("wrong-key/a.key", other_identity().key);
  dir.write("text/a.crt", "text");
  EXPECT_THAT(error_of({dir.path()}, "no-key"),
              AllOf(HasSubstr("no-key/a.cert: a.key is missing"), HasSubstr("a CA is named")));
  EXPECT_THAT(error_of({dir.path()}, "no-cert"), HasSubstr("no-cert/a.key: a.cert is missing"));
  EXPECT_THAT(error_of({dir.path()}, "wrong-key"), HasSubstr("wrong-key/a.key: the key does not"));
  EXPECT_THAT(error_of({dir.path()}, "text"), HasSubstr("text/a.crt: no certificate in it"));
}

}  // namespace
}  // namespace image_syncer
