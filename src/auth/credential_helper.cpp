#include "auth/credential_helper.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

using nlohmann::json;

constexpr std::string_view kNotFound = "credentials not found in native keychain";
/// The user name that makes the secret an identity token.
constexpr std::string_view kTokenUser = "<token>";
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxMessage = 300;

/// A file name that begins and ends with `docker-credential-NAME`: nothing leads out of the folder.
bool is_valid_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  };
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), is_good);
}

void log_stderr(const std::string& name, const std::string& text) {
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).empty()) {
      log(LogLevel::debug,
          "auth",
          "a credential helper says",
          {{"helper", helper_program(name)}, {"text", printable(trim(line), kMaxMessage)}});
    }
  }
}

std::string text_member(const json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Nothing of a bad answer is shown: it may be a secret in another form.
std::optional<Credential> parse_answer(const std::string& text) {
  const json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) {
    throw Error("its answer is not a JSON object");
  }
  std::string username = text_member(answer, "Username");
  Secret secret(text_member(answer, "Secret"));
  if (username.empty() && secret.empty()) {
    return std::nullopt;  // as containers/image takes it
  }
  if (username.empty() || secret.empty()) {
    throw Error(username.empty() ? "its answer holds no \"Username\""
                                 : "its answer holds no \"Secret\"");
  }
  Credential credential;
  if (username == kTokenUser) {
    credential.identity_token = std::move(secret);
  } else {
    credential.username = std::move(username);
    credential.password = std::move(secret);
  }
  return credential;
}

std::optional<Credential> judge(const ProgramOutput& output) {
  if (output.exit_code == 0) {
    return parse_answer(output.out);
  }
  if (output.out.find(kNotFound) != std::string::npos) {
    return std::nullopt;
  }
  if (output.exit_code < 0) {
    throw Error("it was ended by signal " + std::to_string(output.signal));
  }
  // By the protocol the message is on stdout; many write to stderr instead.
  const std::string_view said = trim(output.out).empty() ? trim(output.err) : trim(output.out);
  throw Error("exit code " + std::to_string(output.exit_code) +
              (said.empty() ? "" : ": " + printable(said, kMaxMessage)));
}

}  // namespace

std::string helper_program(const std::string& name) {
  return "docker-credential-" + printable(name, kMaxName);
}

std::optional<Credential> ask_helper(const std::string& name,
                                     const std::string& server,
                                     const std::string& search_path,
                                     const ProgramLimits& limits,
                                     const std::stop_token& stop) {
  if (!is_valid_name(name)) {
    throw Error("this is not the name of a program");
  }
  const auto path = find_program(helper_program(name), search_path);
  if (!path) {
    throw Error("it is not installed (not found in PATH)");
  }
  const ProgramOutput output = run_program({*path, "get"}, server, limits, stop);
  try {
    auto credential = judge(output);
    log_stderr(name, output.err);  // after the secret has become known to `redact`
    return credential;
  } catch (const Error&) {
    log_stderr(name, output.err);
    throw;
  }
}

}  // namespace image_syncer
