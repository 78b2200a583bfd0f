#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""The arithmetic of the benchmark, on figures that can be checked by head."""

import unittest

from bench_harness import BenchTest

import bench_text
from bench_figures import Table, geometric_mean
from bench_micro import parse_size, rounded, turned


def table_of(rows, allocators=("a", "b", "c")):
    """rows: label -> allocator -> values, or a reason why there are none."""
    table = Table("t", "A table", "ns", list(allocators))
    for label, columns in rows.items():
        for name, values in columns.items():
            if isinstance(values, str):
                table.row(label).fail(name, values)
            else:
                for value in values:
                    table.row(label).add(name, value)
    return table


class Rows(BenchTest):
    def test_a_median_is_the_middle_value_not_the_mean(self):
        row = table_of({"x": {"a": [1, 100, 2], "b": [1, 2, 3, 100]}}).row("x")
        self.assertEqual(row.median("a"), 2)
        self.assertEqual(row.median("b"), 2.5)
        self.assertIsNone(row.median("c"))

    def test_ratios_are_to_the_best_of_the_row(self):
        table = table_of({"x": {"a": [10], "b": [4], "c": [5]}})
        row = table.row("x")
        self.assertEqual(row.best(table.allocators), (4, "b"))
        self.assertEqual([table.ratio(row, name) for name in "abc"], [2.5, 1, 1.25])

    def test_who_fails_once_has_no_figure_even_from_earlier_rounds(self):
        table = table_of({"x": {"a": [10], "b": [4]}})
        table.row("x").fail("b", "killed by signal 11")
        table.row("x").fail("b", "another reason")
        self.assertIsNone(table.row("x").median("b"))
        self.assertIsNone(table.ratio(table.row("x"), "b"))
        self.assertEqual(table.ratio(table.row("x"), "a"), 1)
        self.assertEqual([reason for _, _, reason in table.notes()], ["killed by signal 11"])

    def test_a_row_without_figures_has_no_ratios(self):
        table = table_of({"x": {"a": "hung", "b": "hung"}})
        self.assertIsNone(table.row("x").best(table.allocators))
        self.assertIsNone(table.ratio(table.row("x"), "a"))
        self.assertIsNone(table.mean("a"))
        self.assertEqual(table.worst("a", 3), [])

    def test_zero_and_less_are_refused(self):
        row = table_of({}).row("x")
        for value in (0, -1, float("nan")):
            self.assertRaises(ValueError, row.add, "a", value)

    def test_spread_is_how_far_rounds_disagree(self):
        row = table_of({"x": {"a": [10, 15, 12], "b": [3]}}).row("x")
        self.assertAlmostEqual(row.spread("a"), 0.5)
        self.assertEqual(row.spread("b"), 0)
        self.assertIsNone(row.spread("c"))


class Tables(BenchTest):
    def test_geometric_mean(self):
        self.assertAlmostEqual(geometric_mean([1, 4]), 2)
        self.assertAlmostEqual(geometric_mean([2, 0.5, 1]), 1)

    def test_means_are_of_ratios_so_slow_rows_count_no_more_than_fast_ones(self):
        table = table_of({"fast": {"a": [1], "b": [4], "c": [1]},
                          "slow": {"a": [4000], "b": [1000], "c": [1000]}})
        self.assertAlmostEqual(table.mean("a"), 2)
        self.assertAlmostEqual(table.mean("b"), 2)
        self.assertAlmostEqual(table.mean("c"), 1)

    def test_means_leave_out_rows_in_which_anybody_has_no_figure(self):
        table = table_of({"x": {"a": [2], "b": [1], "c": [1]},
                          "y": {"a": [9], "b": "crashed", "c": [1]}})
        self.assertAlmostEqual(table.mean("a"), 2)

    def test_the_worst_rows_come_first(self):
        table = table_of({"x": {"a": [2], "b": [1]}, "y": {"a": [9], "b": [3]},
                          "z": {"a": [1], "b": [7]}})
        self.assertEqual([(ratio, row.labels[0]) for ratio, row in table.worst("a", 2)],
                         [(3, "y"), (2, "x")])

    def test_groups_are_by_the_first_label_in_order(self):
        table = Table("t", "A table", "ns", ["a"])
        for labels in (("p", "16"), ("p", "64"), ("o", "16")):
            table.row(*labels).add("a", 1)
        self.assertEqual({name: len(rows) for name, rows in table.groups().items()},
                         {"p": 2, "o": 1})
        self.assertEqual(list(table.groups()), ["p", "o"])

    def test_a_table_survives_its_way_through_json(self):
        table = table_of({"x": {"a": [2, 3], "b": "hung"}})
        again = Table.from_data(table.as_data(), table.allocators)
        self.assertEqual(again.as_data(), table.as_data())
        self.assertEqual(again.row("x").median("a"), 2.5)


class Text(BenchTest):
    def test_a_table_shows_the_best_and_everybodys_ratio(self):
        lines = bench_text.table_lines(table_of({"x": {"a": [10], "b": [4], "c": "crashed"}}))
        self.assertEqual(lines[-1].split(), ["x", "4.00", "2.50", "1.00", "n/a"])

    def test_numbers_have_two_digits_until_they_are_large(self):
        self.assertEqual([bench_text.number(value) for value in (0.123, 99.99, 100.4, None)],
                         ["0.12", "99.99", "100", "n/a"])


class Cells(BenchTest):
    def test_sizes_are_read_with_their_units(self):
        self.assertEqual([parse_size(text) for text in ("16", "4k", "1m")], [16, 4096, 1 << 20])
        for text in ("", "k", "4K", "0", "-1", "4kk", "1.5k", " 16"):
            self.assertRaises(ValueError, parse_size, text)

    def test_each_round_begins_with_another_allocator(self):
        self.assertEqual([turned([1, 2, 3], n) for n in range(4)],
                         [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]])

    def test_counts_are_rounded_to_a_half_of_their_first_digits(self):
        self.assertEqual([rounded(value) for value in (0.2, 7, 123, 1240, 1260, 987654)],
                         [1, 5, 100, 1000, 1500, 1000000])


if __name__ == "__main__":
    unittest.main()
