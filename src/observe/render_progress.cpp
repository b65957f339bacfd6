#include "observe/count_text.hpp"
#include <image_syncer/observe/progress.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace image_syncer {

namespace {

constexpr std::size_t kDigestWidth = 12;
constexpr std::size_t kMaxBar = 24;
/// "1023.9 MiB/1023.9 MiB"
constexpr std::size_t kAmountWidth = 21;
constexpr std::size_t kMinRoute = 12;
/// Beyond it an estimate says nothing.
constexpr double kMaxEtaSeconds = 100.0 * 3600;

/// Columns are bytes as long as every byte is printable ASCII.
std::string ascii(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string cut(std::string text, std::size_t width) {
  constexpr std::string_view kDots = "...";
  if (text.size() > width) {
    text.resize(width);
    if (width > 2 * kDots.size()) {
      text.replace(width - kDots.size(), kDots.size(), kDots);
    }
  }
  return text;
}

/// The parts that fit, in order; one that does not is left out, and so is the rest.
std::string join_fitting(const std::vector<std::string>& parts, std::size_t width) {
  std::string line = cut(parts.front(), width);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (line.size() + 2 + parts[i].size() > width) {
      break;
    }
    line += "  " + parts[i];
  }
  return line;
}

/// By the bytes known to be ahead, and by the images: whichever takes longer.
std::optional<double> eta_seconds(const RunSnapshot& snapshot, double rate) {
  if (snapshot.expanding || snapshot.images_done >= snapshot.images_total) {
    return std::nullopt;
  }
  double seconds = 0;
  if (rate >= 1) {
    seconds = static_cast<double>(snapshot.bytes_known) / rate;
  }
  if (snapshot.images_done > 0) {
    const auto done = static_cast<double>(snapshot.images_done);
    const auto left = static_cast<double>(snapshot.images_total) - done;
    const double elapsed = std::chrono::duration<double>(snapshot.elapsed).count();
    seconds = std::max(seconds, elapsed / done * left);
  }
  return seconds > 0 && seconds < kMaxEtaSeconds ? std::optional(seconds) : std::nullopt;
}

std::string run_line(const RunSnapshot& snapshot, double rate, std::size_t width) {
  const std::uint64_t total = std::max(snapshot.images_total, snapshot.images_done);
  std::vector<std::string> parts{"images " + group_digits(snapshot.images_done) + "/" +
                                 group_digits(total) + (snapshot.expanding ? "+" : "")};
  if (const std::uint64_t failed = snapshot.failed + snapshot.deferred; failed > 0) {
    parts.push_back(group_digits(failed) + " failed");
  }
  if (const auto seconds = eta_seconds(snapshot, rate)) {
    const std::chrono::seconds whole(static_cast<std::int64_t>(*seconds) + 1);
    parts.push_back("ETA " + format_duration(whole));
  }
  if (rate >= 1 && rate < 1e15) {
    parts.push_back(format_bytes(static_cast<std::uint64_t>(rate)) + "/s");
  }
  if (snapshot.bytes_up > 0) {
    parts.push_back(format_bytes(snapshot.bytes_up) + " up");
  }
  if (snapshot.bytes_down > 0) {
    parts.push_back(format_bytes(snapshot.bytes_down) + " down");
  }
  return join_fitting(parts, width);
}

/// How much of a blob is through, 0 to 1; more than its size can be sent when a leg is repeated.
double share_done(const RunSnapshot::Blob& blob) {
  return blob.size == 0
             ? 0
             : std::min(1.0, static_cast<double>(blob.done) / static_cast<double>(blob.size));
}

std::string percent(const RunSnapshot::Blob& blob) {
  if (blob.size == 0) {
    return " --%";
  }
  const std::string number = std::to_string(static_cast<int>(share_done(blob) * 100));
  return std::string(number.size() < 3 ? 3 - number.size() : 0, ' ') + number + "%";
}

std::string bar(const RunSnapshot::Blob& blob, std::size_t width) {
  const auto filled = static_cast<std::size_t>(share_done(blob) * static_cast<double>(width));
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

std::string amount(const RunSnapshot::Blob& blob) {
  std::string text = format_bytes(std::min(blob.done, blob.size == 0 ? blob.done : blob.size));
  if (blob.size > 0) {
    text += "/" + format_bytes(blob.size);
  }
  return text;
}

std::string route(const RunSnapshot::Blob& blob) {
  std::string text = blob.source;
  for (std::size_t i = 0; i < blob.targets.size(); ++i) {
    text += (i == 0 ? " -> " : ", ") + blob.targets[i];
  }
  return text;
}

std::string blob_line(const RunSnapshot::Blob& blob, std::size_t width) {
  std::string line(blob.digest.empty() ? "" : blob.digest.hex().substr(0, kDigestWidth));
  line.resize(kDigestWidth, ' ');
  line += " " + percent(blob);
  if (const std::size_t bar_width = std::min(width / 8, kMaxBar); bar_width >= 8) {
    line += " " + bar(blob, bar_width);
  }
  const std::string amounts = amount(blob);
  if (line.size() + 2 + amounts.size() <= width) {
    line += "  " + amounts;
    const std::size_t padding = kAmountWidth - std::min(amounts.size(), kAmountWidth);
    // A name cut to a few letters tells nothing.
    if (line.size() + padding + kMinRoute <= width) {
      line += std::string(padding + 2, ' ') + route(blob);
    }
  }
  return cut(ascii(std::move(line)), width);
}

}  // namespace

std::string render_progress(const RunSnapshot& snapshot, double rate, int width, int height) {
  if (width <= 0 || height <= 0) {
    return "";
  }
  const auto columns = static_cast<std::size_t>(width);
  const auto room = static_cast<std::size_t>(height) - 1;
  const std::size_t count = snapshot.blobs.size();
  // The last line tells of the blobs that have none.
  const std::size_t shown = count <= room ? count : std::max<std::size_t>(room, 1) - 1;
  std::string text = run_line(snapshot, rate, columns);
  for (std::size_t i = 0; i < shown; ++i) {
    text += "\n" + blob_line(snapshot.blobs[i], columns);
  }
  if (shown < count && room > 0) {
    const std::uint64_t more = count - shown;
    text += "\n" + cut("and " + counted(more, "more blob", "more blobs"), columns);
  }
  return text;
}

}  // namespace image_syncer
