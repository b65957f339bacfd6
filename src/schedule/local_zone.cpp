#include "schedule/local_zone.hpp"

#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <optional>
#include <system_error>

namespace image_syncer {
namespace {

constexpr std::size_t kLongestQuote = 60;
constexpr std::size_t kLargestZoneFile = 1 << 20;
constexpr const char* kUtc = "UTC";
constexpr const char* kAdvice = "; name the time zone, such as Europe/Berlin";

// The name in a path into the database, whatever folder that is in: "../usr/share/zoneinfo/UTC".
std::optional<std::string> name_in_path(std::string_view path) {
  constexpr std::string_view kFolder = "/zoneinfo/";
  const auto at = path.rfind(kFolder);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view name = path.substr(at + kFolder.size());
  // Two copies of the database, without leap seconds and with them.
  for (const std::string_view copy : {"posix/", "right/"}) {
    if (name.starts_with(copy)) {
      name.remove_prefix(copy.size());
    }
  }
  return std::string(name);
}

// The C library takes ":NAME", "NAME", a path, and rules. Absent = the machine's own file.
std::optional<std::string> name_in_variable(const std::string& value, const LocalZoneFiles& files) {
  const std::string_view text = std::string_view(value).substr(value.starts_with(':') ? 1 : 0);
  if (text.empty()) {
    return kUtc;
  }
  if (text == files.link.string()) {
    return std::nullopt;  // a custom that spares the C library a look at the file
  }
  if (text.front() == '/') {
    if (auto name = name_in_path(text)) {
      return name;
    }
    throw TimeZoneError("the variable TZ names the file " + printable(text, kLongestQuote) +
                        ", which is not in a time zone database" + kAdvice);
  }
  // A few names look like rules (EST5EDT, Etc/GMT+5), so only what cannot be one is refused here.
  if (text.find_first_of(",<") == std::string_view::npos) {
    return std::string(text);
  }
  throw TimeZoneError("the variable TZ holds rules (" + printable(text, kLongestQuote) +
                      ") instead of a name" + kAdvice);
}

// A container often has a copy of its host's file.
std::string name_by_content(const LocalZoneFiles& files,
                            const std::function<std::vector<std::string>()>& known_names) {
  const std::string own = read_file(files.link, kLargestZoneFile);
  for (const std::string& name : known_names()) {
    std::error_code error;
    const std::filesystem::path path = files.database / name;
    if (std::filesystem::file_size(path, error) == own.size() && !error &&
        read_file(path, kLargestZoneFile) == own) {
      return name;
    }
  }
  throw TimeZoneError(files.link.string() + " is no link into the time zone database and equals " +
                      "none of its files, so the machine's time zone has no name" + kAdvice);
}

}  // namespace

std::string local_zone_name(const Environment& environment,
                            const LocalZoneFiles& files,
                            const std::function<std::vector<std::string>()>& known_names) {
  if (const auto variable = environment("TZ")) {
    if (const auto name = name_in_variable(*variable, files)) {
      return *name;
    }
  }
  std::error_code error;
  if (std::filesystem::is_symlink(files.link, error)) {
    const std::string target = std::filesystem::read_symlink(files.link).string();
    if (auto name = name_in_path(target)) {
      return *name;
    }
  }
  return std::filesystem::exists(files.link, error) ? name_by_content(files, known_names) : kUtc;
}

}  // namespace image_syncer
