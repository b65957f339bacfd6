# Third-party libraries, each found with a message that names the Debian/Ubuntu package to install.
find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

function(image_syncer_missing what package)
  message(FATAL_ERROR "image-syncer needs ${what}, which was not found.\n"
    "  Debian/Ubuntu: run 'make deps', or apt-get install ${package}\n"
    "  elsewhere: install the library with its development files and run CMake again")
endfunction()

# A package with a CMake config or find module.
macro(image_syncer_find name what package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    image_syncer_missing("${what}" "${package}")
  endif()
endmacro()

# A package known only to pkg-config: gives the target PkgConfig::<prefix>.
macro(image_syncer_find_pc prefix module what package)
  if(NOT PkgConfig_FOUND)
    image_syncer_missing("pkg-config" "pkg-config")
  endif()
  pkg_check_modules(${prefix} QUIET IMPORTED_TARGET "${module}")
  if(NOT ${prefix}_FOUND)
    image_syncer_missing("${what}" "${package}")
  endif()
endmacro()

image_syncer_find(OpenSSL "OpenSSL" "libssl-dev")
image_syncer_find(CURL "libcurl 7.87 or later" "libcurl4-openssl-dev" 7.87)
image_syncer_find(nlohmann_json "nlohmann json" "nlohmann-json3-dev")
image_syncer_find(yaml-cpp "yaml-cpp" "libyaml-cpp-dev")
image_syncer_find(CLI11 "CLI11" "libcli11-dev")
image_syncer_find(spdlog "spdlog" "libspdlog-dev")
image_syncer_find(fmt "fmt" "libfmt-dev")
image_syncer_find(SQLite3 "SQLite" "libsqlite3-dev")
image_syncer_find(SQLiteCpp "SQLiteCpp" "libsqlitecpp-dev")
image_syncer_find_pc(RE2 re2 "RE2" "libre2-dev")
image_syncer_find(date "the date library" "libhowardhinnant-date-dev")
image_syncer_find_pc(MICROHTTPD "libmicrohttpd>=0.9.75" "libmicrohttpd 0.9.75 or later" "libmicrohttpd-dev")
image_syncer_find_pc(PROMETHEUS prometheus-cpp-core "prometheus-cpp" "prometheus-cpp-dev")

# Debian 12 calls the target yaml-cpp, later releases yaml-cpp::yaml-cpp.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
