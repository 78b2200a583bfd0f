# SPDX-License-Identifier: MIT-0
#
# The results as one picture, drawn by gnuplot: a panel for each service, with a line for each
# allocator: what its processes hold over time. A dot is where everything has been freed.

import bench_plot
from bench_plot import COLORS, text
from services_text import by_service

WIDTH, PANEL_HEIGHT, TOP, COLUMN_COUNT = 1040, 250, 40, 2
# glibc and strata first, so that they have the same colors in every picture.
ORDER = ["strata", "glibc", "mimalloc", "jemalloc", "tcmalloc"]


def color(name, names):
    if name in ORDER:
        return COLORS[ORDER.index(name)]
    others = [other for other in names if other not in ORDER]
    return COLORS[(len(ORDER) + others.index(name)) % len(COLORS)]


def panel(rows, names, number):
    """The data and the plot command of one service."""
    script, lines = "", []
    for row in rows:
        if not row["samples"]:
            continue
        script += "$line%d_%d << EOD\n%s\nEOD\n" % (number, len(lines), "\n".join(
            "%g %g" % tuple(sample) for sample in row["samples"]))
        freed = [mark for mark in row["marks"] if mark[0] == "freed"]
        script += "$dot%d_%d << EOD\n%s\nEOD\n" % (number, len(lines), "\n".join(
            "%g %g" % (mark[1], mark[2]) for mark in freed) or "NaN NaN")
        lines.append(color(row["allocator"], names))
    plots = ["$line%d_%d using 1:2 with lines lw 1.4 lc rgb '%s'" % (number, i, one)
             for i, one in enumerate(lines)]
    plots += ["$dot%d_%d using 1:2 with points pt 7 ps 0.7 lc rgb '%s'" % (number, i, one)
              for i, one in enumerate(lines)]
    return script + "plot " + ", ".join(plots) + "\n" if plots else ""


def draw(results, path):
    groups, names = by_service(results), results["allocators"]
    rows_count = (len(groups) + COLUMN_COUNT - 1) // COLUMN_COUNT
    height = TOP + rows_count * PANEL_HEIGHT
    script = "set multiplot\nset grid back lt 1 lc rgb '#e2e2e2'\nset yrange [0:*]\nset xrange [0:*]\n"
    script += "set lmargin 8\nset rmargin 2\nset xtics font ',10'\nset ytics font ',10'\n"
    for i, name in enumerate(names):
        script += ("set label %d %s at screen %.4f,%.5f point pt 5 ps 0.9 lc rgb '%s' offset 1,0\n"
                   % (i + 1, text(name), 0.06 + 0.15 * i, 1 - 18 / height, color(name, names)))
    for number, (name, rows) in enumerate(groups.items()):
        row, column = divmod(number, COLUMN_COUNT)
        script += "set origin %.4f,%.5f\nset size %.4f,%.5f\n" % (
            column / COLUMN_COUNT, 1 - (TOP + (row + 1) * PANEL_HEIGHT) / height, 1 / COLUMN_COUNT,
            PANEL_HEIGHT / height)
        script += "set title %s font ',13' textcolor rgb '#111111' offset 0,-0.6\n" % text(
            name + ": MiB over seconds")
        script += panel(rows, names, number)
        script += "".join("unset label %d\n" % (i + 1) for i in range(len(names))) if number == 0 else ""
    bench_plot.run(script + "unset multiplot\n", path, WIDTH, height)
