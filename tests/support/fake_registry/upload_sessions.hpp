#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// The blob uploads in progress of the fake registry. Each Location carries an opaque `_state` that
/// stands for an offset, as in distribution's registry; the query must come back byte for byte. Any
/// thread may call anything.
class UploadSessions {
 public:
  enum class Check {
    ok,
    stale,    ///< a state of another offset than the present one
    unknown,  ///< no such session in this repository, or a query that was not handed out
  };

  struct Strictness {
    bool exact = true;        ///< the whole query must be as handed out, else only its `_state`
    bool single_use = false;  ///< a query is forgotten when it was used once
  };

  /// The session's id.
  [[nodiscard]] std::string open(const std::string& repository);
  /// The query for the next Location of this session.
  [[nodiscard]] std::string next_query(const std::string& id);
  [[nodiscard]] Check check(const std::string& repository,
                            const std::string& id,
                            std::string_view query,
                            Strictness strictness);

  void append(const std::string& id, std::string_view bytes);
  [[nodiscard]] std::size_t size(const std::string& id) const;
  /// How long the first piece was that `chunk_done` ended; 0 when there was none.
  [[nodiscard]] std::size_t first_chunk(const std::string& id) const;
  void chunk_done(const std::string& id);
  [[nodiscard]] bool exists(const std::string& id) const;
  /// Ends the session; absent when there is none.
  std::optional<std::string> close(const std::string& id);
  [[nodiscard]] std::size_t count() const;
  /// Loses all sessions, as a restarted registry may.
  void clear();

 private:
  struct Session {
    std::string repository;
    std::string data;
    std::size_t first_chunk = 0;
    std::map<std::string, std::size_t> queries = {};  // handed out → offset
  };

  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // guarded by mutex_
  std::size_t next_ = 0;
};

}  // namespace image_syncer
