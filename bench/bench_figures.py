# SPDX-License-Identifier: MIT-0
#
# The arithmetic: what was measured, as tables of rows (a cell, a program, a trace) and columns
# (allocators), with medians, ratios to the best of the row, geometric means and worst rows.
# Less is better in every table. Tested by test/bench/test_figures.py.

import math
import statistics


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


class Row:
    """What one row measured: for each allocator its values, one a round, and for those without
    any, why. `labels` name the row, for instance pattern and size."""

    def __init__(self, labels):
        self.labels = labels
        self.values = {}
        self.notes = {}

    def add(self, allocator, value):
        """Takes down one value, which is above zero: ratios are made of it."""
        if not value > 0:
            raise ValueError("%s, %s: %r is not above zero" % (self.labels, allocator, value))
        self.values.setdefault(allocator, []).append(value)

    def fail(self, allocator, reason):
        """From now on this allocator has no figure here, whatever it did in earlier rounds."""
        self.notes.setdefault(allocator, reason)

    def median(self, allocator):
        """None if there is no figure."""
        if allocator in self.notes or allocator not in self.values:
            return None
        return statistics.median(self.values[allocator])

    def best(self, allocators):
        """(median, allocator) of the best; None if nobody has a figure."""
        figures = [(self.median(name), name) for name in allocators]
        figures = [figure for figure in figures if figure[0] is not None]
        return min(figures) if figures else None

    def ratio(self, allocator, allocators):
        """Its median over that of the best of `allocators`."""
        best, own = self.best(allocators), self.median(allocator)
        return own / best[0] if best is not None and own is not None else None

    def spread(self, allocator):
        """Largest over smallest of its values, less 1: how far the rounds disagree."""
        values = self.values.get(allocator)
        return max(values) / min(values) - 1 if values else None


class Table:
    def __init__(self, name, title, unit, allocators):
        self.name = name          # of files
        self.title = title        # a sentence
        self.unit = unit
        self.allocators = allocators
        self.rows = {}            # by labels

    def row(self, *labels):
        return self.rows.setdefault(labels, Row(labels))

    def ratio(self, row, allocator):
        return row.ratio(allocator, self.allocators)

    def mean(self, allocator, rows=None):
        """The geometric mean of its ratios, over those rows in which everybody has a figure:
        otherwise who fails where all are slow would gain. None if there is no such row."""
        rows = list(self.rows.values()) if rows is None else rows
        whole = [row for row in rows
                 if all(row.median(name) is not None for name in self.allocators)]
        ratios = [self.ratio(row, allocator) for row in whole]
        return geometric_mean(ratios) if ratios else None

    def worst(self, allocator, count):
        """Its worst rows, as (ratio, row), worst first."""
        found = [(self.ratio(row, allocator), row) for row in self.rows.values()]
        found = [pair for pair in found if pair[0] is not None]
        return sorted(found, key=lambda pair: -pair[0])[:count]

    def groups(self):
        """The rows by their first label, in order."""
        found = {}
        for labels, row in self.rows.items():
            found.setdefault(labels[0], []).append(row)
        return found

    def notes(self):
        return [(row, name, reason) for row in self.rows.values()
                for name, reason in row.notes.items()]

    def is_empty(self):
        return not any(row.values or row.notes for row in self.rows.values())

    def as_data(self):
        return {"name": self.name, "title": self.title, "unit": self.unit,
                "rows": [{"labels": list(row.labels), "values": row.values, "notes": row.notes}
                         for row in self.rows.values()]}

    @staticmethod
    def from_data(data, allocators):
        table = Table(data["name"], data["title"], data["unit"], allocators)
        for item in data["rows"]:
            row = table.row(*item["labels"])
            row.values, row.notes = item["values"], item["notes"]
        return table
