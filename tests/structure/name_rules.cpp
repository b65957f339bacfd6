#include "structure/name_rules.hpp"

#include <map>
#include <regex>
#include <sstream>

namespace image_syncer {
namespace {

// A definition, not a declaration, at the level of the namespace: members are indented.
const std::regex& definition() {
  static const std::regex pattern(
      R"(^(?:class|struct|union|enum class|enum) (\w+)(?![\w:<])[^;{]*(?:\{.*)?$)");
  return pattern;
}

}  // namespace

std::vector<std::string> check_type_names(const std::vector<SourceFile>& files) {
  std::map<std::string, std::string> first;  // by name, where it is defined
  std::vector<std::string> complaints;
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".hpp")) {
      continue;
    }
    std::istringstream lines(file.text);
    std::smatch found;
    for (std::string line; std::getline(lines, line);) {
      if (!std::regex_match(line, found, definition())) {
        continue;
      }
      const auto [known, is_new] = first.try_emplace(found[1].str(), file.path);
      if (!is_new && known->second != file.path) {
        complaints.push_back(file.path + ": the type " + known->first + " is defined in " +
                             known->second + ", too");
      }
    }
  }
  return complaints;
}

}  // namespace image_syncer
