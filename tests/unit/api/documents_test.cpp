// docs/api.md is what others build upon: it names every call, every parameter and every member that
// there is, and nothing else.

#include "api/calls.hpp"
#include "unit/api/calls_fixture.hpp"
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::SizeIs;

std::string document() {
  return read_file(IMAGE_SYNCER_SOURCE_DIR "/docs/api.md", 1024UL * 1024);
}

/// The examples by the heading they stand under.
std::map<std::string, std::vector<json>> examples() {
  std::map<std::string, std::vector<json>> found;
  std::istringstream lines(document());
  std::string heading;
  std::string text;
  bool is_example = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      heading = line.substr(3);
    } else if (line == "```json") {
      is_example = true;
    } else if (is_example && line == "```") {
      found[heading].push_back(json::parse(text));
      text.clear();
      is_example = false;
    } else if (is_example) {
      text += line + "\n";
    }
  }
  return found;
}

std::string kind_of(const json& value) {
  return value.is_number() ? "number" : value.type_name();
}

/// Every member of `value` and of all in it, "running[].blobs[].age", with the kinds of its values.
using Members = std::map<std::string, std::set<std::string>>;

void add_members(const json& value, const std::string& place, Members& members) {
  if (value.is_array()) {
    for (const json& element : value) {
      add_members(element, place + "[]", members);
    }
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const std::string at = place.empty() ? name : place + "." + name;
      members[at].insert(kind_of(member));
      add_members(member, at, members);
    }
  }
}

Members members_of(const json& value) {
  Members members;
  add_members(value, "", members);
  return members;
}

std::set<std::string> names_of(const Members& members) {
  std::set<std::string> names;
  for (const auto& [name, kinds] : members) {
    names.insert(name);
  }
  return names;
}

void expect_documented(const std::string& line, const Members& documented) {
  FakePort port;
  const Members actual = members_of(json::parse(answer(port, line).body));
  EXPECT_EQ(names_of(actual), names_of(documented)) << line;
  for (const auto& [name, kinds] : documented) {
    if (actual.contains(name) && !kinds.contains("null")) {
      EXPECT_EQ(actual.at(name), kinds) << line << " " << name;
    }
  }
}

/// What the groups of the expression match, each time that it does.
std::vector<std::vector<std::string>> matches(const std::string& text,
                                              const std::string& expression) {
  const std::regex compiled(expression);
  std::vector<std::vector<std::string>> found;
  for (std::sregex_iterator match(text.begin(), text.end(), compiled), end; match != end; ++match) {
    found.emplace_back(match->begin(), match->end());
  }
  return found;
}

TEST(ApiDocument, HasTheMembersOfEveryAnswer) {
  const auto documented = examples();
  const std::map<std::string, std::vector<std::string>> calls = {
      {"status", {"/api/v1/status"}},
      {"rules", {"/api/v1/rules"}},
      {"registries", {"/api/v1/registries"}},
      {"queue", {"/api/v1/queue"}},
      {"runs", {"/api/v1/runs"}},
      {"images", {"/api/v1/images", "/api/v1/images/failed"}},
  };
  ASSERT_EQ(documented.size(), calls.size());
  for (const auto& [heading, paths] : calls) {
    ASSERT_THAT(documented.at(heading), SizeIs(paths.size())) << heading;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      expect_documented("GET " + paths[i], members_of(documented.at(heading)[i]));
    }
  }
}

TEST(ApiDocument, HasTheMembersOfOneRun) {
  json run = examples().at("runs").at(0).at("runs").at(0);
  const std::string text = document();
  const auto failures = matches(text, R"re(`"failures": \[\{(.*?)\}\]`)re");
  ASSERT_THAT(failures, SizeIs(1));
  for (const auto& name : matches(failures[0][1], "\"(\\w+)\"")) {
    run["failures"][0][name[1]] = "text";
  }
  expect_documented("GET /api/v1/runs/17", members_of(run));
}

TEST(ApiDocument, HasEveryCall) {
  std::set<std::string> documented;
  const std::string text = document();
  for (const auto& row : matches(text, "\\n\\| `([A-Z]+ /\\S+)` \\|")) {
    documented.insert(row[1]);
  }
  std::set<std::string> actual = {"GET /api/v1/events"};
  for (const ApiCall& call : api_calls()) {
    actual.insert(std::string(call.method) + " " + call.path);
  }
  EXPECT_EQ(documented, actual);
}

/// What the document says of the parameters of a call.
struct Usage {
  std::string path;
  std::vector<std::string> names;
  std::string usual_limit;
  std::string max_limit;
};

std::vector<Usage> usages() {
  std::vector<Usage> found;
  const std::string text = document();
  const std::string expression = R"(`GET (/\S+)\?(\S+)` \((?:`limit` )?up to ([0-9,]+)\))";
  for (const auto& match : matches(text, expression)) {
    Usage usage = {.path = match[1], .names = {}, .usual_limit = {}, .max_limit = match[3]};
    std::erase(usage.max_limit, ',');
    const std::string parameters = match[2];
    for (const std::string_view parameter : split(parameters, '&')) {
      usage.names.emplace_back(parameter.substr(0, parameter.find('=')));
      if (usage.names.back() == "limit") {
        usage.usual_limit = parameter.substr(parameter.find('=') + 1);
      }
    }
    found.push_back(std::move(usage));
  }
  return found;
}

TEST(ApiDocument, HasTheParametersOfEveryCall) {
  ASSERT_THAT(usages(), SizeIs(4));
  for (const Usage& usage : usages()) {
    FakePort port;
    const HttpResponse refused = answer(port, "GET " + usage.path + "?surely-not=1");
    const std::string message = error_in(refused);
    std::string listed = message.substr(message.find("takes ") + 6) + ",";
    for (const std::string& name : usage.names) {
      const auto at = listed.find(name + ",");
      ASSERT_NE(at, std::string::npos) << usage.path << " " << name;
      listed.erase(at, name.size() + 1);
    }
    EXPECT_EQ(trim(listed), "") << usage.path << " takes more than the document says";
  }
}

TEST(ApiDocument, HasTheLimitsOfEveryCall) {
  for (const Usage& usage : usages()) {
    const auto calls = [&](const std::string& query) {
      FakePort port;
      EXPECT_EQ(answer(port, "GET " + usage.path + query).status, 200) << usage.path << query;
      return port.calls();
    };
    EXPECT_EQ(calls(""), calls("?limit=" + usage.usual_limit));
    EXPECT_NE(calls(""), calls("?limit=" + usage.max_limit));
    FakePort port;
    const std::string more = std::to_string(std::stoi(usage.max_limit) + 1);
    EXPECT_EQ(answer(port, "GET " + usage.path + "?limit=" + more).status, 400) << usage.path;
  }
}

}  // namespace
}  // namespace image_syncer
