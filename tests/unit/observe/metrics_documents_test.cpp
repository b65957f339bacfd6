// What is written about the metrics, and built upon them, names what there is: docs/metrics.md,
// configs/prometheus-alerts.yaml, configs/grafana-dashboard.json.

#include "exposition.hpp"
#include <image_syncer/observe/metrics.hpp>
#include <image_syncer/util/files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::AnyOfArray;
using testing::Each;
using testing::Not;
using testing::SizeIs;

std::string read(const std::string& name) {
  return read_file(std::string(IMAGE_SYNCER_SOURCE_DIR "/") + name, 1024UL * 1024);
}

/// Every series that there can be, with made-up registries, rules and senders.
Exposition everything() {
  Metrics metrics("1.2.3");
  metrics.set_rules({{"busybox", std::nullopt}});
  metrics.set_next_run(system_clock().wall_now());
  metrics.run_began();
  metrics.run_ended(true);
  metrics.hook_call(503);
  metrics.webhook_event("harbor", EventResult::queued);
  metrics.request("quay.io", 200);
  return Exposition(metrics.text());
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
       ++match) {
    found.push_back(match->str(match->size() > 1 ? 1 : 0));
  }
  return found;
}

/// Whether some value of the label is one that the matcher takes.
bool takes_some(const Exposition& text,
                const std::string& name,
                const std::string& label,
                const std::string& operation,
                const std::string& value) {
  for (const std::string& known : text.label_values(name, label)) {
    const bool same =
        operation.ends_with('~') ? std::regex_match(known, std::regex(value)) : known == value;
    if (same) {  // a negated matcher, too, has to leave out something that there is
      return true;
    }
  }
  return false;
}

/// Every metric of a PromQL expression exists, and so does what it selects by label.
void check_expression(const Exposition& text, const std::string& expression) {
  static const std::regex selector(R"re(\b((?:image_syncer|process)_\w+)(?:\{([^}]*)\})?)re");
  static const std::regex matcher(R"re((\w+)\s*(=~|!~|!=|=)\s*"([^"]*)")re");
  std::size_t selectors = 0;
  for (std::sregex_iterator one(expression.begin(), expression.end(), selector), end; one != end;
       ++one) {
    ++selectors;
    const std::string name = (*one)[1];
    EXPECT_GT(text.series(name), 0U) << name << " in " << expression;
    const std::string labels = (*one)[2];
    for (std::sregex_iterator label(labels.begin(), labels.end(), matcher); label != end; ++label) {
      const std::string value = (*label)[3];
      if (value.starts_with('$')) {  // a variable of the dashboard; the scrape adds those labels
        EXPECT_TRUE((*label)[1] == "job" || (*label)[1] == "instance") << expression;
        continue;
      }
      EXPECT_TRUE(takes_some(text, name, (*label)[1], (*label)[2], value))
          << label->str() << " of " << name << " in " << expression;
    }
  }
  EXPECT_GT(selectors, 0U) << expression;
}

/// Labels that people, `by (…)` and `{{…}}` name.
void check_label_names(const Exposition& text, const std::vector<std::string>& names) {
  std::set<std::string> known = {"instance", "job"};
  for (const auto& [name, family] : text.families()) {
    for (const Exposition::Sample& sample : family.samples) {
      for (const auto& [label, value] : sample.labels) {
        known.insert(label);
      }
    }
  }
  EXPECT_THAT(names, Each(AnyOfArray(known)));
}

std::vector<std::string> grouping_labels(const std::string& expression) {
  std::vector<std::string> names;
  for (const std::string& list : matches(expression, R"re((?:by|without) \(([^)]*)\))re")) {
    for (std::string& name : matches(list, R"re((\w+))re")) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

TEST(MetricsAlerts, NameWhatThereIs) {
  const Exposition text = everything();
  const YAML::Node file = YAML::Load(read("configs/prometheus-alerts.yaml"));
  std::set<std::string> names;
  for (const YAML::Node& group : file["groups"]) {
    for (const YAML::Node& rule : group["rules"]) {
      const std::string name = rule["alert"].as<std::string>();
      EXPECT_TRUE(names.insert(name).second) << name;
      const std::string expression = rule["expr"].as<std::string>();
      check_expression(text, expression);
      check_label_names(text, grouping_labels(expression));
      EXPECT_THAT(rule["labels"]["severity"].as<std::string>(),
                  testing::AnyOf("warning", "critical"))
          << name;
      const YAML::Node annotations = rule["annotations"];
      EXPECT_NE(annotations["summary"].as<std::string>(), "") << name;
      check_label_names(text,
                        matches(annotations["summary"].as<std::string>() +
                                    annotations["description"].as<std::string>(),
                                R"re(\{\{ \$labels\.(\w+))re"));
    }
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"ImageSyncerAbsent",
                                     "ImageSyncerRuleWithoutSuccess",
                                     "ImageSyncerFailuresGrow",
                                     "ImageSyncerQueueParked",
                                     "ImageSyncerQueueNearLimit",
                                     "ImageSyncerRegistryDown",
                                     "ImageSyncerRunTooLong",
                                     "ImageSyncerThrottled"}));
}

TEST(MetricsDashboard, NamesWhatThereIs) {
  const Exposition text = everything();
  const json board = json::parse(read("configs/grafana-dashboard.json"));
  EXPECT_THAT(board.at("panels"), SizeIs(testing::Ge(10U)));
  std::set<int> ids;
  for (const json& panel : board.at("panels")) {
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second) << panel.at("id");
    EXPECT_NE(panel.at("title"), "");
    for (const json& target : panel.at("targets")) {
      const std::string expression = target.at("expr");
      check_expression(text, expression);
      check_label_names(text, grouping_labels(expression));
      check_label_names(
          text, matches(target.at("legendFormat").get<std::string>(), R"re(\{\{(\w+)\}\})re"));
    }
  }
  for (const json& variable : board.at("templating").at("list")) {
    if (variable.at("type") == "query") {
      check_expression(text, variable.at("query").at("query"));
    }
  }
}

struct DocumentedMetric {
  std::string type;
  std::map<std::string, std::set<std::string>> labels;  // with the words that they can be
};

/// The rows of the table in docs/metrics.md.
std::map<std::string, DocumentedMetric> documented() {
  static const std::regex row(R"re(\| `(\w+)` \| (\w+) \| ([^|]+) \| [^|]+ \|)re");
  std::map<std::string, DocumentedMetric> table;
  std::istringstream page(read("docs/metrics.md"));
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (!line.starts_with("| `")) {
      continue;
    }
    if (!std::regex_match(line, match, row)) {
      ADD_FAILURE() << line;
      continue;
    }
    DocumentedMetric& metric = table[match[1]];
    metric.type = match[2];
    const std::string labels = match[3];
    for (const std::string& label : matches(labels, R"re(`\w+`(?:: [^;]+)?)re")) {
      const std::vector<std::string> words = matches(label, R"re(\w+)re");
      metric.labels[words.front()] = {words.begin() + 1, words.end()};
    }
  }
  return table;
}

TEST(MetricsPage, TellsOfEveryMetricWithItsTypeAndItsLabels) {
  const Exposition text = everything();
  const auto table = documented();
  for (const auto& [name, metric] : table) {
    EXPECT_TRUE(text.families().contains(name)) << name << " does not exist";
  }
  for (const auto& [name, family] : text.families()) {
    const auto row = table.find(name);
    if (row == table.end()) {
      ADD_FAILURE() << name << " is not documented";
      continue;
    }
    EXPECT_EQ(row->second.type, family.type) << name;
    std::map<std::string, std::set<std::string>> labels;
    for (const Exposition::Sample& sample : family.samples) {
      for (const auto& [label, value] : sample.labels) {
        if (label != "le") {
          labels[label].insert(value);
        }
      }
    }
    for (auto& [label, values] : labels) {
      const auto known = row->second.labels.find(label);
      if (known != row->second.labels.end() && known->second.empty()) {
        values.clear();  // of the configuration, not a list of words
      }
    }
    EXPECT_EQ(row->second.labels, labels) << name;
  }
}

// Names are checked by what finds none where there is none.
TEST(MetricsDocuments, AreCheckedByWhatCanFail) {
  const Exposition text = everything();
  EXPECT_TRUE(takes_some(text, "image_syncer_images_total", "result", "=", "failed"));
  EXPECT_TRUE(takes_some(text, "image_syncer_images_total", "result", "=~", "f.*"));
  EXPECT_FALSE(takes_some(text, "image_syncer_images_total", "result", "=", "fail"));
  EXPECT_FALSE(takes_some(text, "image_syncer_images_total", "results", "=", "failed"));
  EXPECT_EQ(text.series("image_syncer_images"), 0U);
  EXPECT_THAT(documented(), Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace image_syncer
