#pragma once

#include <image_syncer/check/check_report.hpp>
#include <image_syncer/http/message.hpp>
#include <image_syncer/util/clock.hpp>

#include <exception>
#include <string>

namespace image_syncer {

// What answers, and failures to get one, mean for a check. `failure` is never null.

/// The message of a failure.
[[nodiscard]] std::string problem_of(const std::exception_ptr& failure);
/// Of a ping.
[[nodiscard]] ReachStage stage_of(const std::exception_ptr& failure);
/// Of a login.
[[nodiscard]] AccountState account_state_of(const std::exception_ptr& failure);
/// Of a question about a repository.
[[nodiscard]] AccessState access_state_of(const std::exception_ptr& failure);

/// What the headers of a registry's answer, which came at `now`, say of it besides.
void learn_from(CheckedRegistry& registry, const Headers& headers, Clock::wall_time now);

}  // namespace image_syncer
