# SPDX-License-Identifier: MIT-0
#
# The micro benchmark: bench/micro compiled into one program, which runs one cell of
# bench/micro/cells.txt a process. Gives two tables, CPU time and peak memory.

import glob
import os
import re

import bench_process
from bench_figures import Table
from bench_process import Failure, Hung, NoFigure, run

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "micro")
CELLS = os.path.join(SOURCES, "cells.txt")

# The slowest cell that is known takes 5 s of an idle processor.
LIMIT_S = 60
# Who hangs in so many cells is not asked again: that would take hours.
HANGS_MOST = 3
# Who needs longer than this for a cell has shown what there is to see in one round.
ONE_ROUND_S = 1.0
# A free that costs less than a tenth of a nanosecond beyond the loop is noise.
LEAST_NS = 0.1
# Peak memory is shown where it is made of blocks: enough of them, and every page touched.
MEMORY_LIVE_LEAST = 8 << 20
MEMORY_SIZE_MOST = 4096

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}


def parse_size(text):
    """64k as 65536."""
    match = re.fullmatch(r"([1-9][0-9]*)([km]?)", text)
    if match is None:
        raise ValueError(text)
    return int(match.group(1)) * UNITS[match.group(2)]


class Cell:
    def __init__(self, pattern, size, count, words):
        self.pattern = pattern
        self.size_text = size
        self.size = parse_size(size)
        self.count = int(count)
        self.is_quick = "quick" in words  # part of the quick run
        self.is_fixed = "fixed" in words  # the count is part of what is measured


def read_cells(path=CELLS):
    cells = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            try:
                cell = Cell(*words[:3], words[3:])
            except (TypeError, ValueError):
                cell = None
            if cell is None or cell.count < 1 or set(words[3:]) - {"quick", "fixed"}:
                raise Failure("%s:%d is no cell: '%s'" % (path, number, line.strip()))
            cells.append(cell)
    return cells


def choose(cells, is_quick, only):
    if only is not None:
        names = set(only.split(","))
        known = {cell.pattern for cell in cells}
        if names - known:
            raise Failure("there is no pattern %s; there are %s" % (
                ", ".join(sorted(names - known)), ", ".join(sorted(known))))
        return [cell for cell in cells if cell.pattern in names]
    return [cell for cell in cells if cell.is_quick or not is_quick]


def build(directory, compiler):
    """Compiles the program; returns its path."""
    sources = sorted(glob.glob(os.path.join(SOURCES, "*.c")))
    return bench_process.build(compiler, os.path.join(directory, "micro"), sources, "-pthread")


def parse_output(text):
    figures = dict(line.split() for line in text.splitlines())
    return {name: int(value) for name, value in figures.items()}


class Result:
    """One run of a cell."""

    def __init__(self, text):
        try:
            figures = parse_output(text)
            net_ns = figures["cpu_ns"] - figures["loop_ns"]
            self.ns = max(net_ns / figures["ops"], LEAST_NS)
            self.cpu_s = figures["cpu_ns"] / 1e9
            self.live = figures["live_bytes"]
            self.peak = figures["peak_bytes"]
            damaged = figures["damaged"]
        except (ValueError, KeyError, ZeroDivisionError):
            raise NoFigure("it printed something else than figures") from None
        if damaged != 0:
            raise NoFigure("%d words of its blocks were damaged" % damaged)


class Micro:
    """Measures round after round; `time` and `memory` are the tables."""

    def __init__(self, program, cells, allocators):
        names = [allocator.name for allocator in allocators]
        self.program = program
        self.cells = cells
        self.allocators = allocators
        self.time = Table("micro-time", "Micro benchmarks: CPU time of an operation, without "
                          "that of the loop around it", "ns", names)
        self.memory = Table("micro-memory", "Micro benchmarks: peak memory over bytes asked for",
                            "x", names)
        self.done = set()
        self.hangs = {name: 0 for name in names}

    def tables(self):
        return [self.time, self.memory]

    def measure(self, cell, allocator):
        command = [self.program, cell.pattern, str(cell.size), str(cell.count)]
        return Result(run(command, allocator.environ(), LIMIT_S))

    def one(self, cell, allocator):
        """One run, unless an earlier one has said it all."""
        key = (cell.pattern, cell.size, allocator.name)
        if key in self.done:
            return
        try:
            if self.hangs[allocator.name] >= HANGS_MOST:
                raise NoFigure("not run: it hung in %d other cells" % HANGS_MOST)
            result = self.measure(cell, allocator)
        except NoFigure as why:
            self.hangs[allocator.name] += isinstance(why, Hung)
            self.fail(cell, allocator, str(why))
            self.done.add(key)
            return
        self.time.row(cell.pattern, cell.size_text).add(allocator.name, result.ns)
        if result.live >= MEMORY_LIVE_LEAST and cell.size <= MEMORY_SIZE_MOST:
            memory = self.memory.row(cell.pattern, cell.size_text)
            memory.add(allocator.name, max(result.peak, 1) / result.live)
        if result.cpu_s > ONE_ROUND_S:
            self.done.add(key)

    def fail(self, cell, allocator, reason):
        labels = (cell.pattern, cell.size_text)
        self.time.row(*labels).fail(allocator.name, reason)
        if labels in self.memory.rows:
            self.memory.row(*labels).fail(allocator.name, reason)

    def round(self, number, progress):
        for cell in self.cells:
            for allocator in turned(self.allocators, number):
                progress.step("micro %s %s, %s" % (cell.pattern, cell.size_text, allocator.name))
                self.one(cell, allocator)


def turned(items, number):
    """In each round another one is first, so that nobody always follows the same."""
    first = number % len(items)
    return items[first:] + items[:first]


def calibrate(program, cells, allocator, aim_s=0.025):
    """The lines of cells.txt with counts that take `aim_s` of CPU time on `allocator`."""
    lines = []
    for cell in cells:
        count = cell.count
        while not cell.is_fixed:
            cell.count = count
            output = parse_output(run([program, cell.pattern, str(cell.size), str(count)],
                                      allocator.environ(), LIMIT_S))
            cpu_s = max(output["cpu_ns"] / 1e9, 1e-6)
            if cpu_s >= aim_s / 3:
                count = rounded(count * aim_s / cpu_s)
                break
            count *= 4
        words = " quick" * cell.is_quick + " fixed" * cell.is_fixed
        lines.append("%-13s %5s %9d%s" % (cell.pattern, cell.size_text, count, words))
    return lines


def rounded(value):
    """To one and a half digits, so that a table of counts changes only for a reason."""
    power = 10 ** max(len(str(int(value))) - 2, 0)
    return max(int(value / power / 5 + 0.5) * 5 * power, 1)
