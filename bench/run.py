#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# The benchmark: strata against the C library's allocator and three peers, on single operations
# (micro), real programs (macro) and recorded ones (traces). In each round the allocators take
# turns, a figure is the median of the rounds, and what is shown is its ratio to the best.
#
#   bench/run.py                              micro and macro, about ten minutes
#   bench/run.py --traces bench/traces        also recorded programs, through `strata replay`
#   bench/run.py --quick                      a part of it, within two minutes
#   bench/run.py --parts micro --only pair,ring --rounds 9
#   bench/run.py --library before=/tmp/libstrata.so --no-peers
#   bench/run.py --render bench/results/NAME.json      text and pictures anew, nothing measured
#
# Results: DIRECTORY/NAME.txt, NAME.json and pictures NAME-*.svg; see docs/benchmarks.md.
# Exit status: 0; 2 if it could not be run. An allocator that crashes or hangs is no reason to
# stop: it gets n/a and a note.

import json
import os
import sys
import time

import bench_machine
import bench_plot
import bench_text
from bench_figures import Table
from bench_machine import ROOT
from bench_process import Allocator, Failure, Parser, check_loads, parse_library, peers

PARTS = ("micro", "macro", "traces")
SUBJECT = "strata"


class Progress:
    """Where we are, on a terminal; silence elsewhere."""

    def __init__(self, total, stream=sys.stderr):
        self.total = total
        self.done = 0
        self.stream = stream
        self.is_shown = stream.isatty()
        self.start = time.monotonic()

    def say(self, text):
        if self.is_shown:
            self.stream.write("\r\033[K[%3d %%] %s" % (100 * self.done // max(self.total, 1), text))
            self.stream.flush()

    def step(self, text):
        self.say(text)
        self.done += 1

    def end(self):
        if self.is_shown:
            self.stream.write("\r\033[K")
            self.stream.flush()


class Results:
    def __init__(self, machine, command, subject, allocators, tables):
        self.machine = machine
        self.command = command
        self.subject = subject        # whose worst rows are listed
        self.allocators = allocators  # names, in the order of columns
        self.tables = [table for table in tables if not table.is_empty()]

    def as_json(self):
        return json.dumps({"machine": self.machine, "command": self.command,
                           "subject": self.subject, "allocators": self.allocators,
                           "tables": [table.as_data() for table in self.tables]},
                          indent=1) + "\n"

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            tables = [Table.from_data(item, data["allocators"]) for item in data["tables"]]
            return Results(data["machine"], data["command"], data["subject"], data["allocators"],
                           tables)
        except OSError as error:
            raise Failure("%s can't be read: %s" % (path, error.strerror)) from error
        except (ValueError, KeyError, TypeError):
            raise Failure("%s is not a result of this benchmark" % path) from None


def parse_arguments(arguments):
    parser = Parser("bench", description="strata and its peers: time and memory.")
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer cells, programs and rounds")
    add("--parts", default="micro,macro,traces", help="some of micro,macro,traces (all)")
    add("--only", metavar="NAME,NAME", help="just these patterns or programs")
    add("--traces", metavar="PLACE", action="append", default=[],
        help="a trace or a directory of traces; may be given again")
    add("--rounds", type=int, help="rounds of the micro benchmark (5; quick 3)")
    add("--macro-rounds", type=int, help="rounds of the macro benchmark (3; quick 1)")
    add("--strata", metavar="PATH", default=os.path.join(ROOT, "build", "libstrata.so"),
        help="the library (build/libstrata.so)")
    add("--command", metavar="PATH", default=os.path.join(ROOT, "build", "strata"),
        help="the command that replays (build/strata)")
    add("--library", metavar="NAME=PATH", action="append", default=[],
        help="one more allocator; may be given again. NAME=PATH,VARIABLE=VALUE sets variables")
    add("--no-peers", action="store_true", help="without mimalloc, jemalloc and tcmalloc")
    add("--compiler", default=os.environ.get("CC", "cc"), help="what compiles bench/micro (cc)")
    add("--work", metavar="DIRECTORY", default=os.path.join(ROOT, "build", "bench"),
        help="where to build and run (build/bench)")
    add("--results", metavar="DIRECTORY", default=os.path.join(ROOT, "bench", "results"),
        help="where the results go (bench/results)")
    add("--name", help="of the results (date and commit)")
    add("--render", metavar="FILE", help="make text and pictures of an earlier FILE.json")
    add("--calibrate", action="store_true", help="print bench/micro/cells.txt for this machine")
    found = parser.parse_args(arguments)
    if found.rounds is None:
        found.rounds = 3 if found.quick else 5
    if found.macro_rounds is None:
        found.macro_rounds = 1 if found.quick else 3
    found.parts = found.parts.split(",")
    check_arguments(parser, found)
    return found


def check_arguments(parser, found):
    unknown = set(found.parts) - set(PARTS)
    if unknown:
        parser.error("there is no part '%s'" % "', '".join(sorted(unknown)))
    if found.rounds < 1 or found.macro_rounds < 1:
        parser.error("there must be at least one round")
    if found.only is not None and len(found.parts) > 1:
        parser.error("--only wants one part: --parts micro, or --parts macro")
    if found.name is not None and (not found.name or "/" in found.name):
        parser.error("--name wants the name of a file without its place, not '%s'" % found.name)


def chosen_allocators(arguments):
    chosen = [Allocator(SUBJECT, os.path.realpath(arguments.strata)), Allocator("glibc", None)]
    if not arguments.no_peers:
        chosen += peers()
    for item in arguments.library:
        chosen.append(parse_library(item, [allocator.name for allocator in chosen]))
    for allocator in chosen:
        check_loads(allocator)
    return chosen


def prepare_micro(arguments, allocators):
    import bench_micro
    cells = bench_micro.choose(bench_micro.read_cells(), arguments.quick, arguments.only)
    program = bench_micro.build(arguments.work, arguments.compiler)
    return bench_micro.Micro(program, cells, allocators), len(cells)


def prepare_macro(arguments, allocators):
    import bench_macro
    programs = bench_macro.choose(arguments.quick, arguments.only)
    directory = os.path.join(arguments.work, "macro")
    return bench_macro.Macro(directory, programs, allocators), len(programs)


def measure(arguments, allocators):
    """All tables."""
    jobs, total, tables = [], 0, []
    for part, prepare, rounds in (("micro", prepare_micro, arguments.rounds),
                                  ("macro", prepare_macro, arguments.macro_rounds)):
        if part in arguments.parts:
            job, count = prepare(arguments, allocators)
            jobs.append((job, rounds))
            total += count * rounds * len(allocators)
    replay = prepare_traces(arguments, allocators)
    progress = Progress(total)
    try:
        for job, rounds in jobs:
            for number in range(rounds):
                job.round(number, progress)
            tables += job.tables()
    finally:
        progress.end()
    if replay is not None:
        replay.measure(arguments.rounds)
        tables += replay.tables()
    return tables


def prepare_traces(arguments, allocators):
    if "traces" not in arguments.parts or not arguments.traces:
        return None
    import bench_traces
    paths = bench_traces.find(arguments.traces, arguments.quick)
    if not os.path.exists(arguments.command):
        raise Failure("there is no command %s to replay traces with" % arguments.command)
    return bench_traces.Traces(arguments.command, arguments.work, paths, allocators)


def make_directory(directory):
    """Before anything is measured: a mistake shall not cost the results."""
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        raise Failure("the directory %s can't be made: %s" % (
            directory, error.strerror)) from error
    if not os.access(directory, os.W_OK):
        raise Failure("the directory %s can't be written to" % directory)


def write(results, directory, name):
    """NAME.txt, NAME.json and the pictures; says where."""
    try:
        for suffix, text in ((".json", results.as_json()), (".txt", bench_text.render(results))):
            with open(os.path.join(directory, name + suffix), "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise Failure("results can't be written into %s: %s" % (
            directory, error.strerror)) from error
    bench_plot.draw(results, directory, name)
    print("\n".join(bench_text.summary(results)))
    print("\nbench: all of it is in %s.txt, .json and -*.svg" % os.path.join(directory, name))


def print_calibration(arguments):
    import bench_micro
    program = bench_micro.build(arguments.work, arguments.compiler)
    cells = bench_micro.read_cells()
    print("\n".join(bench_micro.calibrate(program, cells, Allocator("glibc", None))))


def main(arguments):
    arguments = parse_arguments(arguments)
    if arguments.render is not None:
        results = Results.read(arguments.render)
        directory, file = os.path.split(os.path.abspath(arguments.render))
        write(results, directory, file.removesuffix(".json"))
        return
    make_directory(arguments.work)
    if arguments.calibrate:
        print_calibration(arguments)
        return
    if arguments.parts == ["traces"] and not arguments.traces:
        raise Failure("there is nothing to do: --traces names no trace")
    bench_plot.check_installed()
    make_directory(arguments.results)
    allocators = chosen_allocators(arguments)
    machine = bench_machine.describe(allocators, arguments.compiler)
    start, load_before = time.monotonic(), bench_machine.load()
    tables = measure(arguments, allocators)
    command = " ".join(["bench/run.py", *sys.argv[1:]])
    names = [allocator.name for allocator in allocators]
    machine["duration"] = "%.0f s, load %s before and %s at the end" % (
        time.monotonic() - start, load_before, bench_machine.load())
    write(Results(machine, command, SUBJECT, names, tables), arguments.results,
          arguments.name or bench_machine.default_name(machine))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        print("bench: %s." % failure, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nbench: stopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
