#include "check/answers.hpp"

#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <locale>
#include <optional>
#include <sstream>
#include <string_view>

namespace image_syncer {
namespace {

/// Software that does not say in `Server` who it is.
struct Mark {
  std::string_view header;
  std::string_view software;
};

constexpr std::array kMarks{Mark{"X-JFrog-Version", "JFrog Artifactory"},
                            Mark{"X-Artifactory-Id", "JFrog Artifactory"},
                            Mark{"X-GitHub-Request-Id", "GitHub"}};

ReachStage stage_of(TransportFailure failure) {
  switch (failure) {
    case TransportFailure::resolve:
      return ReachStage::name;
    case TransportFailure::connection_refused:
      return ReachStage::refused;
    case TransportFailure::tls_not_spoken:
    case TransportFailure::tls:
      return ReachStage::tls;
    case TransportFailure::certificate:
      return ReachStage::certificate;
    case TransportFailure::proxy:
    case TransportFailure::proxy_refused:
      return ReachStage::proxy;
    case TransportFailure::connect:
    case TransportFailure::stalled:
    case TransportFailure::broken:
    case TransportFailure::other:
      break;
  }
  return ReachStage::connection;
}

bool has_code(const RegistryError& error, std::string_view code) {
  return std::find(error.codes().begin(), error.codes().end(), code) != error.codes().end();
}

bool is_denial(const RegistryError& error) {
  return error.status() == 401 || error.status() == 403 || error.status() == 405 ||
         error.error_class() == ErrorClass::auth || error.error_class() == ErrorClass::registry ||
         has_code(error, "DENIED") || has_code(error, "UNAUTHORIZED");
}

std::string software_of(const Headers& headers) {
  for (const Mark& mark : kMarks) {
    if (headers.find(mark.header)) {
      return std::string(mark.software);
    }
  }
  return std::string(headers.find("Server").value_or(""));
}

/// The preferred format of RFC 9110 §5.6.7, which is the only one that is sent today.
std::optional<Clock::wall_time> parse_http_date(std::string_view text) {
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  std::tm time{};
  stream >> std::get_time(&time, "%a, %d %b %Y %H:%M:%S GMT");
  return stream.fail() ? std::nullopt
                       : std::optional(Clock::wall_time(std::chrono::seconds(::timegm(&time))));
}

}  // namespace

std::string problem_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

ReachStage stage_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const TransportError& error) {
    return stage_of(error.failure());
  } catch (const RegistryError& error) {
    const bool is_there = error.status() == 403 || error.status() == 429 || error.status() >= 500;
    return is_there ? ReachStage::error : ReachStage::no_registry;
  } catch (const std::exception&) {
    return ReachStage::no_registry;
  }
}

AccountState account_state_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const RegistryError& error) {
    if (error.error_class() == ErrorClass::registry) {
      // Without a status nobody was asked: there is nowhere to show them.
      return error.status() == 0 ? AccountState::unavailable : AccountState::refused;
    }
    return error.retry() == Retry::later ? AccountState::unavailable : AccountState::unknown;
  } catch (const std::exception&) {
    return AccountState::unavailable;
  }
}

AccessState access_state_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const RegistryError& error) {
    if (is_denial(error)) {
      return AccessState::denied;
    }
    const bool is_absent = error.status() == 404 || error.error_class() == ErrorClass::absent;
    return is_absent ? AccessState::no_repository : AccessState::failed;
  } catch (const std::exception&) {
    return AccessState::failed;
  }
}

void learn_from(CheckedRegistry& registry, const Headers& headers, Clock::wall_time now) {
  registry.software = software_of(headers);
  registry.api_version = headers.find("Docker-Distribution-Api-Version").value_or("");
  registry.is_page = registry.api_version.empty() &&
                     to_lower(headers.find("Content-Type").value_or("")).starts_with("text/html");
  if (const auto date = parse_http_date(headers.find("Date").value_or(""))) {
    registry.clock_ahead = std::chrono::round<std::chrono::seconds>(*date - now);
  }
}

}  // namespace image_syncer
