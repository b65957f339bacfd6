#include "exposition.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <sstream>
#include <utility>

namespace image_syncer {
namespace {

/// The labels between the braces; `\\`, `\"` and `\n` are escapes.
MetricLabels read_labels(const std::string& text) {
  static const std::regex label(R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$))re");
  MetricLabels labels;
  std::string rest = text;
  std::smatch match;
  while (std::regex_search(rest, match, label, std::regex_constants::match_continuous)) {
    std::string value;
    const std::string raw = match[2];
    for (std::size_t at = 0; at < raw.size(); ++at) {
      if (raw[at] == '\\') {
        ++at;
        value += raw[at] == 'n' ? '\n' : raw[at];
      } else {
        value += raw[at];
      }
    }
    EXPECT_TRUE(labels.emplace(match[1], value).second) << "label twice: " << text;
    rest = match.suffix();
  }
  EXPECT_EQ(rest, "") << "in {" << text << "}";
  return labels;
}

}  // namespace

Exposition::Exposition(const std::string& text) {
  EXPECT_TRUE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      read_comment(line);
    } else {
      read_sample(line);
    }
  }
  for (const auto& [name, family] : families_) {
    EXPECT_FALSE(family.samples.empty()) << name;
    EXPECT_NE(family.type, "") << name;
    EXPECT_NE(family.help, "") << name;
    EXPECT_EQ(name.ends_with("_total"), family.type == "counter") << name;
  }
}

void Exposition::read_comment(const std::string& line) {
  static const std::regex comment("# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.*)");
  std::smatch match;
  if (!std::regex_match(line, match, comment)) {
    ADD_FAILURE() << line;
    return;
  }
  current_ = match[2];
  Family& family = families_[current_];
  std::string& text = match[1] == "HELP" ? family.help : family.type;
  EXPECT_TRUE(text.empty() && family.samples.empty()) << line;
  text = match[3];
}

void Exposition::read_sample(const std::string& line) {
  static const std::regex form(R"re(([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+))re");
  std::smatch match;
  if (!std::regex_match(line, match, form)) {
    ADD_FAILURE() << line;
    return;
  }
  Sample sample{match[1], read_labels(match[2]), 0};
  Family& family = families_[current_];
  const std::string tail =
      sample.name.starts_with(current_) ? sample.name.substr(current_.size()) : "?";
  const std::set<std::string> tails = family.type == "histogram"
                                          ? std::set<std::string>{"_bucket", "_sum", "_count"}
                                          : std::set<std::string>{""};
  EXPECT_TRUE(tails.contains(tail)) << line << " among those of " << current_;
  const std::string number = match[3];
  char* end = nullptr;
  sample.value = std::strtod(number.c_str(), &end);
  EXPECT_EQ(*end, '\0') << line;
  EXPECT_EQ(value(sample.name, sample.labels), std::nullopt) << "twice: " << line;
  family.samples.push_back(std::move(sample));
}

std::optional<double> Exposition::value(const std::string& name, const MetricLabels& labels) const {
  for (const auto& [family_name, family] : families_) {
    for (const Sample& sample : family.samples) {
      if (sample.name == name && sample.labels == labels) {
        return sample.value;
      }
    }
  }
  return std::nullopt;
}

std::size_t Exposition::series(const std::string& name) const {
  std::size_t count = 0;
  for (const auto& [family_name, family] : families_) {
    for (const Sample& sample : family.samples) {
      count += sample.name == name ? 1U : 0U;
    }
  }
  return count;
}

std::set<std::string> Exposition::label_values(const std::string& name,
                                               const std::string& label) const {
  std::set<std::string> values;
  for (const auto& [family_name, family] : families_) {
    for (const Sample& sample : family.samples) {
      if (const auto found = sample.labels.find(label);
          sample.name == name && found != sample.labels.end()) {
        values.insert(found->second);
      }
    }
  }
  return values;
}

}  // namespace image_syncer
