#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""bench/run.py as a whole, with an allocator that can be told to misbehave in the place of
strata: results appear, who crashes or hangs gets n/a, and bad input gets one sentence."""

import json
import os
import unittest
from unittest import mock

from bench_harness import SPOILED, BenchTest

import bench_macro
import bench_micro
import bench_traces
import run as run_py
from bench_process import Allocator, Failure, Hung, NoFigure, parse_library, run
from host_programs import Program


class Whole(BenchTest):
    """One run, looked at from several sides: it takes seconds."""

    def test_a_run_with_allocators_that_misbehave(self):
        arguments = ["--parts", "micro", "--only", "ring", "--rounds", "2", "--no-peers",
                     "--strata", SPOILED, "--work", self.place, "--results", self.place,
                     "--name", "try"]
        for how in ("crash", "exit", "overlap"):
            arguments += ["--library", "%s=%s,SPOILED=%s" % (how, SPOILED, how)]
        done = self.script("run.py", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(name for name in os.listdir(self.place) if "try" in name),
                         ["try-micro-all.svg", "try-micro-strata.svg", "try.json", "try.txt"])
        with open(os.path.join(self.place, "try.json"), encoding="utf-8") as file:
            data = json.load(file)
        self.look_at_rows(data["tables"][0]["rows"])
        self.assertEqual(data["allocators"], ["strata", "glibc", "crash", "exit", "overlap"])
        for name in ("processor", "system", "compiler", "commit", "date"):
            self.assertTrue(data["machine"][name])
        self.look_at_rendering()

    def look_at_rows(self, rows):
        self.assertEqual(len(rows), sum(c.pattern == "ring" for c in bench_micro.read_cells()))
        for row in rows:
            self.assertEqual({name: len(values) for name, values in row["values"].items()},
                             {"strata": 2, "glibc": 2})
            self.assertEqual(row["notes"]["crash"], "killed by signal 11")
            self.assertEqual(row["notes"]["exit"], "exit status 3")
            self.assertIn("words of its blocks were damaged", row["notes"]["overlap"])

    def look_at_rendering(self):
        """From the JSON alone the same text comes out."""
        path = os.path.join(self.place, "try.txt")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        os.remove(path)
        done = self.script("run.py", "--render", os.path.join(self.place, "try.json"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), text)
        self.assertIn("killed by signal 11", text)

    def test_who_hangs_is_ended_and_has_no_figure(self):
        program = bench_micro.build(self.place, os.environ["CC"])
        hanging = Allocator("hang", SPOILED, {"SPOILED": "hang"})
        with self.assertRaises(NoFigure) as caught:
            run([program, "pair", "16", "1"], hanging.environ(), 0.5)
        self.assertEqual(str(caught.exception), "ended by us after 0.5 s")

    def test_a_cell_that_failed_is_not_run_again(self):
        cell = bench_micro.Cell("pair", "16", 10, [])
        micro = bench_micro.Micro("micro", [cell], [Allocator("a", None)])
        with mock.patch.object(micro, "measure", side_effect=NoFigure("hung")) as measure:
            micro.one(cell, micro.allocators[0])
            micro.one(cell, micro.allocators[0])
        self.assertEqual(measure.call_count, 1)


class BadInput(BenchTest):
    def refuse(self, sentence, *arguments):
        self.expect_refusal("bench: " + sentence, "run.py", "--work", self.place, "--results",
                            self.place, *arguments)

    def test_arguments(self):
        more = "; --help shows how."
        self.refuse("there is no part 'makro'" + more, "--parts", "makro")
        self.refuse("there must be at least one round" + more, "--rounds", "0")
        self.refuse("argument --rounds: invalid int value: 'x'" + more, "--rounds", "x")
        self.refuse("unrecognized arguments: --fast" + more, "--fast")
        self.refuse("--only wants one part: --parts micro, or --parts macro" + more,
                    "--only", "pair")
        self.refuse("--name wants the name of a file without its place, not 'a/b'" + more,
                    "--name", "a/b")

    def test_what_is_not_there(self):
        base = ("--no-peers", "--strata", SPOILED)
        self.refuse("there is no library /gone.so.", "--no-peers", "--strata", "/gone.so")
        self.refuse("the compiler /gone/cc can't be started: No such file or directory.",
                    *base, "--parts", "micro", "--compiler", "/gone/cc")
        self.refuse("there is no trace /gone.tr.", *base, "--parts", "traces", "--traces",
                    "/gone.tr")
        self.refuse("there is nothing to do: --traces names no trace.", "--parts", "traces")
        self.refuse("there is no trace (*.tr, *.tr.xz, *.tr.zst) in %s." % self.place, *base,
                    "--parts", "traces", "--traces", self.place)
        self.expect_refusal("bench: the directory /proc/gone can't be made: No such file or "
                            "directory.", "run.py", *base, "--results", "/proc/gone", "--work",
                            self.place)
        self.refuse("there is no command /gone to replay traces with.", *base, "--parts",
                    "traces", "--traces", self.write("x.tr", ""), "--command", "/gone")

    def test_names(self):
        base = ("--no-peers", "--strata", SPOILED)
        done = self.script("run.py", *base, "--parts", "micro", "--only", "pear,pair",
                           "--work", self.place)
        self.assertRegex(done.stderr, r"^bench: there is no pattern pear; there are [^\n]*\.\n$")
        done = self.script("run.py", *base, "--parts", "macro", "--only", "gone",
                           "--work", self.place)
        self.assertRegex(done.stderr, r"^bench: there is no program gone; there are [^\n]*\.\n$")

    def test_libraries(self):
        form = "--library wants NAME=PATH[,VARIABLE=VALUE...], not '%s'"
        for item in ("x", "=x", "x=", "x=y,z"):
            with self.assertRaises(Failure) as caught:
                parse_library(item, [])
            self.assertEqual(str(caught.exception), form % item)
        with self.assertRaises(Failure):
            parse_library("x=y", ["x"])
        with_variables = parse_library("x=/y,A=1,B=2=3", [])
        self.assertEqual(with_variables.environment, {"A": "1", "B": "2=3"})
        no_library = self.write("text.so", "no library")
        self.refuse("%s is not loaded when it is preloaded." % no_library, "--no-peers",
                    "--strata", no_library)

    def test_results_to_render(self):
        self.refuse("/gone.json can't be read: No such file or directory.",
                    "--render", "/gone.json")
        for text in ("", "{}", "[]", '{"allocators": 1, "tables": []}', '{"tables": [1]}'):
            path = self.write("bad.json", text)
            self.refuse("%s is not a result of this benchmark." % path, "--render", path)

    def test_who_hangs_everywhere_is_not_asked_again(self):
        cells = [bench_micro.Cell("pair", str(size), 10, []) for size in range(16, 26)]
        micro = bench_micro.Micro("micro", cells, [Allocator("a", None)])
        with mock.patch.object(micro, "measure", side_effect=Hung("hung")) as measure:
            for cell in cells:
                micro.one(cell, micro.allocators[0])
        self.assertEqual(measure.call_count, bench_micro.HANGS_MOST)
        reasons = [row.notes["a"] for row in micro.time.rows.values()]
        self.assertEqual(reasons[:3] + reasons[-1:],
                         ["hung"] * 3 + ["not run: it hung in 3 other cells"])


class Macro(BenchTest):
    def run_program(self, command):
        """The macro benchmark of one program, on the C library and on one more allocator."""
        program = Program("try", command)
        allocators = [Allocator("glibc", None), Allocator("other", SPOILED, {"OTHER": "1"})]
        macro = bench_macro.Macro(self.place, [program], allocators)
        progress = run_py.Progress(0, open(os.devnull, "w", encoding="ascii"))
        self.addCleanup(progress.stream.close)
        for number in range(2):
            macro.round(number, progress)
        return macro

    def test_time_and_memory_of_a_program(self):
        macro = self.run_program(["bash", "-c", "echo text >file; exit 0"])
        for table in macro.tables():
            self.assertEqual({name: len(values) for name, values
                              in table.row("try").values.items()}, {"glibc": 2, "other": 2})
        self.assertLess(macro.memory.row("try").median("glibc"), 20)

    def test_who_fails_or_writes_something_else_has_no_figure(self):
        for command, reason in (("exit ${OTHER:-0}", "ended with exit status 1"),
                                ("echo ${OTHER:-0}", "its output differs"),
                                ("echo ${OTHER:-0} >file", "its output differs"),
                                ('test -z "$OTHER" || kill -9 $$', "was killed by signal 9")):
            macro = self.run_program(["bash", "-c", command])
            for table in macro.tables():
                self.assertEqual(table.row("try").notes, {"other": reason})
                self.assertIsNotNone(table.row("try").median("glibc"))


class Traces(BenchTest):
    def test_figures_of_a_replay_become_tables(self):
        allocators = [Allocator("strata", "/s.so"), Allocator("glibc", None)]
        traces = bench_traces.Traces("strata", self.place, ["x.tr"], allocators)
        figures = {"warm_ns": 4, "cold_ns": 8, "memory_per_live": 1.5, "damaged": 0, "failed": 0,
                   "failure": None}
        traces.take({"allocators": [{"label": "strata", "library": "/s.so"},
                                    {"label": "system", "library": None}],
                     "traces": [{"name": "x", "results": [
                         {"allocator": "strata", **figures},
                         {"allocator": "system", **figures, "warm_ns": 2, "cold_ns": None}]},
                         {"name": "y", "results": [
                             {"allocator": "strata", **figures, "warm_ns": -0.5},
                             {"allocator": "system", **figures, "damaged": 1}]}]})
        warm, cold, memory = traces.tables()
        self.assertEqual(warm.row("y").notes, {"strata": "too small to be measured",
                                               "glibc": "blocks were damaged or refused"})
        self.assertEqual(warm.ratio(warm.row("x"), "strata"), 2)
        self.assertEqual(memory.row("x").median("glibc"), 1.5)
        self.assertEqual(cold.row("x").notes, {"glibc": "too small to be measured"})

    def test_a_replay_on_another_library_is_refused(self):
        traces = bench_traces.Traces("strata", self.place, [], [Allocator("strata", "/s.so")])
        with self.assertRaises(Failure):
            traces.take({"allocators": [{"label": "strata", "library": "/t.so"}], "traces": []})


if __name__ == "__main__":
    unittest.main()
