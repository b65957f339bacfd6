#pragma once

#include "config/complaints.hpp"
#include <image_syncer/config/rules.hpp>

#include <string>
#include <string_view>
#include <unordered_map>

namespace image_syncer {

/// Which rule writes which destination tag, as far as it can be seen without asking a registry: for
/// rules that name their tags. A tag that two rules would write from different images is an error;
/// digests cannot be in dispute.
class TagOwners {
 public:
  /// Enters all tags of `rule`, and complains once for each earlier rule that has one of them.
  /// `key`: where the rule stands, for complaints, which go to `complaints`.
  void claim(const Rule& rule, std::string_view key, FileComplaints& complaints);

 private:
  struct Owner {
    std::string image;  ///< the source, with its filter: what the tag will mean
    std::string rule_text;
    Mark mark;
  };

  static std::string conflict_text(const std::string& target,
                                   const std::string& image,
                                   const Owner& owner);

  std::unordered_map<std::string, Owner> owners_;  // by destination reference
};

}  // namespace image_syncer
