# Generates the header "app/version.hpp" (private to src/app): the project's version and, in a git
# checkout, the commit. Configuring runs again after a commit, so the header does not go stale.
set(IMAGE_SYNCER_COMMIT "")
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS "${PROJECT_SOURCE_DIR}/.git")
  # Fails harmlessly in a checkout without commits or one that belongs to another user.
  execute_process(
    COMMAND "${GIT_EXECUTABLE}" describe --always --tags --abbrev=12
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    OUTPUT_VARIABLE IMAGE_SYNCER_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(
    COMMAND "${GIT_EXECUTABLE}" rev-parse --git-path logs/HEAD
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    OUTPUT_VARIABLE git_log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(git_log)
    get_filename_component(git_log "${git_log}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
  endif()
  if(EXISTS "${git_log}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${git_log}")
  endif()
endif()

configure_file("${PROJECT_SOURCE_DIR}/cmake/version.hpp.in"
  "${PROJECT_BINARY_DIR}/generated/app/version.hpp" @ONLY)
target_include_directories(image_syncer_core PRIVATE "${PROJECT_BINARY_DIR}/generated")
