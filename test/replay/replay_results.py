# SPDX-License-Identifier: MIT-0
#
# What a run without threads writes, and that it calls, writes and compares what it should.

import unittest

from replay_harness import (ALIGNED, CALLOC, CHECKED, FAKE, FREE, MALLOC, NAMES, PAGE, REALLOC,
                            Plan, ReplayTest, random_plan)

TOUCHES = ("pages", "all", "none")
MIB = 1 << 20


class Lines(ReplayTest):
    def test_all_lines_are_there_once(self):
        plan = random_plan(1, 500)
        results = self.replay(plan)
        self.assertEqual(sorted(results.names), sorted(NAMES))
        self.assertEqual(results.names[:2], ["begin", "end"])
        self.assertEqual(results["ops"], len(plan.ops))
        self.assertEqual(results["warm_faults"], 0, "there was no warm pass")

    def test_each_pass_has_a_line(self):
        results = self.expect_sound(random_plan(2, 500), "--passes", "200")
        self.assertEqual(len(results.passes), 200)
        for cpu_ns, wall_ns in results.passes:
            self.assertGreater(cpu_ns, 0)
            self.assertGreater(wall_ns, 0)

    def test_a_plan_of_nothing(self):
        results = self.expect_sound(Plan(), "--passes", "3", "--samples", "5")
        self.assertEqual(len(results.passes), 3)
        self.assertEqual(results.samples, [])

    def test_without_an_allocator(self):
        plan = random_plan(3, 2000)
        for touch in TOUCHES:
            results = self.replay(plan, "--null", "--passes", "2", "--touch", touch,
                                  program=CHECKED)
            self.assertEqual(results["failed"], 0)
            self.assertEqual(results["ops"], len(plan.ops))

    def test_without_an_allocator_nothing_is_called(self):
        plan = random_plan(4, 300)
        self.assertEqual(self.calls(plan, "--null"), self.calls(Plan(), "--null"))

    def calls(self, plan, *arguments):
        """How often the fake allocator's functions were called, in the order of the kinds."""
        path = self.path("counts")
        self.replay(plan, *arguments, LD_PRELOAD=FAKE, FAKE_COUNTS=path)
        with open(path, encoding="ascii") as file:
            return [int(line) for line in file]

    def test_calls_are_those_of_the_plan(self):
        plan = random_plan(5, 3000)
        # What the C library itself calls, at start and exit.
        usual = self.calls(Plan())
        for pass_count in (1, 3):
            made = self.calls(plan, "--passes", str(pass_count))
            self.assertEqual([a - b for a, b in zip(made, usual)],
                             [pass_count * plan.count(kind) for kind in
                              (MALLOC, CALLOC, REALLOC, FREE, ALIGNED)])


class Contents(ReplayTest):
    def test_random_plans_are_replayed_without_damage(self):
        for seed in range(12):
            plan = random_plan(seed, 1500)
            with self.subTest(seed=seed):
                touch = TOUCHES[seed % 3]
                self.expect_sound(plan, "--passes", "2", "--touch", touch, program=CHECKED)
                self.expect_sound(plan, "--passes", "2", "--touch", touch, LD_PRELOAD=FAKE)

    def test_all_small_sizes_and_each_realloc_between_them(self):
        plan = Plan()
        sizes = (*range(1, 34), PAGE - 1, PAGE, PAGE + 7, PAGE + 8, PAGE + 9, 2 * PAGE + 8)
        for old in sizes:
            for new in sizes:
                slot = plan.allocate(old, CALLOC)
                plan.realloc(slot, new)
                plan.free(slot)
        for touch in TOUCHES:
            self.expect_sound(plan, "--touch", touch, program=CHECKED)

    def test_nothing_as_a_size(self):
        plan = Plan()
        for kind in (MALLOC, CALLOC, ALIGNED):
            plan.allocate(0, kind)
        grown = plan.allocate(0)
        plan.realloc(grown, 100)
        plan.free_all()
        for touch in TOUCHES:
            self.expect_sound(plan, "--touch", touch, program=CHECKED)

    def test_a_realloc_to_nothing_is_no_failure(self):
        plan = Plan()
        plan.realloc(plan.allocate(100), 0)
        plan.free_all()
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_alignments_up_to_64_kib(self):
        plan = Plan()
        for align_log2 in range(17):
            for size in (0, 1, 24, 5000):
                slot = plan.allocate(size, ALIGNED, align_log2=align_log2)
                if size == 24:
                    plan.realloc(slot, 99)
        plan.free_all()
        self.expect_sound(plan, "--passes", "2", program=CHECKED)

    def test_a_large_block(self):
        plan = Plan()
        slot = plan.allocate(64 * MIB)
        plan.realloc(slot, 65 * MIB + 5)
        plan.free_all()
        self.expect_sound(plan, program=CHECKED)

    def test_touching_writes_a_word_in_each_page(self):
        plan = Plan()
        plan.allocate(64 * MIB)
        plan.free_all()
        peak = {}
        for touch in TOUCHES:
            results = self.expect_sound(plan, "--touch", touch, "--samples", "1")
            peak[touch] = results["peak_rss"] - results["start_rss"]
            self.assertEqual(results["major_faults"], 0)
        self.assertLess(peak["none"], 2 * MIB)
        for touch in ("pages", "all"):
            self.assertGreater(peak[touch], 64 * MIB - 2 * MIB)
            self.assertLess(peak[touch], 64 * MIB + 2 * MIB)


class Faults(ReplayTest):
    """An allocator that is broken for blocks of 120 bytes is seen to be."""

    def run_broken(self, plan, fault, offset=0, touch="pages"):
        results = self.replay(plan, "--touch", touch, LD_PRELOAD=FAKE, FAKE_FAULT=fault,
                              FAKE_SIZE="120", FAKE_OFFSET=str(offset))
        self.assertEqual(results["ops"], len(plan.ops))
        return results["damaged"], results["failed"]

    def plan_of(self, kind):
        """Three blocks; the one of 120 bytes is of that kind."""
        plan = Plan()
        plan.allocate(64)
        if kind == REALLOC:
            plan.realloc(plan.allocate(200), 120)
        else:
            plan.allocate(120, kind, align_log2=8 if kind == ALIGNED else 0)
        plan.allocate(64)
        plan.free_all()
        return plan

    def test_without_a_fault_nothing_is_seen(self):
        for kind in (MALLOC, CALLOC, REALLOC, ALIGNED):
            self.assertEqual(self.run_broken(self.plan_of(kind), "other"), (0, 0))

    def test_failures_are_counted_and_the_object_skipped(self):
        for kind in (MALLOC, CALLOC, REALLOC, ALIGNED):
            for touch in TOUCHES:
                with self.subTest(kind=kind, touch=touch):
                    found = self.run_broken(self.plan_of(kind), "null", touch=touch)
                    self.assertEqual(found, (0, 1))

    def test_an_object_that_failed_is_not_made_by_a_realloc(self):
        plan = Plan()
        slot = plan.allocate(120)
        plan.realloc(slot, 500)
        plan.realloc(slot, 120)
        plan.free_all()
        self.assertEqual(self.run_broken(plan, "null"), (0, 1))

    def test_a_block_of_which_a_realloc_failed_stays(self):
        plan = Plan()
        slot = plan.allocate(200)
        plan.realloc(slot, 120)
        plan.realloc(slot, 300)
        plan.free_all()
        self.assertEqual(self.run_broken(plan, "null", touch="all"), (0, 1))

    def test_damage_at_the_ends_is_seen_by_free(self):
        for offset in (0, 7, 112, 119):
            with self.subTest(offset=offset):
                self.assertEqual(self.run_broken(self.plan_of(MALLOC), "damage", offset), (1, 0))

    def test_damage_in_the_middle_is_seen_when_all_is_touched(self):
        plan = self.plan_of(MALLOC)
        self.assertEqual(self.run_broken(plan, "damage", 60), (0, 0))
        self.assertEqual(self.run_broken(plan, "damage", 60, "all"), (1, 0))
        self.assertEqual(self.run_broken(plan, "damage", 60, "none"), (0, 0))

    def test_damage_is_seen_by_realloc(self):
        plan = Plan()
        slot = plan.allocate(120)
        plan.allocate(64)
        plan.realloc(slot, 600)
        plan.free_all()
        # The last word is wrong before the move; the first before and after.
        self.assertEqual(self.run_broken(plan, "damage", 119), (1, 0))
        self.assertEqual(self.run_broken(plan, "damage", 0), (2, 0))

    def test_memory_of_calloc_that_is_not_zero_is_seen(self):
        plan = self.plan_of(CALLOC)
        for offset in (0, 119):
            self.assertEqual(self.run_broken(plan, "dirty", offset), (1, 0))
        self.assertEqual(self.run_broken(plan, "dirty", 60), (0, 0))
        self.assertEqual(self.run_broken(plan, "dirty", 60, "all"), (1, 0))

    def test_a_result_that_is_not_aligned_is_seen(self):
        self.assertEqual(self.run_broken(self.plan_of(ALIGNED), "misalign"), (1, 0))

    def test_contents_that_realloc_loses_are_seen(self):
        self.assertEqual(self.run_broken(self.plan_of(REALLOC), "lose"), (1, 0))
        self.assertEqual(self.run_broken(self.plan_of(REALLOC), "lose", touch="all"), (15, 0))


class Memory(ReplayTest):
    def test_live_bytes_and_places_of_samples(self):
        plan = random_plan(6, 1000)
        results = self.expect_sound(plan, "--samples", "10")
        count = len(plan.ops)
        expected = {plan.peak_live_op + 1}
        expected.update(count // 10 * i + count % 10 * i // 10 for i in range(1, 11))
        self.assertEqual([op for op, _, _ in results.samples], sorted(expected))
        for op, live, rss in results.samples:
            self.assertEqual(live, plan.lives[op - 1])
            self.assertEqual(rss % PAGE, 0)

    def test_samples_follow_what_is_live(self):
        plan = Plan()
        blocks = [plan.allocate(MIB) for _ in range(50)]
        for slot in blocks:
            plan.free(slot)
        results = self.expect_sound(plan, "--samples", "100")
        self.assertEqual(len(results.samples), 100)
        for _, live, rss in results.samples:
            # glibc maps each of these for itself: nothing is kept.
            self.assertLess(abs(rss - results["start_rss"] - live), MIB)
        self.assertLess(abs(results["peak_rss"] - results["start_rss"] - 50 * MIB), MIB)
        self.assertLess(abs(results["end_rss"] - results["start_rss"]), MIB)
        self.assertGreater(results["minor_faults"], 50 * MIB // PAGE)

    def test_there_are_no_more_samples_than_operations(self):
        plan = random_plan(7, 20)
        results = self.expect_sound(plan, "--samples", "100000")
        self.assertEqual([op for op, _, _ in results.samples],
                         list(range(1, len(plan.ops) + 1)))

    def test_a_run_without_an_allocator_needs_no_memory(self):
        plan = random_plan(8, 30000, live_max=5000)
        results = self.replay(plan, "--null", "--passes", "3", "--samples", "5")
        for name in ("peak_rss", "end_rss", "warm_end_rss"):
            # Pages of the program and of the C library that are touched for the first time.
            self.assertLess(results[name] - results["start_rss"], 256 * 1024, name)
        self.assertLess(results["minor_faults"], 32)
        self.assertLess(results["warm_faults"], 2)

    def test_the_plan_is_memory_of_files(self):
        small = self.replay(random_plan(9, 100), "--null")
        plan = random_plan(9, 200000, live_max=50)
        large = self.replay(plan, "--null")
        grown = large["file_rss"] - small["file_rss"]
        self.assertLess(abs(grown - 16 * len(plan.ops)), 512 * 1024)


if __name__ == "__main__":
    unittest.main()
