#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# How many instructions a malloc and its free execute, for hot blocks: exact, and the same on a
# busy machine as on an idle one, so that a change that makes the common way longer can't hide.
# bench/instructions/counted.c runs under callgrind; its head tells what is subtracted from what.
#
#   bench/instructions.py                  strata (build/libstrata.so), beside its limits
#   bench/instructions.py --gate           the same; fails if it is above a limit
#   bench/instructions.py --peers          also the C library's allocator and three more
#   bench/instructions.py --only malloc,batch
#
# Limits: bench/instructions.limits. Exit status: 0; 1 if a limit is exceeded; 2 if nothing could
# be counted.

import glob
import os
import shutil
import sys
import tempfile

from bench_process import (Allocator, Failure, NoFigure, Parser, build, check_loads, parse_library,
                           peers, run)

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "instructions", "counted.c")
LIMITS = os.path.join(HERE, "instructions.limits")

# Operations of the two runs. Allocators do some work every so many operations; in 2,000 that is
# a fraction of an instruction each. Fewer where one operation executes many.
SHORT, LONG = 1000, 3000
SHORT_MANY, LONG_MANY = 10, 30
# What one operation of counted.c consists of.
PARTS = {"batch": 100}
LIMIT_S = 120


class Cell:
    def __init__(self, operation, size, limit):
        self.operation = operation
        self.size = size
        self.limit = limit

    def counts(self):
        many = self.operation in PARTS or self.operation == "calloc" and self.size > 4096
        return (SHORT_MANY, LONG_MANY) if many else (SHORT, LONG)


def read_limits(path):
    """The cells, which are those that have a limit."""
    cells = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if not words:
                    continue
                if len(words) != 3 or not (words[1] + words[2]).isdecimal():
                    raise Failure("%s:%d is no limit: '%s'" % (path, number, line.strip()))
                cells.append(Cell(words[0], int(words[1]), int(words[2])))
    except OSError as error:
        raise Failure("%s can't be read: %s" % (path, error.strerror)) from error
    return cells


def choose(cells, only):
    if only is None:
        return cells
    names = set(only.split(","))
    known = {cell.operation for cell in cells}
    if names - known:
        raise Failure("there is no operation %s; there are %s" % (
            ", ".join(sorted(names - known)), ", ".join(sorted(known))))
    return [cell for cell in cells if cell.operation in names]


def read_total(path):
    """The instructions in one of callgrind's files."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("totals:"):
                return int(line.split()[1])
    raise NoFigure("callgrind wrote no total")


def net(totals, counts, parts):
    """Instructions of one operation, from the totals of the five calls of counted_run."""
    if len(totals) != 5:
        raise NoFigure("callgrind saw %d calls of counted_run, not 5" % len(totals))
    empty_short, empty_long, _, real_short, real_long = totals
    operations = (counts[1] - counts[0]) * parts
    figure = ((real_long - real_short) - (empty_long - empty_short)) / operations
    if figure < 0:
        raise NoFigure("it zeroes by other means than the memset that was subtracted")
    return figure


def count(program, cell, allocator):
    counts = cell.counts()
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "out")
        command = ["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=" + output,
                   "--toggle-collect=counted_run", "--dump-after=counted_run", program,
                   cell.operation, str(cell.size), str(counts[0]), str(counts[1])]
        run(command, allocator.environ(), LIMIT_S)
        files = sorted(glob.glob(output + ".*"), key=lambda name: int(name.rsplit(".", 1)[1]))
        return net([read_total(name) for name in files], counts, PARTS.get(cell.operation, 1))


def exceeded(cell, figure):
    """Is it above the limit? Less than half an instruction is a fraction of something rare."""
    return round(figure) > cell.limit


def parse_arguments():
    parser = Parser("instructions", description="Instructions of a malloc and its free.")
    parser.add_gate(LIMITS, "counted.c")
    parser.add_argument("--only", metavar="NAME,NAME", help="just these operations")
    return parser.parse_args()


def chosen_allocators(arguments):
    chosen = [Allocator("strata", os.path.realpath(arguments.strata))]
    if arguments.peers:
        chosen += [Allocator("glibc", None)] + peers()
    for item in arguments.library:
        chosen.append(parse_library(item, [allocator.name for allocator in chosen]))
    for allocator in chosen:
        check_loads(allocator)
    return chosen


def measure(program, cells, allocators):
    """Prints the table as it grows; returns the cells in which strata exceeds its limit."""
    print("Instructions of an operation (a pair, or one realloc)\n")
    print("%-8s %7s" % ("", "limit") + "".join("%10s" % a.name for a in allocators))
    failed = []
    for cell in cells:
        line = "%-8s %5d %7d" % (cell.operation, cell.size, cell.limit)
        for allocator in allocators:
            try:
                figure = count(program, cell, allocator)
            except NoFigure as why:
                if allocator.name == "strata":
                    raise Failure("%s %d can't be counted: %s" % (
                        cell.operation, cell.size, why)) from None
                line += "%10s" % "n/a"
                continue
            line += "%10.1f" % figure
            if allocator.name == "strata" and exceeded(cell, figure):
                failed.append((cell, figure))
        print(line, flush=True)
    return failed


def main():
    arguments = parse_arguments()
    if shutil.which("valgrind") is None:
        raise Failure("valgrind is not installed; bench/setup.sh installs it")
    cells = choose(read_limits(arguments.limits), arguments.only)
    allocators = chosen_allocators(arguments)
    with tempfile.TemporaryDirectory() as directory:
        program = build(arguments.compiler, os.path.join(directory, "counted"), [SOURCE],
                        "-rdynamic")
        failed = measure(program, cells, allocators)
    for cell, figure in failed:
        print("instructions: %s of %d bytes executes %.1f, the limit is %d." % (
            cell.operation, cell.size, figure, cell.limit), file=sys.stderr)
    return 1 if failed and arguments.gate else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("instructions: %s." % failure, file=sys.stderr)
        sys.exit(2)
