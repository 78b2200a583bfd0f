# SPDX-License-Identifier: MIT-0
#
# The results as text: a head that says where and of what they are, one line for each allocator
# with its geometric means, and then the tables row by row.

WORST_COUNT = 12


def number(value, digits=2):
    """Short, and as wide as it must be; a dash for what there is not."""
    if value is None:
        return "n/a"
    return "%.0f" % value if value >= 100 else "%.*f" % (digits, value)


def head(results):
    machine = results.machine
    lines = ["strata: benchmark of %s" % machine["date"], ""]
    for name in ("processor", "system", "compiler", "commit"):
        lines.append("%-10s %s" % (name, machine[name]))
    lines.append("%-10s %s" % ("took", machine.get("duration", "unknown")))
    lines.append("%-10s %s" % ("command", results.command))
    lines += ["%-10s %s" % (name, text) for name, text in machine["allocators"].items()]
    return lines


def summary(results):
    """Geometric means of all tables, one line a table."""
    width = max(len(table.name) for table in results.tables)
    lines = ["Geometric means of the ratios to the best of each row; less is better", "",
             " " * width + "  rows" + columns(results.allocators)]
    for table in results.tables:
        lines.append("%-*s %5d" % (width, table.name, len(table.rows)) + "".join(
            "%10s" % number(table.mean(name), 3) for name in results.allocators))
    return lines


def columns(allocators):
    return "".join("%10s" % name for name in allocators)


def table_lines(table):
    """A row each: the best figure with its unit, then everybody's ratio to it."""
    width = max([12] + [len(" ".join(labels)) + 1 for labels in table.rows])
    lines = [table.title + ".", "The best in %s; then what each needs, divided by it" % table.unit,
             "", "%-*s %10s" % (width, "", "best " + table.unit) + columns(table.allocators)]
    previous = None
    for labels, row in table.rows.items():
        first = "%-13s %5s" % labels if len(labels) == 2 else " ".join(labels)
        if len(labels) == 2 and previous not in (None, labels[0]):
            lines.append("")
        previous = labels[0]
        best = row.best(table.allocators)
        lines.append("%-*s %10s" % (width, first, number(best[0] if best else None)) + "".join(
            "%10s" % number(table.ratio(row, name)) for name in table.allocators))
    return lines


def group_lines(table):
    """The geometric mean of each pattern."""
    lines = ["%s: geometric mean of each pattern" % table.name, "",
             "%-13s  rows" % "" + columns(table.allocators)]
    for name, rows in table.groups().items():
        lines.append("%-13s %5d" % (name, len(rows)) + "".join(
            "%10s" % number(table.mean(allocator, rows)) for allocator in table.allocators))
    return lines


def worst_lines(table, subject):
    """Where `subject` is worst, and the worst of each of the others."""
    lines = ["%s: the worst rows of %s" % (table.name, subject), ""]
    for ratio, row in table.worst(subject, WORST_COUNT):
        best = row.best(table.allocators)
        lines.append("%8s  %-20s %s %s, %s %s" % (
            number(ratio), " ".join(row.labels), number(row.median(subject)), table.unit, best[1],
            number(best[0])))
    lines += ["", "%s: the worst row of each" % table.name, ""]
    for name in table.allocators:
        for ratio, row in table.worst(name, 1):
            lines.append("%8s  %-20s %s" % (number(ratio), " ".join(row.labels), name))
    return lines


def note_lines(results):
    lines = ["%s, %s, %s: %s" % (table.name, " ".join(row.labels), name, reason)
             for table in results.tables for row, name, reason in table.notes()]
    return ["Without a figure (n/a)", ""] + lines if lines else []


def render(results):
    """The whole as text."""
    parts = [head(results), summary(results)]
    for table in results.tables:
        parts.append(table_lines(table))
        if len(table.groups()) < len(table.rows):
            parts.append(group_lines(table))
        if len(table.rows) > 1:
            parts.append(worst_lines(table, results.subject))
    parts.append(note_lines(results))
    return "\n\n\n".join("\n".join(part) for part in parts if part) + "\n"
