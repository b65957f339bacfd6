# Makes one HTML document of the page's sources, and C++ of that; run at build time:
#   cmake -DSOURCES=src/api/page -DSCRIPTS=a.js,b.js -DOUTPUT=page_text.cpp -P EmbedPage.cmake
# The document itself is left beside the C++ for those who want to look at it without the daemon.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "," ";" scripts "${SCRIPTS}")
set(script "")
foreach(name IN LISTS scripts)
  file(READ "${SOURCES}/${name}" text)
  string(APPEND script "${text}")
endforeach()
file(READ "${SOURCES}/page.css" style)
file(READ "${SOURCES}/index.html" page)

# Comments and indentation are for those who read the sources; no string there spans lines.
string(REGEX REPLACE "\n *//[^\n]*" "" script "\n${script}")
string(REGEX REPLACE "/\\*[^*]*\\*/" "" style "${style}")
foreach(part page style script)
  string(REGEX REPLACE "\n[ \n]+" "\n" ${part} "${${part}}")
endforeach()

string(REPLACE "@PAGE_STYLE@" "${style}" page "${page}")
string(REPLACE "@PAGE_SCRIPT@" "${script}" page "${page}")

cmake_path(REPLACE_EXTENSION OUTPUT "html" OUTPUT_VARIABLE document)
file(WRITE "${document}" "${page}")
file(WRITE "${OUTPUT}" "#include <string_view>

namespace image_syncer {

extern const std::string_view kPageText;
constexpr std::string_view kPageText = R\"page(${page})page\";

}  // namespace image_syncer
")
