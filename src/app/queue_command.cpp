#include "app/api_commands.hpp"
#include "app/exit_code.hpp"
#include <image_syncer/api/api_text.hpp>
#include <image_syncer/util/error.hpp>

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::size_t kPage = 1000;  // as many as the API gives at a time
constexpr int kNotFound = 404;

int list_queue(bool as_json, ApiClient& api, std::ostream& out) {
  std::vector<std::string> answers;
  QueuePage page;
  std::size_t offset = 0;
  do {
    std::string answer = body_of(api.make(
        {{"queue"}, {{"offset", std::to_string(offset)}, {"limit", std::to_string(kPage)}}}));
    page = queue_page(answer);
    if (as_json) {
      answers.push_back(std::move(answer));
    } else {
      out << page.text;
    }
    offset += page.images;
  } while (page.images == kPage);
  out << (as_json ? join_queue_pages(answers) : page.summary + "\n");
  return kExitOk;
}

void say(const Options& options, const std::string& done, std::size_t count, std::ostream& out) {
  if (options.json) {
    out << R"({")" << done << R"(":)" << count << "}\n";
  } else {
    out << done << ": " << count << "\n";
  }
}

// `done`: the member of the answer that counts, and the word for people.
int for_each_target(const Options& options,
                    const std::string& action,
                    const std::string& done,
                    ApiClient& api,
                    std::ostream& out) {
  int code = kExitOk;
  std::size_t count = 0;
  for (const std::string& target : options.arguments) {
    const HttpResponse response = api.make({{"queue", action}, {}, target_body(target)});
    if (response.status != kNotFound) {
      count += count_of(body_of(response), done);
      continue;
    }
    code = kExitFailures;
    if (!options.json) {
      out << "not in the queue: " << target << "\n";
    }
  }
  say(options, done, count, out);
  return code;
}

int retry(const Options& options, ApiClient& api, std::ostream& out) {
  const std::string done = "retried";
  if (!options.all) {
    return for_each_target(options, "retry", done, api, out);
  }
  const std::string answer = body_of(api.make({{"queue", "retry"}, {}, R"({"parked": true})"}));
  say(options, done, count_of(answer, done), out);
  return kExitOk;
}

}  // namespace

int run_queue_command(const Options& options, ApiClient& api, std::ostream& out) {
  switch (options.command) {
    case Command::queue_retry:
      return retry(options, api, out);
    case Command::queue_remove:
      return for_each_target(options, "remove", "removed", api, out);
    default:
      return list_queue(options.json, api, out);
  }
}

}  // namespace image_syncer
