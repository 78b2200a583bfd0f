# SPDX-License-Identifier: MIT-0
#
# What the tests of the recorder share: running `strata record`, and reading a trace as the
# reader finds it (dump.c), which fails if the trace is not sound in every respect.

import collections
import os
import subprocess

from command_harness import COMMAND, CommandTest

PROGRAM = {name: os.environ["RECORD_PROGRAM_" + name.upper()]
           for name in ("calls", "disk", "early", "life", "threads", "times")}
DUMP = os.environ["RECORD_DUMP"]
REFUSE = os.environ["RECORD_REFUSE"]

CUT, NOTES = 1, 2

Op = collections.namedtuple("Op", "thread kind id size old_size align time")


class Trace:
    def __init__(self, path, environment):
        done = subprocess.run([DUMP, path], env=environment, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, "%s: %s" % (path, done.stdout[-300:] + done.stderr)
        lines = done.stdout.split("\n")[:-1]
        self.ops = [self.parse(line) for line in lines[:-1]]
        numbers = lines[-1].split(" ", 4)
        self.op_count, self.id_count, self.thread_count, self.flags = map(int, numbers[:4])
        self.program = numbers[4]
        assert self.op_count == len(self.ops)

    @staticmethod
    def parse(line):
        words = line.split(" ")
        return Op(int(words[0]), words[1], *map(int, words[2:]))

    def sizes(self, low=2000, high=4999):
        """What happened to blocks of such sizes: "malloc 2001", "free 2001"..."""
        return ["%s %d" % (op.kind, op.size) for op in self.ops if low <= op.size <= high]

    def between(self, first, last):
        """The operations from the allocation of `first` bytes to that of `last`, as texts; ids
        count from the first."""
        at = [op.size for op in self.ops].index(first)
        end = [op.size for op in self.ops].index(last)
        base = self.ops[at].id
        texts = []
        for op in self.ops[at:end]:
            text = "%s %d: %d" % (op.kind, op.id - base, op.size)
            if op.kind == "realloc":
                text += " was %d" % op.old_size
            if op.kind == "aligned":
                text += " at %d" % (1 << op.align)
            texts.append(text)
        return texts


class RecordTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.output = os.path.join(self.place, "x.tr.zst")

    def environment(self, **changes):
        for name in ("DIRECTORY", "LIMIT", "TIMES"):
            changes.setdefault("STRATA_RECORD_" + name, None)
        return super().environment(**changes)

    def record(self, *program, options=(), quiet=True, status=0, **changes):
        """Records; returns the CompletedProcess."""
        arguments = ["record", "-o", self.output, *(["-q"] if quiet else []), *options, "--"]
        done = self.strata(*arguments, *program, **changes)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def read(self, path=None):
        return Trace(path or self.output, self.environment())

    def record_quietly(self, *program, **more):
        """Records what writes nothing, and about which nothing is said; returns its trace."""
        done = self.record(*program, **more)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        return self.read()

    def files(self):
        """The names of what there is."""
        return sorted(name for name in os.listdir(self.place) if name != "temporary")

    def children(self):
        """The traces of the other processes, by name."""
        return {name: self.read(os.path.join(self.place, name))
                for name in self.files() if name != os.path.basename(self.output)}

    def only_child(self):
        children = self.children()
        self.assertEqual(len(children), 1, children.keys())
        return next(iter(children.values()))

    def start(self, *program, options=(), **more):
        """Starts recording; returns the Popen."""
        arguments = [COMMAND, "record", "-q", "-o", self.output, *options, "--", *program]
        process = subprocess.Popen(arguments, env=self.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process
