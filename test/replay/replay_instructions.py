# SPDX-License-Identifier: MIT-0
#
# That the instructions of a run, less those of a run without an allocator, are the allocator's.

import os
import re
import unittest

from replay_harness import FREE, ReplayTest, random_plan

VALGRIND = os.environ["STRATA_VALGRIND"]
# The replayer, linked with an allocator of which each call costs so many instructions.
KNOWN = {60: os.environ["STRATA_KNOWN_60"], 100: os.environ["STRATA_KNOWN_100"]}


class Instructions(ReplayTest):
    def count(self, program, plan, *arguments):
        """Instructions of the pass."""
        status, _, error = self.start(
            plan.bytes(), *arguments, program=program,
            before=(VALGRIND, "--tool=callgrind", "--toggle-collect=replay_run_ops",
                    "--callgrind-out-file=" + self.path("callgrind")))
        self.assertEqual(status, 0, error)
        return int(re.search(r"Collected : (\d+)", error).group(1))

    def test_net_of_the_run_without_an_allocator_is_what_the_allocator_costs(self):
        plan = random_plan(2, 3000)
        # The frees that the plan adds at its end are not counted.
        recorded = plan.ops[:plan.tail_op]
        frees = sum(kind == FREE for _, _, kind, _, _ in recorded)
        allocations = len(recorded) - frees
        self.assertLess(len(recorded), len(plan.ops))
        for touch in ("pages", "all", "none"):
            none = self.count(KNOWN[60], plan, "--null", "--touch", touch)
            known = {n: self.count(program, plan, "--touch", touch)
                     for n, program in KNOWN.items()}
            with self.subTest(touch=touch):
                # Exact, whatever the compiler made of the replayer.
                self.assertEqual(known[100] - known[60], 40 * allocations + 20 * frees)
                # The functions of the run without an allocator are 1 to 3 instructions.
                for n, count in known.items():
                    net = count - none
                    self.assertLessEqual(net, (n - 1) * allocations + n // 2 * frees)
                    self.assertGreaterEqual(net, (n - 3) * allocations + (n // 2 - 2) * frees)


if __name__ == "__main__":
    unittest.main()
