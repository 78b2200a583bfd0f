#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# What an allocator costs before it does anything: the size of its library, and the anonymous
# memory that preloading it adds to a program that does nothing, or allocates one block
# (bench/footprint/idle.c). Neither depends on load.
#
#   bench/footprint.py             strata (build/libstrata.so), beside its limits
#   bench/footprint.py --gate      the same; fails if it is above a limit
#   bench/footprint.py --peers     also three other allocators
#
# Limits and their reasons: bench/footprint.limits. Exit status: 0; 1 if a limit is exceeded; 2 if
# nothing could be measured.

import os
import shutil
import sys
import tempfile

from bench_process import (Allocator, Failure, NoFigure, Parser, build, check_loads, parse_library,
                           peers, run)

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "footprint", "idle.c")
LIMITS = os.path.join(HERE, "footprint.limits")

ROWS = [("code", "bytes", "machine code"),
        ("text", "bytes", "all that is mapped read-only"),
        ("idle", "KiB", "anonymous memory added to a program that does nothing"),
        ("block", "KiB", "the same, to one that allocates one block")]


def read_limits(path):
    limits = {}
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if not words:
                    continue
                if len(words) != 2 or not words[1].isdecimal():
                    raise Failure("%s:%d is no limit: '%s'" % (path, number, line.strip()))
                limits[words[0]] = int(words[1])
    except OSError as error:
        raise Failure("%s can't be read: %s" % (path, error.strerror)) from error
    if set(limits) != {row[0] for row in ROWS}:
        raise Failure("%s must have limits of %s" % (path, ", ".join(row[0] for row in ROWS)))
    return limits


def sizes(library):
    """Machine code, and all that is mapped read-only, in bytes."""
    if shutil.which("size") is None:
        raise Failure("size is not installed (Debian: binutils)")
    environment = dict(os.environ, LC_ALL="C")
    whole = run(["size", library], environment, 30).split("\n")[1].split()
    sections = run(["size", "-A", library], environment, 30)
    code = next(line.split()[1] for line in sections.split("\n") if line.startswith(".text "))
    return int(code), int(whole[0])


def anonymous_kib(program, allocator, block_count):
    """The anonymous memory of the program after so many blocks, the stack not counted."""
    return int(run([program, str(block_count)], allocator.environ(), 30))


def measure(program, allocators):
    """By allocator: the four figures by name. Those of memory are without the plain program's."""
    plain = Allocator("plain", None)
    base = [anonymous_kib(program, plain, count) for count in (0, 1)]
    figures = {}
    for allocator in allocators:
        try:
            code, text = sizes(allocator.library)
            idle, block = (anonymous_kib(program, allocator, count) for count in (0, 1))
        except (NoFigure, ValueError) as why:
            raise Failure("%s can't be measured: %s" % (allocator.name, why)) from None
        figures[allocator.name] = {"code": code, "text": text, "idle": idle - base[0],
                                   "block": block - base[1]}
    return figures


def show(figures, limits):
    print("%-6s %-6s %9s" % ("", "", "limit") + "".join("%10s" % name for name in figures))
    for name, unit, sentence in ROWS:
        print("%-6s %-6s %9d" % (name, unit, limits[name]) + "".join(
            "%10d" % column[name] for column in figures.values()) + "   " + sentence)


def exceeded(figures, limits):
    """The sentences about what is above its limit."""
    return ["%s is %d %s, the limit is %d" % (sentence, figures[name], unit, limits[name])
            for name, unit, sentence in ROWS if figures[name] > limits[name]]


def parse_arguments():
    parser = Parser("footprint", description="What an allocator costs at rest.")
    parser.add_gate(LIMITS, "idle.c")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    limits = read_limits(arguments.limits)
    allocators = [Allocator("strata", os.path.realpath(arguments.strata))]
    allocators += peers() if arguments.peers else []
    for item in arguments.library:
        allocators.append(parse_library(item, [allocator.name for allocator in allocators]))
    for allocator in allocators:
        check_loads(allocator)
    with tempfile.TemporaryDirectory() as directory:
        program = build(arguments.compiler, os.path.join(directory, "idle"), [SOURCE])
        figures = measure(program, allocators)
    show(figures, limits)
    sentences = exceeded(figures["strata"], limits)
    for sentence in sentences:
        print("footprint: %s." % sentence, file=sys.stderr)
    return 1 if sentences and arguments.gate else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("footprint: %s." % failure, file=sys.stderr)
        sys.exit(2)
