#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace image_syncer {

using MetricLabels = std::map<std::string, std::string>;

/// Prometheus' text format, read strictly: what breaks its rules fails the running test.
class Exposition {
 public:
  struct Sample {
    std::string name;
    MetricLabels labels;
    double value = 0;
  };

  struct Family {
    std::string type;
    std::string help;
    std::vector<Sample> samples;
  };

  explicit Exposition(const std::string& text);

  [[nodiscard]] const std::map<std::string, Family>& families() const { return families_; }

  /// The value of a series; absent when there is none.
  [[nodiscard]] std::optional<double> value(const std::string& name,
                                            const MetricLabels& labels = {}) const;
  /// All series of a name.
  [[nodiscard]] std::size_t series(const std::string& name) const;
  [[nodiscard]] std::set<std::string> label_values(const std::string& name,
                                                   const std::string& label) const;

 private:
  void read_comment(const std::string& line);
  void read_sample(const std::string& line);

  std::map<std::string, Family> families_;
  std::string current_;  // family
};

}  // namespace image_syncer
