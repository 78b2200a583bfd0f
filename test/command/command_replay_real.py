# SPDX-License-Identifier: MIT-0
#
# `strata replay` with the real replayer: figures that can be known beforehand, and allocators
# that crash, damage or refuse (bad_library.c). Nothing here depends on how long anything takes.

import json
import os
import unittest

from command_replay_tools import ALONE, REPLAYER, ReplayTest

# bad_library.c does something when this many bytes are asked for.
MARK = 4242


def bad_library(fault):
    return os.environ["STRATA_BAD_LIBRARY_%d" % fault]


class RealTest(ReplayTest):
    def setUp(self):
        super().setUp()
        self.put_replayer(REPLAYER)

    def result(self, *arguments, ops, status=0):
        """(the columns of the one trace, standard error)."""
        done = self.replay("--json", *ALONE, *arguments, self.trace(ops), status=status)
        (trace,) = json.loads(done.stdout)["traces"]
        return {one["allocator"]: one for one in trace["results"]}, done.stderr


class Figures(RealTest):
    def test_memory_is_what_the_trace_needs(self):
        ops = [("malloc", 1000)] * 30000
        system = self.result(ops=ops)[0]["system"]
        self.assertEqual(system["runs"][0]["ops"], 60000)
        self.assertEqual(len(system["runs"][0]["passes"]), 2)
        self.assertGreater(system["memory_per_live"], 1)
        self.assertLess(system["memory_per_live"], 1.1)
        self.assertGreater(system["minor_faults"], 30000 * 1000 // 4096)
        self.assertLess(system["minor_faults"], 2 * 30000 * 1000 // 4096)
        self.assertLessEqual(system["kept"], system["memory"])

    def test_system_calls_are_counted_but_not_the_replays_own(self):
        ops = [("malloc", MARK)] * 5 + [("malloc", 10)] * 50
        library = bad_library(4)
        with_marks, _ = self.result("--allocator", "marked=" + library, ops=ops)
        calls = {label: one["system_calls"] for label, one in with_marks.items()}
        self.assertGreater(calls["system"], 0)
        self.assertEqual(calls["marked"] - calls["system"], 15)

    def test_system_calls_of_all_threads_are_counted(self):
        ops = []
        for number in range(3):
            ops += [("thread", number)] + [("malloc", MARK)] * 1000
        found, _ = self.result("--threads", "--allocator", "marked=" + bad_library(4), ops=ops)
        # Threads that wait for each other make some more.
        self.assertGreaterEqual(found["marked"]["counted_calls"], 9000)

    def test_threads_replay_the_same_operations(self):
        ops = []
        for number in range(600):
            ops += [("thread", number % 4), ("malloc", number), ("malloc", 50),
                    ("free", 2 * number)]
        found, _ = self.result("--threads", "--touch", "all", ops=ops)
        run = found["system"]["runs"][0]
        self.assertEqual((run["ops"], run["damaged"], run["failed"]), (2400, 0, 0))

    def test_instructions_are_exact(self):
        ops = [("malloc", 100), ("free", 0)] + [("malloc", 40)] * 200
        counts = [self.result("--instructions", ops=ops)[0]["system"] for _ in range(2)]
        self.assertGreater(counts[0]["instructions"], 10)
        self.assertLess(counts[0]["instructions"], 10000)
        self.assertEqual(counts[0]["counted_instructions"], counts[1]["counted_instructions"])

    def test_live_memory_is_sampled(self):
        ops = [("malloc", 100000)] * 40
        pictures = os.path.join(self.place, "pictures")
        found, _ = self.result("--plot", pictures, ops=ops)
        samples = found["system"]["samples"]
        self.assertEqual(max(live for _, live, _ in samples), 4000000)
        self.assertEqual(samples[-1][:2], [80, 0])
        self.assertIn("memory-small.svg", os.listdir(pictures))


class Broken(RealTest):
    OPS = [("malloc", 1000)] * 3000 + [("malloc", MARK), ("malloc", 30)]

    def broken(self, fault):
        found, stderr = self.result("--allocator", "bad=" + bad_library(fault), ops=self.OPS,
                                    status=1)
        self.assertIsNone(found["system"]["failure"])
        self.assertGreater(found["system"]["memory"], 0)
        return found["bad"], stderr

    def test_an_allocator_that_aborts(self):
        bad, stderr = self.broken(1)
        self.assertEqual(bad["failure"], "was killed by signal 6 (Aborted)")
        self.assertEqual(stderr, "strata: replay: bad on small was killed by signal 6 (Aborted).\n")

    def test_an_allocator_that_refuses(self):
        bad, stderr = self.broken(2)
        self.assertGreater(bad["failed"], 0)
        self.assertRegex(stderr, r"\Astrata: replay: bad REFUSED memory to small: .*\n\Z")

    def test_an_allocator_that_damages(self):
        bad, stderr = self.broken(3)
        self.assertGreater(bad["damaged"], 0)
        self.assertRegex(stderr, r"\Astrata: replay: bad DAMAGED what small had written: .*\n\Z")


if __name__ == "__main__":
    unittest.main()
