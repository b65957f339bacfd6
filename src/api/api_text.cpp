#include <image_syncer/api/api_text.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>

namespace image_syncer {
namespace {

using json = nlohmann::ordered_json;  // printed as it came

constexpr std::size_t kLongestCause = 500;
constexpr std::array kResults = {"copied", "equal", "filtered", "failed", "deferred"};

// Runs `read` over the parsed answer; what is missing in it is no fault of the caller's.
template <typename Read>
auto read_answer(std::string_view answer, const Read& read) {
  try {
    return read(json::parse(answer));
  } catch (const json::exception&) {
    throw Error("the answer is not understood: another version? It begins with \"" +
                printable(answer.substr(0, 80), 80) + "\"");
  }
}

std::string text_of(const json& value, const char* member) {
  const json& found = value.at(member);
  return found.is_null() ? "" : printable(found.get<std::string>(), kLongestCause);
}

// "2026-11-24 09:00:00": the fraction of a second and the zone, always UTC, help nobody here.
std::string time_of(const json& value, const char* member) {
  constexpr std::size_t kToSeconds = 19;
  std::string time = text_of(value, member).substr(0, kToSeconds);
  if (const auto at = time.find('T'); at != std::string::npos) {
    time[at] = ' ';
  }
  return time;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string queue_line(const json& image) {
  const auto attempts = image.at("attempts").get<std::uint64_t>();
  const std::string state = text_of(image, "state");
  std::string line = padded(state, 7) + "  " + text_of(image, "target") + "  from " +
                     text_of(image, "source") + " (" + text_of(image, "origin") + " " +
                     time_of(image, "queued") + ")";
  if (attempts > 0) {
    line += ", failed " + std::to_string(attempts) + (attempts == 1 ? " time" : " times");
    if (state == "queued") {
      line += ", next " + time_of(image, "due");
    }
    line += ": " + text_of(image, "error");
  }
  return line + "\n";
}

std::string results_of(const json& images) {
  std::string text;
  for (const char* const result : kResults) {
    const auto count = images.at(result).get<std::uint64_t>();
    if (count > 0) {
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + result;
    }
  }
  return text.empty() ? "no images" : text;
}

std::string run_line(const json& run) {
  std::string kind = text_of(run, "kind");
  if (const std::string rule = text_of(run, "rule"); !rule.empty()) {
    kind += " " + rule;
  }
  std::string status = text_of(run, "status");
  if (const std::string reason = text_of(run, "reason"); !reason.empty()) {
    status += " (" + reason + ")";
  }
  return padded("#" + std::to_string(run.at("id").get<std::int64_t>()), 6) + "  " +
         time_of(run, "started") + "  " + padded(kind, 6) + "  " + padded(status, 8) + "  " +
         results_of(run.at("images")) + "; " +
         format_bytes(run.at("bytes_down").get<std::uint64_t>()) + " down, " +
         format_bytes(run.at("bytes_up").get<std::uint64_t>()) + " up\n";
}

// A rule that failed as a whole has no target.
std::string failure_line(const json& failure) {
  const std::string target = text_of(failure, "target");
  const std::string source = text_of(failure, "source");
  return "  " + (target.empty() ? "rule " + source : target + " from " + source) + ": " +
         text_of(failure, "cause");
}

}  // namespace

QueuePage queue_page(std::string_view answer) {
  return read_answer(answer, [](const json& body) {
    QueuePage page;
    for (const json& image : body.at("images")) {
      page.text += queue_line(image);
      ++page.images;
    }
    const json& queue = body.at("queue");
    page.summary = std::to_string(queue.at("queued").get<std::uint64_t>()) + " queued (" +
                   std::to_string(queue.at("copying").get<std::uint64_t>()) + " being copied), " +
                   std::to_string(queue.at("parked").get<std::uint64_t>()) + " parked";
    return page;
  });
}

std::string join_queue_pages(const std::vector<std::string>& answers) {
  json joined;
  for (const std::string& answer : answers) {
    read_answer(answer, [&joined](json body) {
      if (joined.is_null()) {
        joined = std::move(body);
        return;
      }
      for (json& image : body.at("images")) {
        joined.at("images").push_back(std::move(image));
      }
    });
  }
  return joined.dump() + "\n";
}

std::size_t count_of(std::string_view answer, std::string_view member) {
  return read_answer(answer, [member](const json& body) {
    return body.at(std::string(member)).get<std::size_t>();
  });
}

std::string target_body(const std::string& target) {
  // Bytes that are no UTF-8 come from a terminal and name nothing.
  return json{{"target", target}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_of(std::string_view answer) {
  const json body = json::parse(answer, nullptr, false);
  if (body.is_object() && body.contains("error") && body.at("error").is_string()) {
    return printable(body.at("error").get<std::string>(), kLongestCause);
  }
  return "no answer of image-syncer: \"" + printable(answer.substr(0, 80), 80) + "\"";
}

std::string run_text(std::string_view answer) {
  return read_answer(answer, [](const json& run) {
    std::string text = run_line(run);
    for (const json& failure : run.at("failures")) {
      text += failure_line(failure) + "\n";
    }
    return text;
  });
}

std::string report_text(std::string_view runs, std::string_view failed) {
  std::string text = read_answer(runs, [](const json& body) {
    std::string lines;
    for (const json& run : body.at("runs")) {
      lines += run_line(run);
    }
    return lines.empty() ? std::string("no runs yet\n")
                         : "Runs, the last one first (UTC):\n" + lines;
  });
  text += read_answer(failed, [](const json& body) {
    std::string lines;
    for (const json& failure : body.at("images")) {
      const auto count = failure.at("count").get<std::uint64_t>();
      lines += failure_line(failure) + " (run " +
               std::to_string(failure.at("run").get<std::int64_t>()) +
               (count > 1 ? ", " + std::to_string(count) + " times" : "") + ")\n";
    }
    return lines.empty() ? lines : "Failed lately, the last one first:\n" + lines;
  });
  return text;
}

}  // namespace image_syncer
