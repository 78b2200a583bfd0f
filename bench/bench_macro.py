# SPDX-License-Identifier: MIT-0
#
# The macro benchmark: the real programs of the host test, and a few more from bench/macro. Gives
# two tables, CPU time and peak memory. What a program prints and leaves must be what it prints
# and leaves on the first allocator, or it has no figure.

import os
import shutil
import subprocess
import sys

from bench_figures import Table
from bench_machine import ROOT
from bench_micro import turned
from bench_process import Failure

sys.path += [os.path.join(ROOT, "bench", "macro"), os.path.join(ROOT, "test", "host")]

import host_measure  # noqa: E402
from host_programs import PROGRAMS  # noqa: E402
from macro_programs import MORE_PROGRAMS  # noqa: E402

ALL = PROGRAMS + MORE_PROGRAMS
# Of the quick run: an interpreter, a compiler, a database, threads.
QUICK = ("python3", "g++", "sqlite3", "threads")


def choose(is_quick, only):
    if only is None:
        return [program for program in ALL if program.name in QUICK or not is_quick]
    names = set(only.split(","))
    known = [program.name for program in ALL]
    if names - set(known):
        raise Failure("there is no program %s; there are %s" % (
            ", ".join(sorted(names - set(known))), ", ".join(known)))
    return [program for program in ALL if program.name in names]


def check_installed(programs):
    missing = {need for program in programs for need in program.needs if not shutil.which(need)}
    if missing:
        raise Failure("%s not installed; bench/setup.sh installs what the programs need" %
                      (", ".join(sorted(missing)) + (" is" if len(missing) == 1 else " are")))


class Macro:
    """Measures round after round; `time` and `memory` are the tables."""

    def __init__(self, directory, programs, allocators):
        names = [allocator.name for allocator in allocators]
        check_installed(programs)
        try:
            self.bench = host_measure.Bench(directory)
        except (OSError, subprocess.CalledProcessError):
            raise Failure("the launcher of the macro benchmark can't be built") from None
        self.programs = programs
        self.allocators = allocators
        self.time = Table("macro-time", "Real programs: CPU time, user and system", "s", names)
        self.memory = Table("macro-memory", "Real programs: peak memory of the largest process",
                            "MiB", names)
        self.files = {}  # by program: what it leaves behind

    def tables(self):
        return [self.time, self.memory]

    def one(self, program, allocator):
        row, memory = self.time.row(program.name), self.memory.row(program.name)
        if allocator.name in row.notes:
            return
        try:
            outcome = self.bench.run(program, allocator.library, allocator.environment)
        except host_measure.Failure as error:
            raise Failure(str(error)) from None
        wrong = None
        if outcome.status != 0:
            wrong = outcome.ended()
        elif self.files.setdefault(program.name, outcome.files) != outcome.files:
            wrong = "its output differs"
        if wrong is None:
            row.add(allocator.name, max(outcome.cpu_s, 1e-6))
            memory.add(allocator.name, outcome.peak_kib / 1024)
        else:
            row.fail(allocator.name, wrong)
            memory.fail(allocator.name, wrong)

    def round(self, number, progress):
        for program in self.programs:
            if number == 0:
                progress.say("macro %s, preparing" % program.name)
                self.bench.prepare(program)
            for allocator in turned(self.allocators, number):
                progress.step("macro %s, %s" % (program.name, allocator.name))
                self.one(program, allocator)
