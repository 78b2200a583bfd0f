# SPDX-License-Identifier: MIT-0
#
# `strata replay`: the plan against a slow model, the figures against what a stand-in for the
# replayer says. Others: command_replay_runs.py, _refuses.py; _real.py runs the real replayer.

import json
import os
import random
import re
import unittest

from command_replay_tools import ALONE, ReplayTest, Said, geometric_mean, model_plan, net, read_plan


def random_ops(seed, thread_count):
    """A small trace with everything in it."""
    source = random.Random(seed)
    ops, alive, newest = [], [], 0
    for _ in range(source.randint(1, 120)):
        choice = source.random()
        if thread_count > 1 and choice < 0.2:
            ops.append(("thread", source.randrange(thread_count)))
        elif choice < 0.6 or not alive:
            kind = source.choice(("malloc", "calloc", "aligned"))
            size = source.choice((0, 1, 24, 4096, source.randrange(1 << 30)))
            ops.append((kind, size, source.randrange(20)) if kind == "aligned" else (kind, size))
            alive.append(newest)
            newest += 1
        elif choice < 0.8:
            ops.append(("realloc", source.choice(alive), source.randrange(1, 1 << 20)))
        else:
            ops.append(("free", alive.pop(source.randrange(len(alive)))))
    if all(op[0] == "thread" for op in ops):
        ops.append(("malloc", 1))
    return ops


class Plans(ReplayTest):
    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.say("null", Said())
        self.say("system", Said())

    def expect_model(self, ops, *arguments):
        self.replay(*ALONE, *arguments, self.trace(ops))
        expected = model_plan(ops, "--threads" in arguments)
        self.assertEqual(read_plan(os.path.join(self.bin, "plan")), expected)

    def test_slots_are_used_again_and_the_rest_is_freed_oldest_first(self):
        self.expect_model([("malloc", 10), ("malloc", 20), ("malloc", 30), ("free", 1),
                           ("free", 0), ("malloc", 40), ("calloc", 50), ("aligned", 60, 12),
                           ("realloc", 2, 5000)])

    def test_objects_of_size_0_live_too(self):
        self.expect_model([("malloc", 0), ("aligned", 0, 5), ("free", 0)])

    def test_random_traces_without_threads(self):
        for seed in range(25):
            self.expect_model(random_ops(seed, 1 if seed % 2 else 4))

    def test_random_traces_with_threads(self):
        for seed in range(25):
            self.expect_model(random_ops(seed, 3), "--threads")

    def test_one_thread_is_replayed_as_one(self):
        self.expect_model(random_ops(7, 1), "--threads")

    def test_more_operations_than_are_written_at_once(self):
        ops = []
        for number in range(5000):
            ops += [("malloc", number % 100), ("malloc", 8), ("free", 2 * number)]
        self.expect_model(ops)

    def test_what_is_known_of_the_trace_is_told(self):
        ops = [("thread", 2), ("malloc", 1000), ("malloc", 24), ("free", 0), ("malloc", 5)]
        (trace,) = self.replay_json(*ALONE, self.trace(ops, name="deep.tr", flags=1))["traces"]
        told = {key: trace[key] for key in
                ("name", "operations", "left_to_free", "objects", "slots", "threads",
                 "replayed_threads", "largest", "peak_live", "peak_live_operation", "is_cut")}
        self.assertEqual(told, {
            "name": "deep", "operations": 6, "left_to_free": 2, "objects": 3, "slots": 2,
            "threads": 3, "replayed_threads": 1, "largest": 1000, "peak_live": 1024,
            "peak_live_operation": 1, "is_cut": True})


class Figures(ReplayTest):
    """Three rounds with other values each, so that a median is not a mean nor the first."""
    NULLS = [Said(cold=100, warm=(40, 60), peak_rss=5000, file_rss=1000, end_rss=4000,
                  minor_faults=3, calls=2),
             Said(cold=300, warm=(50, 90), peak_rss=6000, file_rss=1000, end_rss=4500,
                  minor_faults=5, calls=2),
             Said(cold=110, warm=(20, 20), peak_rss=5500, file_rss=1500, end_rss=4100,
                  minor_faults=4, calls=2)]
    SYSTEM = [Said(cold=4000, warm=(900, 1100), peak_rss=95000, file_rss=2000, end_rss=14000,
                   minor_faults=50, calls=9),
              Said(cold=9000, warm=(2000, 1000), peak_rss=99000, file_rss=2000, end_rss=13000,
                   minor_faults=48, calls=9),
              Said(cold=5000, warm=(100, 300), peak_rss=90000, file_rss=1000, end_rss=11000,
                   minor_faults=60, calls=9)]
    OTHER = [Said(cold=2000, warm=(600, 600), peak_rss=50000, file_rss=100, end_rss=40000,
                  minor_faults=10, calls=4)] * 3

    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.other = self.put_library("libother.so")
        for name, runs in (("null", self.NULLS), ("system", self.SYSTEM),
                           ("libother.so", self.OTHER)):
            for number, said in enumerate(runs, 1):
                self.say(name, said, number)
            self.say(name, runs[0])
        self.arguments = ("--allocator", "system", "--allocator", self.other, "--passes", "3",
                          "--runs", "3", self.trace())

    def results(self, *more):
        """The report, and the columns of the first trace."""
        report = self.replay_json(*self.arguments, *more)
        columns = report["traces"][0]["results"]
        return report, {result["allocator"]: result for result in columns}

    def test_every_figure_is_the_median_less_the_null_runs(self):
        report, results = self.results()
        peak_live = report["traces"][0]["peak_live"]
        self.assertEqual(peak_live, 350)
        for label, runs in (("system", self.SYSTEM), ("other", self.OTHER)):
            peak = net(runs, self.NULLS, Said.peak)
            kept = net(runs, self.NULLS, Said.kept)
            expected = {
                "cold_ns": net(runs, self.NULLS, Said.cold),
                "warm_ns": net(runs, self.NULLS, Said.warm),
                "cold_wall_ns": net(runs, self.NULLS, lambda one: one.cold(1)),
                "warm_wall_ns": net(runs, self.NULLS, lambda one: one.warm(1)),
                "memory": peak, "memory_per_live": peak / peak_live,
                "kept": kept, "kept_percent": 100 * kept / peak,
                "minor_faults": net(runs, self.NULLS, lambda one: one.raw["minor_faults"]),
                "system_calls": runs[0].calls - 2, "damaged": 0, "failed": 0}
            for name, value in expected.items():
                self.assertAlmostEqual(results[label][name], value, 6, (label, name))
            self.assertIsNone(results[label]["instructions"])
            self.assertIsNone(results[label]["failure"])

    def test_ratios_are_to_the_best_of_the_row(self):
        _, results = self.results()
        for name in ("cold_ns", "warm_ns", "cold_wall_ns", "warm_wall_ns", "memory_per_live"):
            best = min(result[name] for result in results.values())
            for result in results.values():
                self.assertAlmostEqual(result[name + "_ratio"], result[name] / best, 6)

    def test_every_run_is_told_raw(self):
        report, results = self.results()
        for told, runs in ((report["traces"][0]["null"], self.NULLS),
                           (results["system"], self.SYSTEM), (results["other"], self.OTHER)):
            self.assertEqual(told["runs"],
                             [dict(one.raw, passes=[list(each) for each in one.passes])
                              for one in runs])
            self.assertEqual(told["counted_calls"], runs[0].calls)

    def test_means_over_the_traces(self):
        big = [("malloc", 5000)] + [("malloc", 7)] * 3
        report, _ = self.results(self.trace(big, name="big.tr"))
        first, second = ({one["allocator"]: one for one in trace["results"]}
                         for trace in report["traces"])
        self.assertNotEqual(first["other"]["memory_per_live"], second["other"]["memory_per_live"])
        for over in report["over_all"]:
            label = over["allocator"]
            pair = (first[label], second[label])
            for name in ("cold_ns", "warm_ns", "memory_per_live"):
                self.assertAlmostEqual(over[name], geometric_mean([one[name] for one in pair]), 6)
            for name in ("minor_faults", "system_calls", "memory", "kept"):
                self.assertEqual(over[name], sum(one[name] for one in pair))
            self.assertAlmostEqual(over["kept_percent"],
                                   sum(one["kept_percent"] for one in pair) / 2, 6)

    def test_less_than_the_null_run_is_nothing(self):
        little = Said(cold=1, warm=(1, 1), peak_rss=0, file_rss=0, end_rss=0, calls=0)
        for number in (1, 2, 3):
            self.say("libother.so", little, number)
        self.say("libother.so", little)
        report, results = self.results()
        for name in ("cold_ns", "warm_ns", "memory", "kept", "minor_faults", "system_calls"):
            self.assertEqual(results["other"][name], 0)
        for name in ("cold_ns_ratio", "kept_percent"):
            self.assertIsNone(results["other"][name])
        self.assertIsNone(report["over_all"][1]["cold_ns"])
        self.assertIn("0.0", self.replay(*self.arguments).stdout)

    def test_the_document_is_complete(self):
        report, results = self.results()
        self.assertEqual(report["format"], "strata-replay 1")
        self.assertRegex(report["version"], r"\A\d+\.\d+\.\d+\Z")
        self.assertRegex(report["date"], r"\A\d{4}-\d\d-\d\d \d\d:\d\d UTC\Z")
        self.assertEqual(report["command"], ["strata", "replay", "--json", *self.arguments])
        self.assertEqual((report["rounds"], report["with_threads"], report["touch"]),
                         (3, False, "pages"))
        self.assertEqual(set(report["machine"]), {"host", "processor", "processors", "memory",
                                                  "kernel", "c_library", "huge_pages"})
        self.assertEqual(report["allocators"][1],
                         {"label": "other", "library": os.path.realpath(self.other),
                          "options": None, "environment": None})
        self.assertEqual(list(results), ["system", "other"])

    def test_the_table_has_the_same_figures(self):
        text = self.replay(*self.arguments).stdout
        _, results = self.results()
        self.assertLessEqual(max(map(len, text.split("\n")[3:])), 110)
        for label, result in results.items():
            (row,) = re.findall(r"(?m)^%s +(.*)$" % label, text)[1:]
            cells = row.split()
            self.assertEqual(cells[0], "%.1f" % result["warm_ns"])
            self.assertEqual(cells[2], "%.1f" % result["cold_ns"])
            self.assertEqual(cells[4], "%.3f" % result["memory_per_live"])
            self.assertEqual(cells[7], "%.0f%%" % result["kept_percent"])
            self.assertEqual(cells[8:], ["%d" % result["minor_faults"],
                                         "%d" % result["system_calls"]])
            ratio = result["memory_per_live_ratio"]
            self.assertEqual(cells[5], "best" if ratio == 1 else "%.2f" % ratio)

    def test_tables_of_two_traces_have_a_row_a_trace(self):
        text = self.replay(*self.arguments, self.trace(name="second.tr")).stdout
        tables = text.split("\n\n")
        titles = [table.split("\n")[0] for table in tables]
        for title in ("CPU time warm, ns per operation", "CPU time cold, ns per operation",
                      "Memory: the most resident, over the most that was live",
                      "Page faults of the cold pass", "System calls of the cold pass"):
            table = tables[titles.index(title)].split("\n")
            self.assertEqual(table[1].split(), ["system", "other"])
            self.assertEqual([line.split()[0] for line in table[2:4]], ["small", "second"])
            self.assertEqual(len(table), 5)
        self.assertRegex(text, r"(?m)^sum +14 +4$")

    def test_output_goes_to_the_file(self):
        target = os.path.join(self.place, "report")
        self.assertEqual(self.replay("--json", "--output", target, *self.arguments).stdout, "")
        with open(target, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["rounds"], 3)


if __name__ == "__main__":
    unittest.main()
