#include "config/rule_grammar.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace image_syncer {

namespace {

using Name = std::variant<std::string, Digest>;

constexpr std::size_t kMaxQuoted = 120;

std::string quote(std::string_view text) {
  return "\"" + printable(text, kMaxQuoted) + "\"";
}

/// What both sides have in common: a repository, and tags or digests in it.
struct Named {
  Repository repository;
  std::vector<Name> names;
};

void refuse_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://", "docker://"}) {
    if (text.starts_with(scheme)) {
      throw Error("write it without " + std::string(scheme));
    }
  }
}

Name parse_name(std::string_view text) {
  if (is_valid_tag(text)) {
    return std::string(text);
  }
  if (std::optional<Digest> digest = Digest::try_parse(text)) {
    return *std::move(digest);
  }
  if (text.empty()) {
    throw Error("an empty item between commas");
  }
  if (text.find('/') != std::string_view::npos) {
    throw Error(quote(text) +
                " is no tag: after a comma come more tags of the same repository; several "
                "destinations are a list, several sources are several rules");
  }
  throw Error(quote(text) + " is neither a tag nor a digest");
}

/// `repository`, `repository:tag[,tag|digest…]` or `repository@digest`.
Named parse_named(std::string_view text) {
  const std::vector<std::string_view> items = split(text, ',');
  Reference first = parse_reference(trim(items.front()));
  if (first.digest && !first.tag.empty()) {
    throw Error("a tag and a digest together: leave out the tag (a destination can give one)");
  }
  if (first.digest && items.size() > 1) {
    throw Error("@digest takes exactly one digest, alone; in a list write repository:tag,sha256:…");
  }
  if (!first.digest && first.tag.empty() && items.size() > 1) {
    throw Error("a list of tags begins with repository:tag");
  }
  Named named;
  named.repository = std::move(first.repository);
  if (first.digest) {
    named.names.emplace_back(*std::move(first.digest));
  } else if (!first.tag.empty()) {
    named.names.emplace_back(std::move(first.tag));
  }
  for (std::size_t at = 1; at < items.size(); ++at) {
    named.names.push_back(parse_name(trim(items[at])));
  }
  return named;
}

/// `repository:/expression/`; `colon` is where the expression's colon stands. The expression may
/// hold anything, slashes and commas too.
RuleSource parse_pattern(std::string_view text, std::size_t colon, const PatternCheck& check) {
  const std::string_view slashed = text.substr(colon + 1);
  if (slashed.size() < 2 || !slashed.ends_with('/')) {
    throw Error("a tag expression ends with a slash: repository:/expression/");
  }
  const Reference named = parse_reference(trim(text.substr(0, colon)));
  if (named.digest || !named.tag.empty()) {
    throw Error("an expression stands alone, without tags or a digest before it");
  }
  const std::string_view expression = slashed.substr(1, slashed.size() - 2);
  if (expression.empty()) {
    throw Error("the tag expression is empty: leave out :// to mean every tag");
  }
  if (const std::optional<std::string> problem = check(expression)) {
    throw Error("tag expression /" + printable(expression, kMaxQuoted) + "/: " + *problem);
  }
  return {named.repository, TagPattern{std::string(expression)}};
}

std::string count(std::size_t number) {
  return std::to_string(number) + (number == 1 ? " tag" : " tags");
}

void check_names(const std::vector<Name>& names, const Selection& selection) {
  if (names.empty()) {
    return;
  }
  const auto* const list = std::get_if<TagList>(&selection);
  if (list == nullptr) {
    throw Error("a destination of every tag, or of an expression, names no tags itself");
  }
  if (names.size() != list->items.size()) {
    throw Error("names " + count(names.size()) + " where the source names " +
                std::to_string(list->items.size()) + ": each needs one, or leave out all");
  }
  for (std::size_t at = 0; at < names.size(); ++at) {
    const auto* const digest = std::get_if<Digest>(&names[at]);
    if (digest != nullptr && names[at] != list->items[at]) {
      throw Error("the digest " + digest->abbreviated() +
                  "… is not the source's: a copy has the digest of its source");
    }
  }
}

}  // namespace

RuleSource parse_rule_source(std::string_view text, const PatternCheck& check_pattern) {
  text = trim(text);
  if (text.empty()) {
    throw Error("the source is empty");
  }
  refuse_url(text);
  const std::size_t colon = text.find(":/");
  if (colon != std::string_view::npos) {
    return parse_pattern(text, colon, check_pattern);
  }
  Named named = parse_named(text);
  if (named.names.empty()) {
    return {std::move(named.repository), AllTags{}};
  }
  return {std::move(named.repository), TagList{std::move(named.names)}};
}

Destination parse_rule_destination(std::string_view text, const Selection& selection) {
  text = trim(text);
  if (text.empty()) {
    throw Error("the destination is empty");
  }
  refuse_url(text);
  if (text.find(":/") != std::string_view::npos) {
    throw Error("a destination takes no expression: it keeps the source's tags");
  }
  Named named = parse_named(text);
  check_names(named.names, selection);
  return {std::move(named.repository), std::move(named.names)};
}

}  // namespace image_syncer
