# SPDX-License-Identifier: MIT-0
#
# What the tests of the replayer share: plans, written as tools/replay/replay_plan.h says; and
# running the replayer on one, as `strata replay` does, with the plan on descriptor 3 and the
# results on descriptor 4.

import os
import random
import struct
import subprocess
import tempfile
import unittest

REPLAYER = os.environ["STRATA_REPLAYER"]
# The same sources with the sanitizer of this build; the same program, if it has none.
CHECKED = os.environ["STRATA_REPLAYER_CHECKED"]
# One in which threads take long between the steps of falling asleep.
DELAYED = os.environ["STRATA_REPLAYER_DELAYED"]
# An allocator that counts its calls and can misbehave.
FAKE = os.environ["STRATA_FAKE_ALLOCATOR"]

MALLOC, CALLOC, REALLOC, FREE, ALIGNED = range(5)
MAGIC = 0x31504C50
HEADER = struct.Struct("<IIQQQQQQ")
OP = struct.Struct("<IHBBQ")
PAGE = 4096
# Lines that every run writes; "pass" may come more than once, "sample" is as asked for.
NAMES = ["begin", "end", "pass", "ops", "start_rss", "peak_rss", "end_rss", "file_rss",
         "warm_end_rss", "minor_faults", "major_faults", "warm_faults", "damaged", "failed"]


class Plan:
    """A plan in the making. Slots are used again, unless it is for threads."""

    def __init__(self, thread_count=1):
        self.thread_count = thread_count
        self.ops = []
        self.sizes = {}        # of the live objects
        self.free_slots = []
        self.slot_count = 0
        self.live = self.peak_live = self.peak_live_op = 0
        self.size_max = 0
        self.tail_op = None
        self.lives = []        # bytes live after each operation

    def add(self, kind, slot, size=0, thread=0, align_log2=0):
        self.live += (0 if kind == FREE else size) - self.sizes.get(slot, 0)
        self.sizes[slot] = size
        if kind == FREE:
            del self.sizes[slot]
        if self.live > self.peak_live:
            self.peak_live, self.peak_live_op = self.live, len(self.ops)
        self.size_max = max(self.size_max, size)
        self.lives.append(self.live)
        self.ops.append((slot, thread, kind, align_log2, size))

    def allocate(self, size, kind=MALLOC, thread=0, align_log2=0):
        """Returns the new object's slot."""
        if self.free_slots and self.thread_count == 1:
            slot = self.free_slots.pop()
        else:
            slot = self.slot_count
            self.slot_count += 1
        self.add(kind, slot, size, thread, align_log2)
        return slot

    def realloc(self, slot, size, thread=0):
        self.add(REALLOC, slot, size, thread)

    def free(self, slot, thread=0):
        self.add(FREE, slot, 0, thread)
        self.free_slots.append(slot)

    def free_all(self, thread=0):
        """The tail: everything that is left."""
        self.tail_op = len(self.ops)
        for slot in sorted(self.sizes):
            self.add(FREE, slot, 0, thread)

    def bytes(self, **changes):
        """The file; `changes` are fields of the header that are to be wrong."""
        header = {"magic": MAGIC, "thread_count": self.thread_count, "op_count": len(self.ops),
                  "tail_op": len(self.ops) if self.tail_op is None else self.tail_op,
                  "slot_count": self.slot_count, "size_max": self.size_max,
                  "peak_live": self.peak_live, "peak_live_op": self.peak_live_op}
        header.update(changes)
        return HEADER.pack(*header.values()) + b"".join(OP.pack(*op) for op in self.ops)

    def count(self, kind):
        return sum(1 for op in self.ops if op[2] == kind)


def random_size(chance):
    """Mostly small, as programs ask for; sometimes nothing, sometimes some pages."""
    return chance.choice((0, chance.randrange(1, 16), chance.randrange(16, 256),
                          chance.randrange(16, 256), chance.randrange(256, 3 * PAGE),
                          chance.choice((8, 16, PAGE - 8, PAGE, PAGE + 8, 5 * PAGE + 3))))


def random_plan(seed, op_count, thread_count=1, live_max=200):
    """Random operations by random threads, each on an object of whomsoever."""
    chance = random.Random(seed)
    plan = Plan(thread_count)
    live = []
    while len(plan.ops) < op_count:
        thread = chance.randrange(thread_count)
        choice = chance.random()
        if not live or (choice < 0.45 and len(live) < live_max):
            kind = chance.choice((MALLOC, MALLOC, MALLOC, CALLOC, ALIGNED))
            align_log2 = chance.choice((0, 3, 4, 5, 6, 12, 16)) if kind == ALIGNED else 0
            live.append(plan.allocate(random_size(chance), kind, thread, align_log2))
            continue
        index = chance.randrange(len(live))
        if choice < 0.7:
            # 0 bytes would free it: a trace says free for that.
            plan.realloc(live[index], max(1, random_size(chance)), thread)
        else:
            live[index], live[-1] = live[-1], live[index]
            plan.free(live.pop(), thread)
    plan.free_all()
    return plan


class Results:
    """What a run wrote: `value` of each line with one number, `passes`, `samples`."""

    def __init__(self, text):
        self.names = []
        self.value = {}
        self.passes = []
        self.samples = []
        for line in text.splitlines():
            name, *numbers = line.split(" ")
            numbers = [int(number) for number in numbers]
            self.names.append(name)
            if name == "pass":
                self.passes.append(tuple(numbers))
            elif name == "sample":
                self.samples.append(tuple(numbers))
            elif name in self.value:
                raise AssertionError(f"there are two lines {name}")
            elif numbers:
                (self.value[name],) = numbers

    def __getitem__(self, name):
        return self.value[name]


class ReplayTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="strata-test-")
        self.addCleanup(place.cleanup)
        self.place = place.name

    def path(self, name):
        return os.path.join(self.place, name)

    def start(self, plan, *arguments, program=REPLAYER, before=(), **environment):
        """Runs it to its end; `plan` is the file's bytes, or None for no descriptor at all.
        Returns (status, results as text, standard error)."""
        command = [*before, program, *arguments]
        with tempfile.TemporaryFile() as plan_file, tempfile.TemporaryFile() as result_file:
            moves = [(result_file.fileno(), 4)]
            if plan is not None:
                plan_file.write(plan)
                plan_file.flush()
                moves.append((plan_file.fileno(), 3))
            done = self.run_moved(command, moves, environment)
            result_file.seek(0)
            return done.returncode, result_file.read().decode(), done.stderr

    def run_moved(self, command, moves, environment):
        values = dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1",
                      TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1", **environment)

        def move():
            # First out of the way, as a source may be another's target.
            high = [(os.dup2(source, 20 + i), target) for i, (source, target) in
                    enumerate(moves)]
            os.closerange(3, 20)
            for source, target in high:
                os.dup2(source, target)
                os.close(source)

        return subprocess.run(command, env=values, preexec_fn=move, close_fds=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=100, check=False)

    def replay(self, plan, *arguments, **rest):
        """A run that has to succeed; returns its Results."""
        status, text, error = self.start(plan.bytes(), *arguments, **rest)
        self.assertEqual((status, error), (0, ""))
        return Results(text)

    def expect_sound(self, plan, *arguments, **rest):
        """A run without damage or failures."""
        results = self.replay(plan, *arguments, **rest)
        self.assertEqual(results["damaged"], 0)
        self.assertEqual(results["failed"], 0)
        self.assertEqual(results["ops"], len(plan.ops))
        return results
