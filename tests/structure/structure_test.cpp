// Reads the sources and holds the rules that a compiler does not: see docs/contributing.md. First
// proves on small made-up trees that each rule can fail.
//
//   structure_test PROJECT-ROOT

#include "structure/include_rules.hpp"
#include "structure/name_rules.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>

namespace image_syncer {
namespace {

namespace fs = std::filesystem;

constexpr std::ptrdiff_t kMaxLines = 500;

struct Case {
  std::string_view name;
  std::vector<SourceFile> files;
  std::string_view complaint;  // expected; empty: none
};

const std::vector<Case>& cases() {
  static const std::vector<Case> table = {
      {"allowed includes",
       {{"include/image_syncer/util/a.hpp", "#include <string>\n"},
        {"src/http/b.cpp",
         "#include \"http/b.hpp\"\n#include <image_syncer/util/a.hpp>\n#include <curl/curl.h>\n"
         "#include <sys/socket.h>\n"},
        {"src/http/b.hpp", "#include <vector>\n"},
        {"src/app/version.cpp", "#include \"app/version.hpp\"\n"},
        {"src/main.cpp", "#include <image_syncer/util/a.hpp>\n"}},
       ""},
      {"module that the table does not allow",
       {{"include/image_syncer/http/a.hpp", ""},
        {"src/queue/b.cpp", "#include <image_syncer/http/a.hpp>\n"}},
       "src/queue/b.cpp: queue may not include http (image_syncer/http/a.hpp)"},
      {"private header of another module",
       {{"src/http/a.hpp", ""}, {"src/registry/b.cpp", "#include \"http/a.hpp\"\n"}},
       "src/registry/b.cpp: includes http/a.hpp, which is private to http"},
      {"private header in a public one",
       {{"src/http/a.hpp", ""}, {"include/image_syncer/http/b.hpp", "#include \"http/a.hpp\"\n"}},
       "include/image_syncer/http/b.hpp: a public header includes the private http/a.hpp"},
      {"third party in a public header",
       {{"include/image_syncer/http/a.hpp", "#include <curl/curl.h>\n"}},
       "include/image_syncer/http/a.hpp: a public header includes curl/curl.h; only standard and "
       "public headers may stand there"},
      {"library of another module",
       {{"src/plan/a.cpp", "#include <sqlite3.h>\n"}},
       "src/plan/a.cpp: sqlite3.h is not among the libraries of plan"},
      {"missing header",
       {{"src/plan/a.cpp", "#include \"plan/b.hpp\"\n"}},
       "src/plan/a.cpp: includes plan/b.hpp, which does not exist (public headers in <>, private "
       "ones "
       "in \"\")"},
      {"folder that is no module",
       {{"src/misc/a.cpp", ""}},
       "src/misc/a.cpp: belongs to no module of the table"},
      {"one name for two types",
       {{"src/http/a.hpp", "struct Place {\n  struct Part {};\n};\nclass Other;\n"},
        {"src/auth/b.hpp", "class Other final : public Base {\n  struct Part {};\n"},
        {"src/queue/c.hpp", "enum class Place { near, far };\n"}},
       "src/queue/c.hpp: the type Place is defined in src/http/a.hpp, too"},
      {"circle of headers",
       {{"src/http/a.hpp", "#include \"http/b.hpp\"\n"},
        {"src/http/b.hpp", "#include \"http/a.hpp\"\n"}},
       "src/http/a.hpp: includes itself by way of src/http/b.hpp"},
  };
  return table;
}

std::vector<std::string> check_sources(const std::vector<SourceFile>& files) {
  std::vector<std::string> complaints = check_includes(files);
  std::ranges::move(check_type_names(files), std::back_inserter(complaints));
  return complaints;
}

// True when every rule complains about its bad tree, and only about that.
bool rules_can_fail() {
  bool good = true;
  for (const Case& test : cases()) {
    const std::vector<std::string> complaints = check_sources(test.files);
    const bool as_expected = test.complaint.empty()
                                 ? complaints.empty()
                                 : complaints.size() == 1 && complaints.front() == test.complaint;
    if (!as_expected) {
      good = false;
      std::cerr << "case '" << test.name << "': expected '" << test.complaint << "', got:\n";
      std::ranges::copy(complaints, std::ostream_iterator<std::string>(std::cerr, "\n"));
    }
  }
  return good;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The files of the project below `folder` that `wanted` accepts, in the order of their names.
template <typename Predicate>
std::vector<SourceFile> read_tree(const fs::path& root, std::string_view folder, Predicate wanted) {
  std::vector<SourceFile> files;
  if (!fs::exists(root / folder)) {
    return files;
  }
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (entry.is_regular_file() && wanted(entry.path())) {
      files.push_back(
          {entry.path().lexically_relative(root).generic_string(), read_text(entry.path())});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

bool is_code(const fs::path& path) {
  return path.extension() == ".hpp" || path.extension() == ".cpp";
}

std::vector<std::string> check_lengths(const std::vector<SourceFile>& files) {
  std::vector<std::string> complaints;
  for (const SourceFile& file : files) {
    const auto lines = std::ranges::count(file.text, '\n');
    if (lines > kMaxLines) {
      complaints.push_back(file.path + ": " + std::to_string(lines) +
                           " lines; look for the second job in it");
    }
  }
  return complaints;
}

// No file may name the folder that somebody happens to work in.
std::vector<std::string> check_paths(const fs::path& root) {
  constexpr std::array kFolders = {
      ".ci", "bench", "cmake", "configs", "docs", "example", "include", "scripts", "src", "tests"};
  std::vector<std::string> forbidden = {"/home/", "/Users/"};
  if (root.parent_path() != root.root_path()) {  // "/src" alone would be found everywhere
    forbidden.push_back(root.generic_string());
  }
  std::vector<std::string> complaints;
  for (const std::string_view folder : kFolders) {
    // This file has to name them.
    for (const SourceFile& file : read_tree(root, folder, [](const fs::path& path) {
           return path.filename() != "structure_test.cpp";
         })) {
      for (const std::string& path : forbidden) {
        if (file.text.find(path) != std::string::npos) {
          complaints.push_back(file.path + ": names the machine's folder " + path);
        }
      }
    }
  }
  return complaints;
}

int run(const fs::path& root) {
  if (!rules_can_fail()) {
    return 1;
  }
  std::vector<SourceFile> sources = read_tree(root, "include/image_syncer", is_code);
  std::ranges::move(read_tree(root, "src", is_code), std::back_inserter(sources));
  if (sources.empty()) {
    std::cerr << "no sources below " << root << "\n";
    return 1;
  }
  std::vector<std::string> complaints = check_sources(sources);
  std::ranges::move(check_lengths(sources), std::back_inserter(complaints));
  std::ranges::move(check_paths(root), std::back_inserter(complaints));
  std::ranges::copy(complaints, std::ostream_iterator<std::string>(std::cerr, "\n"));
  std::cout << sources.size() << " sources, " << complaints.size() << " complaints\n";
  return complaints.empty() ? 0 : 1;
}

}  // namespace
}  // namespace image_syncer

int main(int argc, char** argv) {
  try {
    if (argc != 2) {
      std::cerr << "usage: structure_test PROJECT-ROOT\n";
      return 2;
    }
    return image_syncer::run(std::filesystem::canonical(argv[1]));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
