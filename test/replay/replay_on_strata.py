# SPDX-License-Identifier: MIT-0
#
# The built libstrata.so in the replayer: random plans with and without threads, every byte
# written and compared.

import os
import unittest

from replay_harness import ReplayTest, random_plan

LIBRARY = os.environ["STRATA_LIBRARY"]


class OnStrata(ReplayTest):
    def test_random_plans(self):
        for seed in range(4):
            plan = random_plan(700 + seed, 20000, live_max=2000)
            self.expect_sound(plan, "--passes", "3", "--touch", "all", LD_PRELOAD=LIBRARY)

    def test_random_plans_of_threads(self):
        for seed in range(6):
            plan = random_plan(800 + seed, 10000, 2 + 2 * seed, live_max=2000)
            self.expect_sound(plan, "--passes", "3", "--touch", "all", LD_PRELOAD=LIBRARY)


if __name__ == "__main__":
    unittest.main()
