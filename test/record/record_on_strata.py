# SPDX-License-Identifier: MIT-0
#
# Another allocator behind the recorder: the built libstrata.so.

import os
import unittest

from record_harness import PROGRAM, RecordTest

STRATA = os.environ["STRATA_LIBRARY"]


class OnStrata(RecordTest):
    def test_it_is_what_serves_the_program(self):
        report = os.path.join(self.place, "report")
        with open(report, "w", encoding="ascii"):
            pass
        self.record_quietly("sort", "/dev/null", LD_PRELOAD=STRATA, STRATA_REPORT=report)
        with open(report, encoding="utf-8") as file:
            self.assertIn("sort", file.read())
        os.remove(report)

    def test_calls(self):
        # But for a realloc to 0, which gives a new block, and the free that nobody sees.
        whole = self.record_quietly(PROGRAM["times"], LD_PRELOAD=STRATA)
        self.assertEqual(whole.sizes(), ["malloc 4001", "free 4001", "malloc 4002", "malloc 4003"])

    def test_threads_and_children(self):
        done = self.record(PROGRAM["threads"], "busy", "4", "20000", LD_PRELOAD=STRATA)
        allocs = sum(op.kind in ("malloc", "calloc") and op.size >= 10000
                     for op in self.read().ops)
        self.assertEqual(allocs, int(done.stdout.split()[0]))
        self.record(PROGRAM["life"], "fork_busy", "30", LD_PRELOAD=STRATA)
        self.assertEqual(len(self.children()), 30)


if __name__ == "__main__":
    unittest.main()
