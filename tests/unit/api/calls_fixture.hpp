#pragma once

#include "server/target.hpp"
#include "unit/api/fake_port.hpp"
#include <image_syncer/api/api.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// Answers "METHOD /target" in this process.
inline HttpResponse answer(ApiPort& port, std::string_view line, std::string body = {}) {
  const auto blank = line.find(' ');
  Target target = parse_target(line.substr(blank + 1)).value();
  HttpRequest request;
  request.method = line.substr(0, blank);
  request.segments = std::move(target.segments);
  request.query = std::move(target.query);
  request.body = std::move(body);
  return answer_api(port, request);
}

/// The message of an answer that is an error.
inline std::string error_in(const HttpResponse& response) {
  return nlohmann::json::parse(response.body).at("error").get<std::string>();
}

}  // namespace image_syncer
