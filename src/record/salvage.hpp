#pragma once

#include "record/connection.hpp"

#include <cstddef>
#include <string>

namespace image_syncer {

/// What of a damaged record could be saved over into a new one.
struct Salvaged {
  std::size_t images = 0;  ///< queued images
  std::size_t others = 0;  ///< rows of the history, contents already taken
};

/// Copies the rows of the queue and the history that can still be read in `damaged` (which is left
/// as it is, with its -wal) into the new database of `connection`, as one transaction. Pages that
/// cannot be read cost only their own rows. A queued image whose references make no sense is left
/// behind. Damage never throws; `SQLite::Exception` when the new database cannot be written.
Salvaged salvage_record(const std::string& damaged, Connection& connection);

}  // namespace image_syncer
