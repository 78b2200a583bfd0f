# SPDX-License-Identifier: MIT-0
#
# The front door; CMake is the build. Every goal calls a CMake preset (CMakePresets.json) or a
# tool. `make` alone needs a C compiler, make, cmake and awk; the goals that test call
# tools/setup.sh for what else they need.

CMAKE  ?= cmake
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
# Seconds that `make fuzz` gives to each fuzz target.
FUZZ_SECONDS ?= 60
# Recorded programs that `make bench` replays: files, or directories of them.
TRACES ?= bench/traces

# CMake and ctest take their parallelism from here, not from our own make.
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export CTEST_PARALLEL_LEVEL := $(JOBS)
# Nor its other flags; a build below another make would announce each directory it enters.
cmake = MAKEFLAGS=--no-print-directory $(CMAKE)
workflow = $(cmake) --workflow --preset

# The compiler that CMake chose; `cc` need not exist.
found_compiler = $(shell sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' build/CMakeCache.txt)

.PHONY: all help run quick test host nightly dist check format tidy coverage fuzz install clean setup
.PHONY: bench bench-quick bench-gate bench-services
.DEFAULT_GOAL := all

all: ## build/libstrata.so, build/libstrata.a and build/strata (the goal without a name)
	@$(workflow) release

help: ## these goals
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: all ## a real job on strata: the C compiler compiles strata.c; then the report
	@mkdir -p build/run
	build/strata run --stats -- $(found_compiler) -O2 -c build/dist/strata.c -o build/run/strata.o

quick: setup ## the tests that answer within seconds (preset dev)
	@$(workflow) quick

test: setup ## all tests but the long ones: preset dev (sanitizers), the libraries as shipped, host
	@status=0; \
	$(workflow) dev || status=1; \
	$(workflow) release-tests || status=1; \
	$(MAKE) host || status=1; \
	exit $$status

host: all ## real programs on strata, their output and memory compared with the plain run (a minute)
	@python3 -B test/host/run.py --gate 1.04

nightly: setup all ## every preset, the long tests too, all house rules
	@tools/nightly.sh

bench: all ## time and memory against glibc and three peers, into bench/results (ten minutes)
	@bench/setup.sh
	@bench/run.py $(foreach place,$(TRACES),--traces $(place))

bench-quick: all ## a part of it, into build/bench/results (two minutes)
	@bench/setup.sh
	@bench/run.py --quick --results build/bench/results --name quick $(foreach place,$(TRACES),--traces $(place))

bench-services: all ## redis, nginx, databases, node ... on strata: checked, and their memory over time (seven minutes)
	@bench/services/setup.sh
	@bench/services/run.py --peers --results bench/results

bench-gate: all ## instructions of malloc and free, size of the library and memory at rest, against their limits
	@bench/setup.sh
	@bench/instructions.py --gate
	@bench/footprint.py --gate

dist: ## dist/strata.c and dist/strata.h: the library as two files to drop into a project
	tools/amalgamate.sh dist

check: ## the house rules (tools/check_house.py)
	@python3 tools/check_house.py

format: ## lays out all C files by .clang-format
	@tools/format.sh

tidy: ## clang-tidy over the sources
	@$(cmake) --preset dev >build/tidy.log
	@clang-tidy --quiet -p build/dev src/*/*.c

coverage: setup ## which lines the tests reach: build/coverage/report.txt
	@$(workflow) coverage
	@tools/coverage.sh build/coverage

fuzz: setup ## libFuzzer on each target for FUZZ_SECONDS seconds
	@$(cmake) --preset fuzz
	@$(cmake) --build --preset fuzz
	@tools/fuzz.sh build/fuzz $(FUZZ_SECONDS)

install: all ## into PREFIX (/usr/local), below DESTDIR if that is set
	DESTDIR="$(DESTDIR)" $(CMAKE) --install build --prefix "$(PREFIX)"

setup: ## what the tests need, installed with apt-get where that is possible
	@tools/setup.sh

clean: ## removes build/ and dist/
	rm -rf build dist
