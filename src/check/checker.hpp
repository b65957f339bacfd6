#pragma once

#include "check/probes.hpp"
#include <image_syncer/check/check_registries.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/transfer/pacer.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

/// One check of a plan, step by step: each step asks all registries at once, and asks nothing of
/// those that an earlier one showed to be of no use.
class Checker {
 public:
  /// All that is given outlives it.
  Checker(const CheckPlan& plan,
          const CheckOptions& options,
          const RegistryAccessLookup& lookup,
          Clock& clock,
          std::stop_token stop);

  [[nodiscard]] std::vector<CheckedRegistry> run();

 private:
  struct Place {
    const RegistryToCheck& plan;
    RegistryAccess access;
    CheckedRegistry result;
    std::map<Repository, std::size_t> accounts;  // in `result.accounts`
  };

  /// A question about an image or the tags of a source; `access` is where the answer goes.
  template <typename Question>
  struct Asked {
    Place& place;
    std::size_t source = 0;
    std::size_t access = 0;
    Question* question = nullptr;
    std::unique_ptr<Probe> probe;  // owns it

    [[nodiscard]] CheckedSource& checked() const { return place.result.sources[source]; }

    [[nodiscard]] CheckedAccess& answer() const { return checked().accesses[access]; }
  };

  using AskedList = Asked<ListTags>;
  using AskedHead = Asked<HeadManifest>;

  void reach();
  void find_accounts();
  void log_in();
  void read();
  void note_tags(AskedList& list);
  void tell_missing_apart(const std::vector<AskedHead>& heads);
  void push();
  void push_with(std::vector<std::unique_ptr<PushProbe>>& probes);
  void delete_leftovers(const std::vector<std::unique_ptr<PushProbe>>& probes);
  void settle();

  [[nodiscard]] AskedList ask_tags(Place& place, std::size_t source, std::size_t access);
  [[nodiscard]] AskedHead ask_head(Place& place, std::size_t source, std::size_t access);
  /// Whether there is any use in asking for the repository.
  [[nodiscard]] static bool is_worth_asking(const Place& place, const Repository& repository);
  [[nodiscard]] SessionOptions session_options();
  void run_all(const std::vector<Exchange*>& exchanges, const std::stop_token& stop);

  const CheckOptions& options_;
  Clock& clock_;
  std::stop_token stop_;
  Pacer pacer_;
  Session session_;
  std::vector<Place> places_;
};

}  // namespace image_syncer
