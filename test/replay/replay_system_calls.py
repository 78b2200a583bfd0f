# SPDX-License-Identifier: MIT-0
#
# That the system calls between the two marks of a run are the allocator's, and nobody else's.

import os
import unittest

from replay_harness import FAKE, ReplayTest, random_plan

STRACE = os.environ["STRATA_STRACE"]


class SystemCalls(ReplayTest):
    def calls_between_marks(self, **environment):
        trace = self.path("trace")
        plan = random_plan(1, 5000)
        changes = [word for item in environment.items() for word in ("-E", "=".join(item))]
        status, _, error = self.start(plan.bytes(), "--passes", "2",
                                      before=(STRACE, "-f", "-o", trace, *changes))
        self.assertEqual((status, error), (0, ""))
        with open(trace, encoding="ascii", errors="replace") as file:
            lines = [line.split(maxsplit=1)[1].strip() for line in file]
        begin = [i for i, line in enumerate(lines) if line.startswith('write(4, "begin\\n"')]
        end = [i for i, line in enumerate(lines) if line.startswith('write(4, "end\\n"')]
        self.assertEqual((len(begin), len(end)), (1, 1))
        return [line.split("(")[0] for line in lines[begin[0] + 1:end[0]]]

    def test_an_allocator_that_makes_none_shows_none(self):
        self.assertEqual(self.calls_between_marks(LD_PRELOAD=FAKE), [])

    def test_the_c_library_shows_those_of_memory(self):
        calls = self.calls_between_marks()
        self.assertNotEqual(calls, [])
        self.assertLessEqual(set(calls), {"brk", "mmap", "munmap", "mremap", "madvise",
                                           "getrandom"})


if __name__ == "__main__":
    unittest.main()
