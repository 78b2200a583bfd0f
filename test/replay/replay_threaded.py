# SPDX-License-Identifier: MIT-0
#
# Plans of several threads: each operation waits for the one before it on its object, none for
# ever, threads come and go, and nothing is damaged. In the build with the thread sanitizer the
# replayer is compiled with it, so that an order that is not kept is a report.

import random
import unittest

from replay_harness import CHECKED, DELAYED, FAKE, PAGE, Plan, ReplayTest, Results, random_plan

# As in tools/replay/replay_threads.h.
BLOCK, WINDOW = 256, 1024
MIB = 1 << 20


class Threads(ReplayTest):
    def test_random_plans(self):
        for seed in range(30):
            thread_count = 2 + seed % 15
            plan = random_plan(100 + seed, 2500, thread_count)
            with self.subTest(thread_count=thread_count, seed=seed):
                results = self.expect_sound(plan, "--passes", "2", "--touch",
                                            ("pages", "all", "none")[seed % 3], "--samples", "3",
                                            program=CHECKED)
                self.assertEqual(len(results.passes), 2)

    def test_random_plans_on_an_allocator_that_reuses_nothing(self):
        # Whatever is freed twice, too early or by nobody's order makes it abort.
        for seed in range(6):
            plan = random_plan(200 + seed, 4000, 2 + 3 * seed)
            self.expect_sound(plan, "--passes", "2", "--touch", "all", LD_PRELOAD=FAKE)

    def test_a_plan_without_an_allocator(self):
        plan = random_plan(300, 4000, 5)
        results = self.replay(plan, "--null", "--passes", "2", program=CHECKED)
        self.assertEqual(results["failed"], 0)

    def test_one_object_that_goes_round(self):
        for thread_count in (2, 5, 16):
            plan = Plan(thread_count)
            slot = plan.allocate(100)
            for i in range(3000):
                plan.realloc(slot, 1 + i % 500, (i + 1) % thread_count)
            plan.free_all(thread_count - 1)
            self.expect_sound(plan, "--touch", "all", program=CHECKED)

    def test_nobody_oversleeps(self):
        # What a thread waits for often happens while it is about to sleep, and there is nobody
        # left to wake it later.
        for thread_count in (2, 3, 6):
            chance = random.Random(thread_count)
            plan = Plan(thread_count)
            slot = plan.allocate(100)
            for _ in range(2000):
                plan.realloc(slot, 1 + chance.randrange(100), chance.randrange(thread_count))
            plan.free_all(1)
            self.expect_sound(plan, program=DELAYED)
        for seed in range(4):
            self.expect_sound(random_plan(600 + seed, 1500, 4 + seed), program=DELAYED)

    def test_one_thread_allocates_and_another_frees(self):
        plan = Plan(2)
        slots = []
        for i in range(20000):
            slots.append(plan.allocate(16 + i % 100, thread=0))
            if len(slots) > 10:
                plan.free(slots.pop(0), 1)
        plan.free_all(1)
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_no_thread_runs_further_ahead_than_the_window(self):
        # Thread 1's first call takes a third of a second, in which thread 0 could do all that it
        # has to. It may do no more than a window and the block that this is rounded by. How much
        # it has done is seen in the sample that is taken when thread 1 is done: memory that the
        # fake allocator gave out.
        plan = Plan(2)
        plan.allocate(8, thread=0)
        plan.allocate(120, thread=1)
        for _ in range(4000):
            plan.free(plan.allocate(8 * PAGE, thread=0), 0)
        plan.free_all(1)
        status, text, error = self.start(plan.bytes(peak_live_op=1), "--samples", "1",
                                         LD_PRELOAD=FAKE, FAKE_FAULT="slow", FAKE_SIZE="120")
        self.assertEqual((status, error), (0, ""))
        results = Results(text)
        self.assertEqual(results.samples[0][0], 2)
        ahead = results.samples[0][2] - results["start_rss"]
        self.assertLess(ahead, (WINDOW + BLOCK) // 2 * 9 * PAGE)

    def test_threads_that_come_and_go(self):
        # More than could live at once: they have to end, and be joined, while others run.
        thread_count = 6000
        plan = Plan(thread_count)
        held = [plan.allocate(100, thread=0)]
        for thread in range(1, thread_count):
            for _ in range(3):
                held.append(plan.allocate(50 + thread % 70, thread=thread))
            for _ in range(3):
                plan.free(held.pop(0), thread)
            if thread % 7 == 0:
                plan.realloc(held[-1], 300, 0)
        plan.free_all(0)
        self.expect_sound(plan, "--samples", "3", program=CHECKED)
        # The stack of a thread that nobody joins stays: two pages of each, at least.
        results = self.expect_sound(plan)
        self.assertLess(results["end_rss"] - results["start_rss"], thread_count * PAGE)

    def test_threads_that_do_one_thing_only(self):
        thread_count = 300
        plan = Plan(thread_count)
        for thread in range(thread_count):
            plan.allocate(10, thread=thread)
        plan.free_all(0)
        self.expect_sound(plan, "--passes", "3", program=CHECKED)

    def test_the_first_operation_need_not_be_of_thread_0(self):
        plan = Plan(5)
        slot = plan.allocate(10, thread=3)
        plan.realloc(slot, 20, 1)
        plan.free(slot, 4)
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_a_plan_for_threads_in_which_one_does_all(self):
        plan = random_plan(400, 2000, 1)
        plan.thread_count = 8
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_a_plan_of_nothing(self):
        self.expect_sound(Plan(4), "--passes", "2", "--samples", "3", program=CHECKED)

    def test_slots_that_are_used_again_by_other_threads(self):
        # Plans for threads have a slot for each object; one that has not is replayed as well.
        plan = Plan(3)
        plan.slot_count = 1
        for i in range(2000):
            plan.add(0, 0, 40, i % 3)
            plan.add(3, 0, 0, (i + 1) % 3)
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_failures_of_all_threads_are_counted(self):
        plan = Plan(3)
        for thread in range(3):
            slot = plan.allocate(120, thread=thread)
            plan.realloc(slot, 300, (thread + 1) % 3)
            plan.free(slot, (thread + 2) % 3)
        results = self.replay(plan, LD_PRELOAD=FAKE, FAKE_FAULT="null", FAKE_SIZE="120")
        self.assertEqual((results["failed"], results["damaged"]), (3, 0))

    def test_samples_are_those_of_the_plan(self):
        plan = random_plan(500, 3000, 4)
        results = self.expect_sound(plan, "--samples", "8", "--passes", "2")
        self.assertIn(len(results.samples), (8, 9))
        for op, live, rss in results.samples:
            self.assertEqual(live, plan.lives[op - 1])
            self.assertGreater(rss, 0)

    def test_threads_that_wait_sleep(self):
        # One call takes a third of a second, in which the allocator sleeps, and seven threads
        # wait for it. Would they not sleep as well, they would use at least that.
        plan = Plan(8)
        slots = [plan.allocate(16, thread=thread) for thread in range(8)]
        slow = plan.allocate(120, thread=0)
        for thread in range(1, 8):
            plan.realloc(slow, 200, thread)
        for slot in slots:
            plan.free(slot, 7)
        plan.free_all(7)
        results = self.expect_sound(plan, LD_PRELOAD=FAKE, FAKE_FAULT="slow", FAKE_SIZE="120")
        cpu_ns, wall_ns = results.passes[0]
        self.assertGreater(wall_ns, 330e6)
        self.assertLess(cpu_ns, 165e6)


if __name__ == "__main__":
    unittest.main()
