#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""The gates on instructions and footprint: their arithmetic, and that each of them fails when a
limit is exceeded. An allocator that passes everything on stands in the place of strata."""

import unittest

from bench_harness import SPOILED, BenchTest

import footprint
import instructions
from bench_process import Failure, NoFigure


class InstructionArithmetic(BenchTest):
    def test_what_happens_once_and_the_loop_cancel(self):
        # 1,000 and 3,000 operations; 5 instructions a loop, 40 of the allocator, 700 at its start.
        totals = [5 * 1000 + 9, 5 * 3000 + 9, 45 * 1000 + 700, 45 * 1000 + 9, 45 * 3000 + 9]
        self.assertEqual(instructions.net(totals, (1000, 3000), 1), 40)
        self.assertEqual(instructions.net(totals, (1000, 3000), 100), 0.4)

    def test_a_call_too_few_is_no_figure(self):
        self.assertRaises(NoFigure, instructions.net, [1, 2, 3, 4], (1000, 3000), 1)

    def test_less_than_nothing_is_no_figure(self):
        self.assertRaises(NoFigure, instructions.net, [10, 900, 0, 10, 800], (1000, 3000), 1)

    def test_a_limit_is_exceeded_by_whole_instructions(self):
        cell = instructions.Cell("malloc", 16, 40)
        self.assertEqual([instructions.exceeded(cell, figure) for figure in (39, 40.4, 40.6)],
                         [False, False, True])


class Instructions(BenchTest):
    def gate(self, limit, *more):
        path = self.write("limits", "malloc 64 %d\n" % limit)
        return self.script("instructions.py", "--gate", "--strata", SPOILED, "--limits", path,
                           *more)

    def test_below_its_limit_it_passes(self):
        done = self.gate(100000)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^malloc      64  100000 +[1-9][0-9.]+$")

    def test_above_its_limit_it_fails(self):
        done = self.gate(3)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^instructions: malloc of 64 bytes executes [1-9][0-9.]+, "
                         r"the limit is 3\.\n$")

    def test_bad_input_is_one_sentence(self):
        for line in ("malloc 64", "malloc 64 -1", "malloc 64 1 1", "malloc x 1"):
            path = self.write("bad", line + "\n")
            self.expect_refusal("instructions: %s:1 is no limit: '%s'." % (path, line),
                                "instructions.py", "--limits", path)
        self.expect_refusal("instructions: /gone can't be read: No such file or directory.",
                            "instructions.py", "--limits", "/gone")
        self.expect_refusal("instructions: there is no library /gone.so.", "instructions.py",
                            "--strata", "/gone.so")
        self.expect_refusal("instructions: unrecognized arguments: --fast; --help shows how.",
                            "instructions.py", "--fast")
        path = self.write("unknown", "mallocate 64 1\n")
        self.expect_refusal("instructions: mallocate 64 can't be counted: exit status 2: counted: "
                            "wants OPERATION SIZE SHORT LONG.", "instructions.py", "--strata",
                            SPOILED, "--limits", path)

    def test_the_committed_limits_can_be_read(self):
        cells = instructions.read_limits(instructions.LIMITS)
        self.assertEqual({cell.operation for cell in cells},
                         {"malloc", "calloc", "realloc", "aligned", "batch"})


class Footprint(BenchTest):
    GENEROUS = {"code": 10 ** 8, "text": 10 ** 8, "idle": 10 ** 5, "block": 10 ** 5}

    def gate(self, **limits):
        values = dict(self.GENEROUS, **limits)
        path = self.write("limits", "".join("%s %d\n" % pair for pair in values.items()))
        return self.script("footprint.py", "--gate", "--strata", SPOILED, "--limits", path)

    def test_below_its_limits_it_passes(self):
        done = self.gate()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_above_any_of_its_limits_it_fails(self):
        for name, unit, sentence in footprint.ROWS:
            done = self.gate(**{name: 0})
            if name == "block":
                # Its first block costs the C library's own allocator nothing more.
                continue
            self.assertEqual(done.returncode, 1, name)
            self.assertRegex(done.stderr, r"^footprint: %s is [1-9][0-9]* %s, the limit is 0\.\n$"
                             % (sentence, unit))

    def test_each_figure_is_held_against_its_own_limit(self):
        figures = {"code": 1, "text": 2, "idle": 3, "block": 4}
        self.assertEqual(footprint.exceeded(figures, figures), [])
        for name in figures:
            sentences = footprint.exceeded(figures, dict(figures, **{name: 0}))
            self.assertEqual(len(sentences), 1)
            self.assertIn("is %d " % figures[name], sentences[0])

    def test_bad_input_is_one_sentence(self):
        for line in ("code", "code x", "code 1 2"):
            path = self.write("bad", line + "\n")
            self.expect_refusal("footprint: %s:1 is no limit: '%s'." % (path, line),
                                "footprint.py", "--limits", path)
        self.expect_refusal("footprint: unrecognized arguments: --fast; --help shows how.",
                            "footprint.py", "--fast")
        path = self.write("short", "code 1\n")
        self.expect_refusal("footprint: %s must have limits of code, text, idle, block." % path,
                            "footprint.py", "--limits", path)

    def test_the_committed_limits_can_be_read(self):
        self.assertEqual(set(footprint.read_limits(footprint.LIMITS)), set(self.GENEROUS))
        self.assertRaises(Failure, footprint.read_limits, "/gone")


if __name__ == "__main__":
    unittest.main()
