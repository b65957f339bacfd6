#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

// What the commands print of the API's answers (docs/api.md), each given as it came. They throw
// `Error` when one is not what it should be.

/// One page of the queue.
struct QueuePage {
  std::string text;        ///< a line for each image, each with its newline
  std::size_t images = 0;  ///< how many
  std::string summary;     ///< of the whole queue, one line
};

/// Of `GET /api/v1/queue`.
[[nodiscard]] QueuePage queue_page(std::string_view answer);
/// Several of its answers as one, JSON.
[[nodiscard]] std::string join_queue_pages(const std::vector<std::string>& answers);
/// The number `member` of an answer such as `{"retried": 3}`.
[[nodiscard]] std::size_t count_of(std::string_view answer, std::string_view member);
/// The body of a call about one image: `{"target": "…"}`.
[[nodiscard]] std::string target_body(const std::string& target);
/// The message of an answer that is an error; for any other text, a word on that.
[[nodiscard]] std::string error_of(std::string_view answer);

/// Of `GET /api/v1/runs/{id}`: the run in one line, then its failures.
[[nodiscard]] std::string run_text(std::string_view answer);
/// Of `GET /api/v1/runs` and `GET /api/v1/images/failed`: the runs, a line each, then what failed
/// lately.
[[nodiscard]] std::string report_text(std::string_view runs, std::string_view failed);

}  // namespace image_syncer
