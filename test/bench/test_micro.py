#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""The program of the micro benchmark: that every pattern runs, does as much as it says, notices
overlapping blocks, and that bad arguments get a sentence."""

import os
import subprocess
import unittest

from bench_harness import SPOILED, BenchTest

import bench_micro

MICRO = os.environ["BENCH_MICRO"]
CHECKED = os.environ["BENCH_MICRO_CHECKED"]


def micro(program, *arguments, **environment):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **environment))


def patterns():
    done = micro(MICRO, "--list")
    return [line.split()[0] for line in done.stdout.splitlines()]


class Patterns(BenchTest):
    def test_each_pattern_runs_clean_and_does_what_it_was_asked(self):
        for name in patterns():
            size = "65536" if name.startswith("grow_") else "48"
            with self.subTest(name):
                done = micro(CHECKED, name, size, "3000")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                figures = bench_micro.parse_output(done.stdout)
                self.assertEqual(figures["damaged"], 0)
                self.assertGreaterEqual(figures["ops"], 3000)
                self.assertGreater(figures["cpu_ns"], 0)

    def test_working_sets_are_as_large_as_their_names_say(self):
        for name, count in (("replace_1k", 1000), ("replace_100k", 100000)):
            live = bench_micro.parse_output(micro(MICRO, name, "64", "10").stdout)["live_bytes"]
            self.assertEqual(live, 64 * count)

    def test_peak_memory_is_that_of_the_blocks_alone(self):
        figures = bench_micro.parse_output(micro(MICRO, "cold", "4000", "10000").stdout)
        self.assertEqual(figures["live_bytes"], 40000000)
        self.assertGreater(figures["peak_bytes"], 39000000)
        self.assertLess(figures["peak_bytes"], 45000000)

    def test_mixed_sets_use_all_sizes_up_to_the_largest(self):
        figures = bench_micro.parse_output(micro(MICRO, "mixed_100k", "4096", "10").stdout)
        # Equally many in each doubling from 16 to 4096: 730 bytes on average.
        self.assertGreater(figures["live_bytes"], 100000 * 650)
        self.assertLess(figures["live_bytes"], 100000 * 850)

    def test_overlapping_blocks_are_noticed(self):
        done = micro(MICRO, "batch_fifo", "64", "5000", LD_PRELOAD=SPOILED, SPOILED="overlap")
        self.assertGreater(bench_micro.parse_output(done.stdout)["damaged"], 1000)

    def test_no_memory_is_a_sentence(self):
        done = micro(MICRO, "pair", "64", "5000", LD_PRELOAD=SPOILED, SPOILED="empty")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "micro: the allocator has no memory.\n"))


class Arguments(BenchTest):
    def refuse(self, sentence, *arguments):
        done = micro(MICRO, *arguments)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (2, sentence + "\n", ""))

    def test_bad_arguments_get_one_sentence(self):
        more = "; micro --list shows the patterns."
        self.refuse("micro: wants PATTERN SIZE COUNT" + more)
        self.refuse("micro: wants PATTERN SIZE COUNT" + more, "pair", "16")
        self.refuse("micro: there is no pattern 'pear'" + more, "pear", "16", "1")
        for size in ("15", "x", "", "-16", "16k", "99999999999999999999"):
            self.refuse("micro: the size must be 16 to 1073741824, not '%s'" % size + more,
                        "pair", size, "1")
        for count in ("0", "1x", "-1", "99999999999999999999"):
            self.refuse("micro: the count must be 1 to 1073741824, not '%s'" % count + more,
                        "pair", "16", count)


class CellsFile(BenchTest):
    def test_each_cell_is_of_a_pattern_there_is_and_each_pattern_has_cells(self):
        cells = bench_micro.read_cells()
        self.assertEqual({cell.pattern for cell in cells}, set(patterns()))
        self.assertEqual(len({(cell.pattern, cell.size) for cell in cells}), len(cells))
        self.assertTrue(all(cell.size >= 16 for cell in cells))

    def test_the_quick_run_is_a_part(self):
        cells = bench_micro.read_cells()
        quick = bench_micro.choose(cells, True, None)
        self.assertTrue(30 < len(quick) < len(cells) / 2)
        self.assertEqual(bench_micro.choose(cells, False, None), cells)

    def test_lines_that_are_no_cells_are_refused(self):
        for line in ("pair", "pair 16", "pair 16 x", "pair 16 0", "pair 16 -1", "pair 16K 1",
                     "pair 16 1 fast"):
            path = self.write("cells.txt", "# cells\n\n" + line + "\n")
            with self.assertRaises(bench_micro.Failure) as caught:
                bench_micro.read_cells(path)
            self.assertEqual(str(caught.exception), "%s:3 is no cell: '%s'" % (path, line))


class Results(BenchTest):
    TEXT = "cpu_ns 1000\nloop_ns 400\nops 100\nlive_bytes 0\npeak_bytes 9\ndamaged %d\n"

    def test_a_result_is_net_of_the_loop(self):
        self.assertEqual(bench_micro.Result(self.TEXT % 0).ns, 6)

    def test_less_than_the_loop_is_the_least_there_is(self):
        text = (self.TEXT % 0).replace("loop_ns 400", "loop_ns 1001")
        self.assertEqual(bench_micro.Result(text).ns, bench_micro.LEAST_NS)

    def test_damage_and_nonsense_are_no_figures(self):
        for text in (self.TEXT % 1, "", "cpu_ns 1\n", self.TEXT % 0 + "one two three\n",
                     (self.TEXT % 0).replace("ops 100", "ops 0")):
            self.assertRaises(bench_micro.NoFigure, bench_micro.Result, text)


if __name__ == "__main__":
    unittest.main()
