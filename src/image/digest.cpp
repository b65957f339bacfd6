#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cassert>

namespace image_syncer {

namespace {

struct Algorithm {
  HashAlgorithm algorithm;
  std::string_view name;
  std::size_t hex_digits;
};

constexpr Algorithm kAlgorithms[] = {
    {HashAlgorithm::sha256, "sha256", 64},
    {HashAlgorithm::sha512, "sha512", 128},
};

constexpr std::size_t kAbbreviatedHexDigits = 12;

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// What is wrong with `text`; empty when it is a digest.
std::string complaint(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return "it has no \"algorithm:\" in front";
  }
  const std::string_view name = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  const auto* const row = std::find_if(std::begin(kAlgorithms),
                                       std::end(kAlgorithms),
                                       [&](const Algorithm& a) { return a.name == name; });
  if (row == std::end(kAlgorithms)) {
    return "the algorithm \"" + printable(name, 40) + "\" is not supported (sha256 and sha512 are)";
  }
  if (hex.size() != row->hex_digits) {
    return std::string(name) + " needs " + std::to_string(row->hex_digits) +
           " hex digits, this has " + std::to_string(hex.size());
  }
  if (!std::all_of(hex.begin(), hex.end(), is_lower_hex)) {
    return "only the digits 0-9 and a-f (lower case) may follow \"" + std::string(name) + ":\"";
  }
  return {};
}

}  // namespace

Digest Digest::parse(std::string_view text) {
  const std::string wrong = complaint(text);
  if (!wrong.empty()) {
    throw Error("\"" + printable(text, 160) + "\" is not a digest: " + wrong);
  }
  return Digest(std::string(text));
}

std::optional<Digest> Digest::try_parse(std::string_view text) {
  return complaint(text).empty() ? std::optional(Digest(std::string(text))) : std::nullopt;
}

Digest Digest::of(std::string_view bytes, HashAlgorithm algorithm) {
  const std::string_view name = algorithm == HashAlgorithm::sha256 ? "sha256:" : "sha512:";
  return Digest(std::string(name) + hash_hex(algorithm, bytes));
}

HashAlgorithm Digest::algorithm() const {
  assert(!empty());
  return text_.starts_with("sha512:") ? HashAlgorithm::sha512 : HashAlgorithm::sha256;
}

std::string_view Digest::hex() const {
  assert(!empty());
  return std::string_view(text_).substr(text_.find(':') + 1);
}

std::string Digest::abbreviated() const {
  return text_.substr(0, text_.find(':') + 1 + kAbbreviatedHexDigits);
}

bool Digest::matches(std::string_view bytes) const {
  return !empty() && hash_hex(algorithm(), bytes) == hex();
}

}  // namespace image_syncer
