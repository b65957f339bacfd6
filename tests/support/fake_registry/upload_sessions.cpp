#include "support/fake_registry/upload_sessions.hpp"

#include "support/fake_registry/image_builder.hpp"
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

/// "_state=…" of a query; "" without.
std::string_view state_of(std::string_view query) {
  for (const std::string_view part : split(query, '&')) {
    if (part.starts_with("_state=")) {
      return part;
    }
  }
  return {};
}

}  // namespace

std::string UploadSessions::open(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  std::string id = "upload-" + std::to_string(next_++);
  sessions_[id].repository = repository;
  return id;
}

std::string UploadSessions::next_query(const std::string& id) {
  const std::lock_guard lock(mutex_);
  // Escapes that a client must neither decode nor normalise (%7e is lower case on purpose).
  std::string query = "_state=" + percent_encode(base64_encode(pseudo_random_bytes(16, next_++))) +
                      "%3D&x=a%2Bb%7e+c";
  if (const auto session = sessions_.find(id); session != sessions_.end()) {
    session->second.queries[query] = session->second.data.size();
  }
  return query;
}

UploadSessions::Check UploadSessions::check(const std::string& repository,
                                            const std::string& id,
                                            std::string_view query,
                                            Strictness strictness) {
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(id);
  if (session == sessions_.end() || session->second.repository != repository) {
    return Check::unknown;
  }
  const auto handed_out = std::find_if(
      session->second.queries.begin(), session->second.queries.end(), [&](const auto& entry) {
        return strictness.exact ? entry.first == query : state_of(entry.first) == state_of(query);
      });
  if (handed_out == session->second.queries.end()) {
    return Check::unknown;
  }
  const bool current = handed_out->second == session->second.data.size();
  if (strictness.single_use) {
    session->second.queries.erase(handed_out);
  }
  return current ? Check::ok : Check::stale;
}

void UploadSessions::append(const std::string& id, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (const auto session = sessions_.find(id); session != sessions_.end()) {
    session->second.data.append(bytes);
  }
}

std::size_t UploadSessions::size(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(id);
  return session == sessions_.end() ? 0 : session->second.data.size();
}

std::size_t UploadSessions::first_chunk(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(id);
  return session == sessions_.end() ? 0 : session->second.first_chunk;
}

void UploadSessions::chunk_done(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(id);
  if (session != sessions_.end() && session->second.first_chunk == 0) {
    session->second.first_chunk = session->second.data.size();
  }
}

bool UploadSessions::exists(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return sessions_.contains(id);
}

std::optional<std::string> UploadSessions::close(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto session = sessions_.extract(id);
  return session.empty() ? std::nullopt : std::optional(std::move(session.mapped().data));
}

std::size_t UploadSessions::count() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void UploadSessions::clear() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

}  // namespace image_syncer
