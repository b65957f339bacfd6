# A thin face over the CMake presets (CMakePresets.json) and the scripts. `make help` lists it.
#
#   SKIP_DEPS=1          do not look for Debian packages (other systems)
#   PREFIX=/usr/local    where `make install` puts things; DESTDIR is honoured
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := release
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy

install_deps = $(if $(SKIP_DEPS),:,scripts/install-deps.sh)
# Sets a build tree up once (CMake looks after itself from then on), then builds it.
configure = command -v cmake >/dev/null || { echo "cmake was not found: run 'make deps' first" >&2; exit 1; }; \
	test -e build/$(1)/build.ninja || cmake --preset $(1)
build = $(call configure,$(1)); cmake --build --preset $(1)
sources = find include src tests bench -name '*.cpp' -o -name '*.hpp'
units = find src tests bench -name '*.cpp'

.PHONY: release run test deps dev format format-check lint asan tsan package install bench soak clean help

release: ## build ./image-syncer (the default)
	@$(call build,release)
	@cmp -s build/release/image-syncer image-syncer || { \
	  cp build/release/image-syncer build/release/image-syncer.new; \
	  mv -f build/release/image-syncer.new image-syncer; }

run: ## install what is needed, build, and sync example images between two local registries
	@$(install_deps) build run
	@$(MAKE) release
	@scripts/run-example.sh

test: ## install what is needed, build with warnings as errors, run every test
	@$(install_deps) build test
	@$(MAKE) dev
	@ctest --preset dev -j $(JOBS)

deps: ## install the packages that building, running and testing need (Debian, Ubuntu)
	@$(install_deps) build run test

dev: ## build the program and the tests, optimised, warnings are errors
	@$(call build,dev)

format: ## format the sources
	@$(sources) | xargs $(CLANG_FORMAT) -i

format-check: ## fail where a source is not formatted
	@$(sources) | xargs $(CLANG_FORMAT) --dry-run -Werror

lint: ## clang-tidy over every source, shellcheck over every script
	@$(call configure,dev)
	@grep -rlE '^#!.*bash' .ci scripts bench tests | xargs shellcheck -x
	@$(units) | sort | xargs -P $(JOBS) -n 1 $(CLANG_TIDY) --quiet -p build/dev 2> >(grep -v ' warnings\? generated\.$$' >&2)

# The unit tests and those labelled smoke; `ctest --preset asan` runs all that there is.
asan: ## build and run the unit and smoke tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(call build,asan)
	@ctest --preset asan -j $(JOBS) -L 'unit|smoke'

# Thread sanitizer of g++ 12 stops with "unexpected memory mapping" on kernels that randomise addresses
# more widely; without randomisation it always works. Containers may forbid switching it off.
tsan: ## build and run the tests with several threads under ThreadSanitizer
	@$(call configure,tsan); cmake --build --preset tsan --target threaded_tests
	@$$(setarch -R true 2>/dev/null && echo setarch -R) ctest --preset tsan -j $(JOBS) -L threads

package: ## build the .deb and the .tar.xz into dist/
	@$(install_deps) build package
	@$(MAKE) release
	@rm -rf build/packages && mkdir -p dist
	@cpack --config build/release/CPackConfig.cmake -B build/packages
	@cp build/packages/*.deb build/packages/*.tar.xz dist/

install: release ## install under PREFIX
	@cmake --install build/release --prefix '$(PREFIX)'

bench: ## install what is needed, measure against skopeo (about half an hour)
	@$(install_deps) build bench
	@$(MAKE) release
	@bench/run

soak: ## kill the daemon 500 times, then 10,000 runs and a million calls: is anything lost, does it grow (40 min)
	@$(install_deps) build run test bench
	@$(MAKE) release
	@$(call configure,dev)
	@cmake --build --preset dev --target integration_daemon_kill
	@IMAGE_SYNCER_KILL_ROUNDS=$(or $(ROUNDS),500) build/dev/tests/integration/integration_daemon_kill
	@bench/soak-memory

clean: ## remove everything that was built
	@rm -rf build dist image-syncer

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile
