#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

/// Broken versions of good texts, for parsers that must take anything: pieces are cut out,
/// repeated, swapped in from a list of troublemakers, or single bytes changed. The same seed gives
/// the same texts on every run.
class Mutations {
 public:
  Mutations(std::vector<std::string> texts, std::vector<std::string> pieces, unsigned seed)
      : texts_(std::move(texts)),
        pieces_(std::move(pieces)),
        engine_(seed) {}

  std::string next() {
    std::string text = texts_[below(texts_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
      change(text);
    }
    return text;
  }

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.erase(at, below(8) + 1);
        break;
      case 1:
        text.insert(at, pieces_[below(pieces_.size())]);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(16)));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
    }
  }

  std::vector<std::string> texts_;
  std::vector<std::string> pieces_;
  std::mt19937 engine_;
};

}  // namespace image_syncer
