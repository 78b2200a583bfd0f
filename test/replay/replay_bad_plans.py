# SPDX-License-Identifier: MIT-0
#
# A plan or a command line that is wrong gets one sentence and status 2, and nothing is run.

import random
import subprocess
import unittest

from replay_harness import (ALIGNED, CHECKED, FREE, HEADER, MALLOC, OP, REALLOC, REPLAYER, Plan,
                            ReplayTest, random_plan)


class BadPlans(ReplayTest):
    def expect_refusal(self, plan, sentence, *arguments):
        status, text, error = self.start(plan, *arguments, program=CHECKED)
        self.assertEqual((status, text, error), (2, "", f"strata: replay: {sentence}.\n"))

    def test_a_plan_that_is_cut(self):
        whole = random_plan(1, 50).bytes()
        for size in (0, 1, HEADER.size - 1):
            self.expect_refusal(whole[:size], "the plan is bad: its header is cut")
        for size in (HEADER.size, len(whole) - 16, len(whole) - 1, len(whole) + 1,
                     len(whole) + 16):
            self.expect_refusal((whole + bytes(16))[:size],
                                "the plan is bad: the numbers in its header do not fit")

    def test_another_version(self):
        self.expect_refusal(random_plan(1, 50).bytes(magic=0x32504C50),
                            "the plan is bad: its first word is not that of the version known "
                            "here")

    def test_headers_that_do_not_fit(self):
        plan = random_plan(2, 50)
        count = len(plan.ops)
        for changes in ({"op_count": count - 1}, {"op_count": count + 1},
                        {"op_count": 1 << 60}, {"op_count": count + (1 << 60)},
                        {"thread_count": 0}, {"thread_count": 65537},
                        {"slot_count": count + 1}, {"slot_count": 1 << 40},
                        {"tail_op": count + 1}, {"size_max": (1 << 47) + 1}):
            with self.subTest(changes=changes):
                self.expect_refusal(plan.bytes(**changes),
                                    "the plan is bad: the numbers in its header do not fit")

    def expect_bad_op(self, ops, sentence, **header):
        """The last of these operations is the bad one; the threads are two."""
        plan = Plan(2)
        plan.ops = ops
        fields = {"slot_count": 2, "size_max": 100}
        fields.update(header)
        self.expect_refusal(plan.bytes(**fields),
                            f"the plan is bad: operation {len(ops) - 1} {sentence}")

    def test_operations_that_can_not_be(self):
        begin = [(0, 0, MALLOC, 0, 10), (1, 1, MALLOC, 0, 100)]
        for kind in (5, 6, 7, 0x40, 0x80, 255):
            self.expect_bad_op(begin + [(0, 0, kind, 0, 0)], "is of no known kind")
        self.expect_bad_op(begin + [(2, 0, FREE, 0, 0)], "has no slot")
        self.expect_bad_op(begin + [(1 << 31, 0, FREE, 0, 0)], "has no slot")
        self.expect_bad_op(begin + [(0, 0, REALLOC, 0, 101)], "is larger than the largest")
        self.expect_bad_op(begin + [(0, 2, FREE, 0, 0)], "is by a thread that there is not")
        self.expect_bad_op(begin[:1] + [(1, 0, ALIGNED, 41, 1)],
                           "asks for an alignment that is too large")

    def test_operations_in_no_order(self):
        begin = [(0, 0, MALLOC, 0, 10)]
        self.expect_bad_op(begin + [(0, 0, MALLOC, 0, 10)], "allocates into a slot that is in use")
        for kind in (REALLOC, FREE):
            self.expect_bad_op(begin + [(1, 0, kind, 0, 10)],
                               "is about an object that is not allocated")
        self.expect_bad_op(begin + [(0, 0, FREE, 0, 0), (0, 1, FREE, 0, 0)],
                           "is about an object that is not allocated")

    def test_objects_that_are_left(self):
        plan = Plan()
        plan.free(plan.allocate(10))
        plan.allocate(10)
        self.expect_refusal(plan.bytes(), "the plan is bad: objects are left at its end")

    def test_random_changes_crash_nothing(self):
        chance = random.Random(3)
        refused = 0
        for thread_count in (1, 3):
            whole = random_plan(thread_count, 60, thread_count).bytes()
            for _ in range(60):
                broken = bytearray(whole)
                for _ in range(chance.randrange(1, 4)):
                    # Not in sizes: an enormous one that is allowed only takes its time.
                    at = HEADER.size + chance.randrange(60) * OP.size + chance.randrange(8)
                    broken[at] = chance.randrange(256)
                status, _, error = self.start(bytes(broken), program=CHECKED)
                self.assertIn(status, (0, 2), error)
                refused += status == 2
                self.assertEqual(error == "", status == 0)
        self.assertGreater(refused, 60)

    def test_more_threads_than_can_be(self):
        # All of them live from the first operations to the last.
        plan = Plan(4200)
        slots = [plan.allocate(8, thread=thread) for thread in range(4200)]
        for thread, slot in enumerate(slots):
            plan.free(slot, thread)
        self.expect_refusal(plan.bytes(),
                            "more than 4096 threads at the same time can't be replayed")

    def test_arguments(self):
        plan = random_plan(4, 50).bytes()
        number = "an argument's number is missing or not in its range"
        for arguments, sentence in (
                (("--passes",), number), (("--passes", ""), number), (("--passes", "x"), number),
                (("--passes", "1x"), number), (("--passes", "-1"), number),
                (("--passes", "1000001"), number),
                (("--passes", "99999999999999999999999"), number),
                (("--samples",), number), (("--samples", "1.5"), number),
                (("--passes", "0"), "there is at least one pass"),
                (("--touch",), "--touch wants pages, all or none"),
                (("--touch", "some"), "--touch wants pages, all or none"),
                (("--nul",), "the replayer knows --null, --passes, --touch and --samples only"),
                (("plan",), "the replayer knows --null, --passes, --touch and --samples only")):
            with self.subTest(arguments=arguments):
                self.expect_refusal(plan, sentence, *arguments)

    def test_started_by_hand(self):
        foreign = "this program is for `strata replay` to start"
        self.expect_refusal(None, f"descriptor 3 is no plan; {foreign}")
        done = subprocess.run([REPLAYER], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (2, f"strata: replay: descriptor 4 is missing; {foreign}.\n"))

    def test_results_that_can_not_be_written(self):
        with open("/dev/full", "wb") as full, open(self.path("plan"), "wb") as file:
            file.write(random_plan(5, 50).bytes())
            file.close()
            with open(self.path("plan"), "rb") as plan:
                done = self.run_moved([CHECKED], [(full.fileno(), 4), (plan.fileno(), 3)], {})
        self.assertEqual((done.returncode, done.stderr),
                         (125, "strata: replay: the results can't be written to descriptor 4.\n"))


if __name__ == "__main__":
    unittest.main()
