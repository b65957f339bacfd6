#include "api/parameters.hpp"

#include "api/refused_call.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

namespace image_syncer {
namespace {

constexpr int kBadRequest = 400;
constexpr std::size_t kMaxShown = 100;
constexpr std::size_t kMaxText = 1000;

std::string shown(std::string_view text) {
  return "\"" + printable(text, kMaxShown) + "\"";
}

bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "this call takes limit, before"
std::string taken(std::initializer_list<std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    list.append(list.empty() ? "" : ", ").append(name);
  }
  return "this call takes " + (list.empty() ? "none" : list);
}

[[noreturn]] void refuse(std::string_view name,
                         const std::string& expected,
                         const std::string& found) {
  throw RefusedCall(kBadRequest, std::string(name) + " is to be " + expected + ", not " + found);
}

JsonFields fields_of(std::string_view body, std::initializer_list<std::string_view> names) {
  const JsonText object = JsonText::parse(body);
  if (!object.is_object()) {
    throw Error("it is to be a JSON object, not " + printable(object.text(), kMaxShown));
  }
  for (const std::string& name : object.names()) {
    if (!contains(names, name)) {
      throw RefusedCall(kBadRequest,
                        "the body has an unknown member " + shown(name) + ": " + taken(names));
    }
  }
  return object.fields(names);
}

}  // namespace

void expect_parameters(const HttpRequest& request, std::initializer_list<std::string_view> names) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : request.query) {
    if (!contains(names, name)) {
      throw RefusedCall(kBadRequest, "there is no parameter " + shown(name) + ": " + taken(names));
    }
    if (!seen.insert(name).second) {
      throw RefusedCall(kBadRequest, name + " is given twice");
    }
  }
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  const bool is_whole = error == std::errc() && end == last && text.front() != '-';
  return is_whole ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> number_parameter(const HttpRequest& request,
                                             std::string_view name,
                                             std::int64_t first,
                                             std::int64_t last) {
  const auto text = request.parameter(name);
  if (!text) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> number = whole_number(*text);
  if (!number || *number < first || *number > last) {
    refuse(name,
           "a whole number from " + std::to_string(first) + " to " + std::to_string(last),
           shown(*text));
  }
  return number;
}

std::size_t limit_parameter(const HttpRequest& request, std::size_t usual, std::size_t max) {
  const auto given = number_parameter(request, "limit", 1, static_cast<std::int64_t>(max));
  return given ? static_cast<std::size_t>(*given) : usual;
}

std::string text_parameter(const HttpRequest& request, std::string_view name) {
  const std::string_view text = request.parameter(name).value_or("");
  if (text.size() > kMaxText) {
    refuse(name,
           "at most " + std::to_string(kMaxText) + " bytes long",
           std::to_string(text.size()) + " bytes");
  }
  return std::string(text);
}

std::optional<bool> parked_parameter(const HttpRequest& request) {
  const auto state = request.parameter("state");
  if (!state) {
    return std::nullopt;
  }
  if (*state != "parked" && *state != "queued") {
    refuse("state", "queued or parked", shown(*state));
  }
  return *state == "parked";
}

CallBody::CallBody(const HttpRequest& request, std::initializer_list<std::string_view> names) {
  if (trim(request.body).empty()) {
    return;
  }
  try {
    fields_ = fields_of(request.body, names);
  } catch (const RefusedCall&) {
    throw;
  } catch (const Error& error) {
    throw RefusedCall(kBadRequest, "the body: " + error.message());
  }
}

std::optional<std::string> CallBody::text(std::string_view name) const {
  const auto field = fields_.find(name);
  if (field == fields_.end()) {
    return std::nullopt;
  }
  std::optional<std::string> text = field->second.as_string();
  if (!text || text->empty()) {
    refuse(name, "a string that is not empty", printable(field->second.text(), kMaxShown));
  }
  return text;
}

bool CallBody::is_set(std::string_view name) const {
  const auto field = fields_.find(name);
  if (field == fields_.end()) {
    return false;
  }
  if (field->second.text() != "true") {
    refuse(name, "true", printable(field->second.text(), kMaxShown));
  }
  return true;
}

}  // namespace image_syncer
