# Compiler settings of our own code: an INTERFACE target, linked PRIVATE, so that nothing leaks to
# or from third-party headers.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# -O3 compiles a third longer and moves bytes no faster.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_library(image_syncer_settings INTERFACE)
target_compile_options(image_syncer_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-qual -Wformat=2 -Wimplicit-fallthrough)
if(IMAGE_SYNCER_WERROR)
  target_compile_options(image_syncer_settings INTERFACE -Werror)
endif()
if(IMAGE_SYNCER_SANITIZE)
  # Everything is built with the sanitizer, third-party header-only code included: set globally.
  # No recovery: what UBSan finds must fail the test, not only print.
  add_compile_options(-fsanitize=${IMAGE_SYNCER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${IMAGE_SYNCER_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
