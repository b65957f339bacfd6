#pragma once

#include "registry/upload_verbs.hpp"
#include <image_syncer/registry/registry.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace image_syncer {

/// Sends a blob to an open upload session and closes it (distribution-spec,
/// Pushing blobs). Which of the ways is taken depends on where the bytes come from and on what this
/// registry has refused before (`UploadWays`):
///
///  - whole: one PUT with all bytes, for blobs in memory and where PATCH is refused;
///  - stream: one PATCH with all bytes, then a PUT without: a repeated PUT costs nothing;
///  - chunks: PATCHes of bounded size with Content-Range, then the PUT, where bodies are limited.
///
/// Another way is taken up in the same session, from the offset that it has reached, as far as the
/// bytes are still at hand; if they are not, the exchange fails with Retry::later and the next one
/// begins with what was learned.
class SendBlobVerb final : public Conversing<Exchange> {
 public:
  /// From memory.
  SendBlobVerb(RegistryHost& host,
               std::shared_ptr<UploadState> state,
               std::shared_ptr<const std::string> bytes);
  /// From the ring of the fan-out that runs the exchange.
  SendBlobVerb(RegistryHost& host, std::shared_ptr<UploadState> state, std::uint32_t buffer_bytes);

 private:
  enum class Asking {
    patch,
    whole_put,
    closing_put,
    status,   ///< how far the session is
    outcome,  ///< whether the blob is there although the PUT got no answer that says so
    nothing,  ///< the blob is there
  };

  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  void no_answer(const TransportError& error) override;
  [[nodiscard]] ScopeSet scopes() const override;
  [[nodiscard]] RegistryVerb kind() const override;
  [[nodiscard]] bool fresh_token() const override;

  void choose_body();
  [[nodiscard]] Request patch();
  [[nodiscard]] Request put();
  void add_body(Request& request, std::uint64_t offset, std::uint64_t length) const;

  void on_patch(const Response& response);
  void on_patch_refused(const RegistryError& error);
  void on_put(const Response& response);
  void on_whole_refused(const RegistryError& error);
  void on_status(const Response& response);
  void on_outcome(const Response& response);
  [[nodiscard]] bool wants_whole(const UploadWays& ways) const;
  /// A body of `refused` bytes is too large.
  void shrink(const RegistryError& error, std::uint64_t refused);
  void learn_limit(std::uint64_t limit);
  void note_broken();
  void ask_status(std::exception_ptr why, bool range_refused);
  void doubt(std::exception_ptr why);
  void finish();

  [[nodiscard]] std::uint64_t size() const { return *state_->blob.size; }

  RegistryHost& host_;
  std::shared_ptr<UploadState> state_;
  std::shared_ptr<const std::string> bytes_;  // null: from the ring
  std::uint32_t buffer_bytes_ = 16 * 1024;
  Asking asking_ = Asking::nothing;
  std::uint64_t sent_ = 0;    // what the session holds, as far as we know
  std::uint64_t length_ = 0;  // of the body under way
  bool ranged_ = false;       // it has a Content-Range
  bool patch_refused_ = false;
  bool whole_refused_ = false;
  bool range_refused_ = false;             // the status is asked for after a 416
  std::optional<std::uint64_t> stuck_at_;  // where the session was when it was asked last
  std::exception_ptr cause_;               // why status or outcome are asked for
};

}  // namespace image_syncer
