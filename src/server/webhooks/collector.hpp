#pragma once

#include <image_syncer/server/webhook.hpp>
#include <image_syncer/util/error.hpp>

#include <set>
#include <string>
#include <string_view>

namespace image_syncer {

/// What a payload says of one push. Nothing of it is trusted.
struct ClaimedPush {
  std::string host;        ///< Empty: it does not say.
  std::string repository;  ///< Path within the registry.
  std::string tag;         ///< Empty, or a digest: pushed without tag.
  std::string digest;      ///< A hint; one that cannot be one is as good as none.
};

/// `reg.example:5000` of `reg.example:5000/team/app:v1`; "" where there is no `/`.
[[nodiscard]] std::string_view host_of_image(std::string_view image);

/// Turns claims into events: decides which registry they mean and leaves out what no registry can
/// have.
class PushCollector {
 public:
  /// Both outlive the collector.
  PushCollector(std::string_view sender, const WebhookSettings& settings)
      : sender_(sender),
        settings_(settings) {}

  void add(const ClaimedPush& push);

  /// Runs `read(element)` for every element; one that cannot be read is left out.
  template <typename Elements, typename Read>
  void add_each(const Elements& elements, const Read& read) {
    for (const auto& element : elements) {
      try {
        read(element);
      } catch (const Error&) {
        ++result_.left_out;
      }
    }
  }

  /// `NotUnderstood` when there is no event because the registry is not known.
  [[nodiscard]] WebhookResult finish() &&;

 private:
  std::string_view sender_;
  const WebhookSettings& settings_;
  PushEvents result_;
  std::set<PushEvent> seen_;
  std::string unknown_registry_;  // why the first push has none
};

}  // namespace image_syncer
