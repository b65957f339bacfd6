#include "record/codec.hpp"

#include <cassert>
#include <chrono>
#include <string_view>

namespace image_syncer {

namespace {

constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kSha512Bytes = 64;

unsigned hex_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

}  // namespace

std::string pack_digest(const Digest& digest) {
  assert(!digest.empty());
  const std::string_view hex = digest.hex();
  std::string bytes(hex.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(hex_value(hex[2 * i]) << 4U | hex_value(hex[2 * i + 1]));
  }
  return bytes;
}

Digest unpack_digest(std::span<const std::byte> bytes) {
  if (bytes.size() != kSha256Bytes && bytes.size() != kSha512Bytes) {
    return {};
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = bytes.size() == kSha256Bytes ? "sha256:" : "sha512:";
  text.reserve(text.size() + 2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kHex[std::to_integer<std::size_t>(byte >> 4U)];
    text += kHex[std::to_integer<std::size_t>(byte & std::byte{0xf})];
  }
  return Digest::parse(text);
}

std::int64_t pack_time(Clock::wall_time time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Clock::wall_time unpack_time(std::int64_t milliseconds) {
  return Clock::wall_time{std::chrono::milliseconds{milliseconds}};
}

}  // namespace image_syncer
