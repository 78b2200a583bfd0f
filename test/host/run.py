#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# The host test: real programs, plain and with strata preloaded. What they print, the files they
# leave and their exit status have to be the same, byte for byte. Beside that it measures peak
# memory and CPU time, as medians of a few rounds in which the allocators take turns.
#
#   test/host/run.py                             strata against the C library's allocator
#   test/host/run.py --peers --chart             also jemalloc, mimalloc, tcmalloc; draws a chart
#   test/host/run.py --library NAME=PATH         also that library
#   test/host/run.py --only git,gdb --rounds 1   a part of it
#   test/host/run.py --gate 1.04                 fails if the mean memory ratio is above 1.035
#
# Results lie in build/host/: results.txt, results.md, results.json. Exit status: 0; 1 if a
# program behaved otherwise or the gate was exceeded; 2 if the test could not be run.

import argparse
import os
import shutil
import subprocess
import sys
import time

import host_output
from host_measure import HUNG, Bench, Failure
from host_programs import HERE, PROGRAMS, ROOT

BASELINE = "glibc"

# mimalloc asks for transparent huge pages unless told not to; none of the others does.
PEERS = [("jemalloc", "libjemalloc.so.2", {}),
         ("mimalloc", "libmimalloc.so.2", {"MIMALLOC_ALLOW_THP": "0"}),
         ("tcmalloc", "libtcmalloc_minimal.so.4", {})]


class Allocator:
    def __init__(self, name, library, environment=None):
        self.name = name
        self.library = library
        self.environment = environment or {}


def parse_arguments():
    parser = argparse.ArgumentParser(description="Real programs, plain and on strata.")
    parser.add_argument("--strata", metavar="PATH",
                        default=os.path.join(ROOT, "build", "libstrata.so"),
                        help="the library under test (build/libstrata.so)")
    parser.add_argument("--library", metavar="NAME=PATH", action="append", default=[],
                        help="another allocator to compare with; may be given again")
    parser.add_argument("--peers", action="store_true",
                        help="compare with Debian's jemalloc, mimalloc and tcmalloc")
    parser.add_argument("--only", metavar="NAME,NAME", help="just these programs")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--gate", type=float, metavar="RATIO",
                        help="fail if the mean memory ratio of strata is above it")
    parser.add_argument("--chart", action="store_true", help="draw chart.svg and chart.png")
    parser.add_argument("--directory", default=os.path.join(ROOT, "build", "host"),
                        help="where to work and write results (build/host)")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def chosen_programs(only):
    if only is None:
        return PROGRAMS
    names = only.split(",")
    unknown = set(names) - {program.name for program in PROGRAMS}
    if unknown:
        raise Failure("there is no program %s in the test; there are %s" % (
            ", ".join(sorted(unknown)), ", ".join(program.name for program in PROGRAMS)))
    return [program for program in PROGRAMS if program.name in names]


def set_up(programs, arguments):
    """Installs what is missing, where that is possible."""
    extras = ["peers"] * arguments.peers + ["chart"] * arguments.chart
    commands = {command for program in programs for command in program.needs}
    if not extras and all(shutil.which(command) for command in commands):
        return
    done = subprocess.run(["sh", os.path.join(HERE, "setup.sh"), *extras], check=False)
    if done.returncode != 0:
        raise Failure("not all programs it needs are installed")


def peer_path(name):
    listing = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        if line.split(" ")[0].strip() == name:
            return line.split("=> ")[1]
    raise Failure("the library %s is not installed" % name)


def chosen_allocators(arguments):
    chosen = [Allocator(BASELINE, None), Allocator("strata", os.path.realpath(arguments.strata))]
    if arguments.peers:
        chosen += [Allocator(name, peer_path(library), environment)
                   for name, library, environment in PEERS]
    for item in arguments.library:
        name, equals, path = item.partition("=")
        if not equals or name in [allocator.name for allocator in chosen]:
            raise Failure("--library wants a new NAME=PATH, not '%s'" % item)
        environment = {"MIMALLOC_ALLOW_THP": "0"} if "mimalloc" in path else {}
        chosen.append(Allocator(name, os.path.realpath(path), environment))
    for allocator in chosen[1:]:
        if not os.path.isfile(allocator.library):
            raise Failure("there is no library %s" % allocator.library)
    return chosen


def differences(plain, other):
    """What is not the same about two outcomes, as sentences."""
    found = []
    if other.signal == HUNG:
        return [other.ended()]
    if (plain.status, plain.signal) != (other.status, other.signal):
        found.append("%s, and plain %s" % (other.ended(), plain.ended()))
    for name in sorted(set(plain.files) | set(other.files)):
        if name not in other.files:
            found.append("did not write " + name)
        elif name not in plain.files:
            found.append("wrote %s, which plain did not" % name)
        elif plain.files[name] != other.files[name]:
            found.append("%s differs" % name)
    return found


class HostTest:
    def __init__(self, bench, allocators, rounds):
        self.bench = bench
        self.allocators = allocators
        self.rounds = rounds
        self.figures = host_output.Figures(BASELINE, [a.name for a in allocators[1:]])
        self.failures = []  # of strata
        self.notes = []     # of its peers

    def run_program(self, program):
        self.bench.prepare(program)
        outcomes = {allocator.name: [] for allocator in self.allocators}
        reported = set()
        for _ in range(self.rounds):
            for allocator in self.allocators:
                if allocator.name in reported:
                    continue
                outcome = self.bench.run(program, allocator.library, allocator.environment)
                outcomes[allocator.name].append(outcome)
                plain = outcomes[BASELINE][0]
                if allocator.name == BASELINE:
                    self.check_plain(program, plain, outcome)
                elif differences(plain, outcome):
                    reported.add(allocator.name)
                    self.report(program, allocator, differences(plain, outcome))
        for name, runs in outcomes.items():
            if name not in reported:
                self.figures.add(program.name, name, runs)
        return outcomes

    def check_plain(self, program, first, outcome):
        """A program that fails or varies by itself proves nothing."""
        if outcome.status != 0:
            raise Failure("%s without any library %s: %s" % (
                program.name, outcome.ended(), self.bench.last_words(program)))
        varying = differences(first, outcome)
        if varying:
            raise Failure("%s varies by itself: %s" % (program.name, "; ".join(varying)))

    def report(self, program, allocator, found):
        text = "%s with %s: %s" % (program.name, allocator.name, "; ".join(found[:5]))
        words = self.bench.last_words(program)
        if words:
            text += "\n    its standard error ends: " + words.replace("\n", "\n    ")
        print("\n  DIFFERENT " + text, flush=True)
        (self.failures if allocator.name == "strata" else self.notes).append(text)

    def run(self, programs):
        for number, program in enumerate(programs):
            print("[%2d/%d] %-8s" % (number + 1, len(programs), program.name), end=" ", flush=True)
            start = time.monotonic()
            self.run_program(program)
            line = "%5.1f s" % (time.monotonic() - start)
            for name in self.figures.allocators:
                memory = self.figures.ratio(program.name, name, 0)
                cpu = self.figures.ratio(program.name, name, 1)
                line += "   %s memory %s CPU %s" % (name, host_output.cell(memory, "%.3f"),
                                                    host_output.cell(cpu, "%.2f"))
            print(line, flush=True)


def write_results(test, directory, draw):
    text = host_output.table(test.figures)
    for failure in test.failures + test.notes:
        text += "DIFFERENT: %s\n" % failure
    results = {"results.txt": text, "results.md": host_output.markdown(test.figures),
               "results.json": host_output.as_json(test.figures, test.failures)}
    for name, content in results.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(content)
    if draw:
        host_output.chart(test.figures, directory)
    print("\n" + text)


def judge(test, gate):
    """The exit status."""
    if test.failures:
        print("host: %d programs behave otherwise with strata." % len(test.failures))
        return 1
    mean = test.figures.mean("strata", 0)
    if gate is not None and mean > gate:
        print("host: the mean memory ratio is %.3f, above the gate of %.3f." % (mean, gate))
        return 1
    print("host: all programs behave the same; memory x %.3f, CPU x %.3f."
          % (mean, test.figures.mean("strata", 1)))
    return 0


def main():
    arguments = parse_arguments()
    programs = chosen_programs(arguments.only)
    set_up(programs, arguments)
    allocators = chosen_allocators(arguments)
    bench = Bench(os.path.abspath(arguments.directory))
    for allocator in allocators[1:]:
        bench.check_loads(allocator.library, allocator.environment)
    test = HostTest(bench, allocators, arguments.rounds)
    start = time.monotonic()
    test.run(programs)
    write_results(test, arguments.directory, arguments.chart)
    status = judge(test, arguments.gate)
    print("host: %.0f s; results in %s." % (time.monotonic() - start, arguments.directory))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("host: %s." % failure, file=sys.stderr)
        sys.exit(2)
