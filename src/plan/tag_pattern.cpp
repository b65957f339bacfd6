#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/util/error.hpp>

#include <re2/re2.h>

namespace image_syncer {
namespace {

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

// `\C` outside an escaped backslash.
bool matches_single_bytes(std::string_view expression) {
  for (std::size_t at = 0; at + 1 < expression.size(); ++at) {
    if (expression[at] == '\\') {
      if (expression[at + 1] == 'C') {
        return true;
      }
      ++at;
    }
  }
  return false;
}

}  // namespace

struct TagMatcher::Impl {
  explicit Impl(const std::string& text)
      : expression(text, quiet()) {}

  RE2 expression;
};

TagMatcher::TagMatcher(const std::string& expression)
    : impl_(std::make_unique<Impl>(expression)) {
  if (const auto problem = check_tag_pattern(expression)) {
    throw Error("tag expression /" + expression + "/: " + *problem);
  }
}

TagMatcher::~TagMatcher() = default;

bool TagMatcher::matches(std::string_view tag) const {
  return RE2::PartialMatch(re2::StringPiece(tag.data(), tag.size()), impl_->expression);
}

std::optional<std::string> check_tag_pattern(std::string_view expression) {
  if (matches_single_bytes(expression)) {
    return "\\C is not supported";
  }
  const RE2 compiled(re2::StringPiece(expression.data(), expression.size()), quiet());
  return compiled.ok() ? std::nullopt : std::optional(compiled.error());
}

}  // namespace image_syncer
