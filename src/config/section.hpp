#pragma once

#include "config/complaints.hpp"
#include "config/fields.hpp"
#include "config/node.hpp"
#include "config/value.hpp"
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/redaction.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What reading a sync file needs, and what it gathers beside the settings.
struct SyncContext {
  const Environment& environment;
  FileComplaints& complaints;
  std::set<std::string> credential_variables;  ///< refused in rules
  std::set<std::string> files;                 ///< that `${file:}` named
};

/// One map of a sync file (`app`, `sync.filter` …), whose keys are matched without regard to case.
/// Each `read` leaves its target alone where the key is missing or empty, and complains where the
/// value is wrong. Refers to the node and the context, which must outlive it.
class Section {
 public:
  /// `node`: null or a map; another one is complained about. Unknown keys are warned about.
  Section(const Node& node,
          std::string path,
          std::span<const std::string_view> known,
          SyncContext& context);

  /// Absent where the key is missing or its value empty.
  [[nodiscard]] const MapEntry* find(std::string_view name) const;
  [[nodiscard]] Section section(std::string_view name,
                                std::span<const std::string_view> known) const;

  void read(std::string& target, std::string_view name) const;
  void read(bool& target, std::string_view name) const;
  /// `most`: the largest value that is allowed.
  void read(std::uint32_t& target,
            std::string_view name,
            std::uint32_t least,
            std::uint32_t most) const;
  /// `unit`: of a number alone.
  void read(std::chrono::seconds& target,
            std::string_view name,
            std::chrono::seconds unit,
            std::chrono::seconds least,
            std::chrono::seconds most) const;
  /// A user name, which is no secret, but whose variables are refused in rules all the same. These
  /// two say whether there was a usable value.
  bool read_credential(std::string& target, std::string_view name) const;
  bool read(Secret& target, std::string_view name) const;

  /// One item of a list, with the value that it stands in.
  struct Word {
    std::string text;  ///< trimmed, not empty
    Position position;
    Value value;
  };

  /// A comma list, or a list whose items may be comma lists. Without items where the key is
  /// missing.
  [[nodiscard]] std::vector<Word> words(std::string_view name) const;

  /// The value of a key, expanded, where it is usable.
  [[nodiscard]] std::optional<Value> value(std::string_view name) const;

  /// At the value of a key, or at the section where the key is missing. `value`: what the message
  /// may quote; it is shown as it is written.
  void error(std::string_view name, std::string message) const;
  void error(std::string_view name, const Value& value, std::string message) const;
  void error(const Word& word, std::string_view name, std::string message) const;
  void warn(std::string_view name, std::string message) const;

  /// The keys that lead to a value, as written, and its place; of the section where it is missing.
  [[nodiscard]] std::string key(std::string_view name) const;
  [[nodiscard]] Position position(std::string_view name) const;

 private:
  [[nodiscard]] std::optional<Value> usable(const Node& node, const std::string& key) const;

  Position position_;
  std::string path_;
  Fields fields_;
  SyncContext* context_;
};

}  // namespace image_syncer
