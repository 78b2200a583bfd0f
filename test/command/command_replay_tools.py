# SPDX-License-Identifier: MIT-0
#
# What the tests of `strata replay` and `strata simulate` share: writing traces, a slow model of
# what a plan has to be, and a private copy of the command beside a stand-in for the replayer
# (fake_replayer.c), so that what the runs say is known.

import json
import math
import os
import shutil
import statistics
import struct
import subprocess

from command_harness import COMMAND, FAKE, CommandTest

FAKE_REPLAYER = os.environ["STRATA_FAKE_REPLAYER"]
REPLAYER = os.environ["STRATA_REPLAYER"]
RAW = ("ops", "start_rss", "peak_rss", "end_rss", "file_rss", "warm_end_rss", "minor_faults",
       "major_faults", "warm_faults", "damaged", "failed")
KINDS = ("malloc", "calloc", "realloc", "free", "aligned")

# ---- traces ----


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def record_bytes(op, newest):
    """The record of ("malloc", size), ("calloc", size), ("aligned", size, log2), ("free", id),
    ("realloc", id, size) or ("thread", number); `newest` objects were allocated before."""
    kind = {"thread": 5}.get(op[0], None)
    kind = KINDS.index(op[0]) if kind is None else kind
    if op[0] in ("free", "realloc"):
        return varint((newest - 1 - op[1]) << 3 | kind) + b"".join(map(varint, op[2:]))
    return varint(op[1] << 3 | kind) + b"".join(map(varint, op[2:]))


def trace_bytes(ops, flags=0, **changes):
    """A whole trace; `changes` are other numbers for its header."""
    records, newest = b"", 0
    for op in ops:
        records += record_bytes(op, newest)
        newest += op[0] in ("malloc", "calloc", "aligned")
    header = {"bytes": len(records), "ops": sum(op[0] != "thread" for op in ops), "ids": newest,
              "threads": 1 + max([op[1] for op in ops if op[0] == "thread"], default=0),
              "flags": flags}
    header.update(changes)
    return b"MTRACE1\0" + struct.pack("<5Q", *header.values()) + records


# ---- the model of a plan ----


def model_plan(ops, with_threads):
    """(header, operations) of the plan, as plainly as possible."""
    thread_count = 1 + max([op[1] for op in ops if op[0] == "thread"], default=0)
    with_threads = with_threads and thread_count > 1
    planned, sizes, slots = [], {}, {}
    free_slots, slot_count, newest, thread = [], 0, 0, 0
    peak, peak_op = 0, 0
    for op in ops:
        if op[0] == "thread":
            thread = op[1] if with_threads else 0
            continue
        align = 0
        if op[0] in ("malloc", "calloc", "aligned"):
            number, size = newest, op[1]
            newest += 1
            align = op[2] if op[0] == "aligned" else 0
            if free_slots and not with_threads:
                slots[number] = free_slots.pop()
            else:
                slots[number] = slot_count
                slot_count += 1
            sizes[number] = size
        elif op[0] == "realloc":
            number, size = op[1], op[2]
            sizes[number] = size
        else:
            number, size = op[1], 0
            del sizes[number]
            free_slots.append(slots[number])
        planned.append((slots[number], thread, KINDS.index(op[0]), align, size))
        if sum(sizes.values()) > peak:
            peak, peak_op = sum(sizes.values()), len(planned) - 1
    tail = len(planned)
    for number in sorted(sizes):
        planned.append((slots[number], 0, KINDS.index("free"), 0, 0))
    largest = max(op[4] for op in planned)
    header = (0x31504c50, thread_count if with_threads else 1, len(planned), tail, slot_count,
              largest, peak, peak_op)
    return header, planned


def read_plan(path):
    with open(path, "rb") as file:
        data = file.read()
    header = struct.unpack_from("<IIQQQQQQ", data)
    rest = data[struct.calcsize("<IIQQQQQQ"):]
    return header, list(struct.iter_unpack("<IHBBQ", rest))


# ---- what a run says ----


class Said:
    """What a run says; numbers that matter are given, the others are plain."""

    def __init__(self, cold=1000, warm=(500,), calls=0, ops=10, **values):
        self.passes = [(cold, 2 * cold)] + [(one, 2 * one) for one in warm]
        self.calls = calls
        self.raw = dict.fromkeys(RAW, 0)
        self.raw.update(values, ops=ops)
        self.extra = []

    def text(self):
        lines = ["begin", "!calls %d" % self.calls, "end"]
        lines += ["pass %d %d" % one for one in self.passes]
        lines += ["%s %d" % item for item in self.raw.items()]
        return "\n".join(lines + self.extra) + "\n"

    # The figures, made again from the definition in docs/replaying.md.
    def cold(self, clock=0):
        return self.passes[0][clock] / self.raw["ops"]

    def warm(self, clock=0):
        return statistics.mean(one[clock] for one in self.passes[1:]) / self.raw["ops"]

    def peak(self):
        return self.raw["peak_rss"] - self.raw["file_rss"]

    def kept(self):
        return self.raw["end_rss"] - self.raw["file_rss"]


def net(runs, nulls, figure):
    return statistics.median(map(figure, runs)) - statistics.median(map(figure, nulls))


def geometric_mean(values):
    return math.exp(statistics.mean(map(math.log, values)))


# ---- the test class ----

# The columns of most tests: nothing is preloaded.
ALONE = ("--allocator", "system", "--passes", "2", "--runs", "1")
SMALL = [("malloc", 100), ("malloc", 200), ("free", 0), ("calloc", 50), ("realloc", 1, 300)]


class ReplayTest(CommandTest):
    """Has a command of its own: self.bin/strata, with what self.put_fake() says."""

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.place, "bin")
        os.mkdir(self.bin)
        self.command = os.path.join(self.bin, "strata")
        shutil.copy2(COMMAND, self.command)

    def put_replayer(self, program=FAKE_REPLAYER):
        shutil.copy2(program, os.path.join(self.bin, "strata-replayer"))

    def put_strata(self):
        """A library of that name, which replaces nothing."""
        path = os.path.join(self.bin, "libstrata.so")
        shutil.copy2(FAKE, path)
        return path

    def put_library(self, name):
        path = os.path.join(self.place, name)
        shutil.copy2(FAKE, path)
        return path

    def say(self, name, said, run=None):
        """What the replayer says in every run of `name`, or in the run of that number."""
        text = said.text() if isinstance(said, Said) else said
        suffix = "" if run is None else ".%d" % run
        with open(os.path.join(self.bin, "say-" + name + suffix), "w", encoding="ascii") as file:
            file.write(text)

    def log(self):
        """(number, arguments, environment) of each run of the fake replayer."""
        path = os.path.join(self.bin, "log")
        if not os.path.exists(path):
            return []
        runs = []
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.split()
                entries = [word for word in words[1:] if "=" in word]
                runs.append((int(words[0]), words[1:len(words) - len(entries)], entries))
        return runs

    def trace(self, ops=None, name="small.tr", **changes):
        path = os.path.join(self.place, name)
        with open(path, "wb") as file:
            file.write(trace_bytes(SMALL if ops is None else ops, **changes))
        return path

    def run_own(self, *arguments, **changes):
        """Runs the command; the fake replayer counts runs from 1."""
        for name in os.listdir(self.bin):
            if name.startswith("count-"):
                os.unlink(os.path.join(self.bin, name))
        done = subprocess.run([self.command, *arguments], env=self.environment(**changes),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              cwd=self.place, check=False)
        self.assertEqual(os.listdir(self.temporary), [], "no temporary file is left")
        return done

    def replay(self, *arguments, status=0, **changes):
        done = self.run_own("replay", *arguments, **changes)
        self.assertEqual(done.returncode, status, done.stderr)
        if status == 0:
            self.assertEqual(done.stderr, "")
        return done

    def replay_json(self, *arguments, **more):
        return json.loads(self.replay("--json", *arguments, **more).stdout)

    def refuse(self, status, sentence, *arguments, command="replay", **changes):
        """Ends with just this sentence, and nothing has run."""
        done = self.run_own(command, *arguments, **changes)
        self.assertEqual(done.stderr, "strata: %s\n" % sentence)
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertEqual([run for run in self.log() if "LD_TRACE" not in " ".join(run[2])], [])
