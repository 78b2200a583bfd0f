# SPDX-License-Identifier: MIT-0
#
# Recorded programs: `strata replay` measures them, interleaved and in processes of their own;
# here its figures become tables like the others. Gives CPU time cold and warm, and peak memory.

import json
import os
import subprocess

from bench_figures import Table
from bench_process import Failure

SUFFIXES = (".tr", ".tr.xz", ".tr.zst")
# Of a quick run: a small one in which large blocks count, and one of many small blocks.
QUICK = ("sqlite", "perl")


def trace_name(path):
    return os.path.basename(path).split(".tr")[0]


def find(places, is_quick):
    """The traces that the places name: files, or directories full of them."""
    found = []
    for place in places:
        if os.path.isdir(place):
            inside = [os.path.join(place, name) for name in sorted(os.listdir(place))
                      if name.endswith(SUFFIXES)]
            if not inside:
                raise Failure("there is no trace (*.tr, *.tr.xz, *.tr.zst) in %s" % place)
            found += [path for path in inside if trace_name(path) in QUICK or not is_quick]
        elif os.path.isfile(place):
            found.append(place)
        else:
            raise Failure("there is no trace %s" % place)
    return found


class Traces:
    """All rounds are one run of `strata replay`."""

    def __init__(self, command, directory, paths, allocators):
        names = [allocator.name for allocator in allocators]
        self.command = command
        self.output = os.path.join(directory, "replay.json")
        self.paths = paths
        self.allocators = allocators
        self.tables_by_field = {
            "warm_ns": Table("trace-warm", "Recorded programs, replayed: CPU time of an operation "
                             "once the allocator has warmed up", "ns", names),
            "cold_ns": Table("trace-cold", "Recorded programs, replayed: CPU time of an operation "
                             "in a new process", "ns", names),
            "memory_per_live": Table("trace-memory", "Recorded programs, replayed: peak memory "
                                     "over bytes asked for", "x", names)}

    def tables(self):
        return list(self.tables_by_field.values())

    @staticmethod
    def name_for_replay(allocator):
        """`strata replay` always takes the library beside it by the name of strata."""
        if allocator.library is None:
            return "system"
        if allocator.name == "strata":
            return "strata"
        return "%s=%s" % (allocator.name, allocator.library)

    def measure(self, rounds):
        arguments = [self.command, "replay", "--json", "--output", self.output, "--runs",
                     str(rounds)]
        environment = dict(os.environ)
        for allocator in self.allocators:
            arguments += ["--allocator", self.name_for_replay(allocator)]
            environment.update(allocator.environment)
        # Its own progress shows on the terminal, if there is one.
        done = subprocess.run([*arguments, *self.paths], env=environment, check=False)
        if done.returncode != 0:
            raise Failure("`strata replay` ended with exit status %d" % done.returncode)
        with open(self.output, encoding="utf-8") as file:
            self.take(json.load(file))

    def take(self, data):
        """The figures in what `strata replay` wrote."""
        libraries = {item["label"]: item["library"] for item in data["allocators"]}
        for allocator in self.allocators:
            if allocator.name == "strata" and libraries["strata"] != allocator.library:
                raise Failure("%s replays on %s, not on %s" % (
                    self.command, libraries["strata"], allocator.library))
        names = {"system": allocator.name for allocator in self.allocators
                 if allocator.library is None}
        for trace in data["traces"]:
            for result in trace["results"]:
                name = names.get(result["allocator"], result["allocator"])
                for field, table in self.tables_by_field.items():
                    self.take_one(table.row(trace["name"]), name, result, result[field])

    @staticmethod
    def take_one(row, name, result, value):
        if result["failure"] or result["damaged"] or result["failed"]:
            row.fail(name, result["failure"] or "blocks were damaged or refused")
        elif value is None or value <= 0:
            row.fail(name, "too small to be measured")
        else:
            row.add(name, value)
