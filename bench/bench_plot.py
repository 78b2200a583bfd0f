# SPDX-License-Identifier: MIT-0
#
# The results as pictures, drawn by gnuplot into NAME-*.svg: the micro table as a map of colors
# (pattern by size), the other tables as bars that show how far each is above the best, and the
# means of all of them at a glance.

import os
import shutil
import subprocess

from bench_process import Failure

# The same colors as the pictures of `strata replay`; they differ for color-blind eyes too.
COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#666666", "#7b5ea7"]
# Where a map's colors end: ten times the best and more is one color.
RATIO_END = 10
# Bars end at one of these, with their figure on top: one giant must not flatten all others.
PERCENT_ENDS = (50, 100, 200, 400, 800)

HEAD = """
set terminal {terminal}
set output {output}
set border 3 lc rgb '#888888'
set tics nomirror out scale 0.5 textcolor rgb '#333333'
set style fill solid 0.9 noborder
unset key
"""

PALETTE = ("set palette defined (0 '#dff0e4', 0.301 '#fbeeb8', 0.60 '#f3a76b', 0.85 '#cf4f4f', "
           "1 '#7a2350')\nset logscale cb\nset cbrange [1:%d]\n" % RATIO_END)


def check_installed():
    if shutil.which("gnuplot") is None:
        raise Failure("gnuplot is not installed; bench/setup.sh installs it")


def text(string):
    """As gnuplot's quoted string, whatever is in it. A quote becomes a typographic one: gnuplot 5.4
    takes some doubled quotes for the string's end."""
    return "'" + string.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}").replace("\n", " ") + "'"


def run(script, path, width, height):
    terminal = "svg size %d,%d dynamic noenhanced font 'sans-serif,12' background rgb 'white'" % (
        width, height)
    if path.endswith(".png"):
        terminal = "pngcairo size %d,%d noenhanced font 'sans,11'" % (width, height)
    whole = HEAD.format(terminal=terminal, output=text(path)) + script
    done = subprocess.run(["gnuplot", "-"], input=whole, text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Failure("gnuplot can't draw %s: %s" % (path, done.stderr.strip().split("\n")[-1]))


def draw(results, directory, name, kind="svg"):
    """All pictures that the tables allow."""
    def path(part):
        return os.path.join(directory, "%s-%s.%s" % (name, part, kind))

    tables = {table.name: table for table in results.tables}
    if "micro-time" in tables:
        table = tables["micro-time"]
        draw_map(table, [results.subject], path("micro-" + results.subject), True)
        draw_map(table, results.allocators, path("micro-all"), False)
    for part in ("macro", "trace"):
        bars = [table for table in results.tables if table.name.startswith(part + "-")]
        if bars:
            draw_bars(bars, path(part))
    if len(results.allocators) > 1:
        draw_means(results, path("means"))


# ---- maps ----

def map_axes(table):
    """The patterns from top to bottom, and the sizes from left to right."""
    from bench_micro import parse_size
    patterns = list(table.groups())
    sizes = sorted({labels[1] for labels in table.rows}, key=parse_size)
    return patterns, sizes


def map_data(table, allocator, patterns, sizes):
    """Lines `x y ratio text color`; -1 for a cell without a figure."""
    lines = []
    for (pattern, size), row in table.rows.items():
        ratio = table.ratio(row, allocator)
        label = "n/a" if ratio is None else "%.1f" % ratio if ratio < 99.5 else "%.0f" % ratio
        color = 0xffffff if ratio is not None and ratio > 5 else 0x333333
        lines.append("%d %d %g %s %d" % (sizes.index(size), patterns.index(pattern),
                                         -1 if ratio is None else max(ratio, 1), label, color))
    return "$data << EOD\n%s\nEOD\n" % "\n".join(lines)


def map_panel(table, allocator, axes, has_numbers):
    patterns, sizes = axes
    mean = table.mean(allocator)
    title = allocator + ("" if mean is None else " (mean %.2f)" % mean)
    script = map_data(table, allocator, patterns, sizes)
    script += "set title %s offset 0,-0.6 textcolor rgb '#111111'\n" % text(title)
    script += "set xrange [-0.6:%g]\nset yrange [%g:-0.6]\n" % (
        len(sizes) - 0.4, len(patterns) - 0.4)
    box = "($1-.47):($1+.47):($2-.44):($2+.44)"
    script += ("plot $data using 1:($3 < 0 ? $2 : NaN):%s with boxxyerror fc rgb '#cccccc', "
               "'' using 1:($3 < 0 ? NaN : $2):%s:3 with boxxyerror fc palette" % (box, box))
    if has_numbers:
        script += ", '' using 1:2:4:5 with labels font ',10' textcolor rgb variable"
    return script + "\n"


def draw_map(table, allocators, path, has_numbers):
    """One panel an allocator, side by side, with the names of the rows at the left."""
    axes = map_axes(table)
    cell_width, cell_height = (42, 21) if has_numbers else (17, 17)
    left, top, bottom, gap = 125, 62, 82 if has_numbers else 96, 26
    panel_width, panel_height = cell_width * len(axes[1]), cell_height * len(axes[0])
    width = max(left + len(allocators) * (panel_width + gap), 430)
    height = top + panel_height + bottom
    labels = ", ".join("%s %d" % (text(size), i) for i, size in enumerate(axes[1]))
    script = PALETTE + "unset border\nset tics scale 0\nset multiplot title %s font ',15'\n" % text(
        "CPU time of an operation / the best allocator's")
    script += "set xtics (%s)%s\n" % (
        labels, "" if has_numbers else " rotate by 90 right font ',9'")
    for i, allocator in enumerate(allocators):
        start = left + i * (panel_width + gap)
        names = ", ".join("%s %d" % (text(p if i == 0 else ""), j) for j, p in enumerate(axes[0]))
        script += "set ytics (%s)\n" % names
        script += "set lmargin at screen %.5f\nset rmargin at screen %.5f\n" % (
            start / width, (start + panel_width) / width)
        script += "set tmargin at screen %.5f\nset bmargin at screen %.5f\n" % (
            1 - top / height, bottom / height)
        if i == 0:
            script += color_bar(left / width, 34 / height, (width - left - gap) / width, 9 / height)
        else:
            script += "unset colorbox\n"
        script += map_panel(table, allocator, axes, has_numbers)
    run(script + "unset multiplot\n", path, width, height)


def color_bar(left, bottom, width, height):
    return ("set colorbox horizontal user origin %.5f,%.5f size %.5f,%.5f noborder\n"
            "set cbtics ('the best' 1, '1.5' 1.5, '2' 2, '3' 3, '5' 5, '%d and more' %d) "
            "scale 0 offset 0,0.4\n" % (left, bottom, min(width, 0.55), height, RATIO_END,
                                        RATIO_END))


# ---- bars ----

def percent(table, row, allocator):
    """How far above the best; None if there is no figure."""
    ratio = table.ratio(row, allocator)
    return None if ratio is None else 100 * (ratio - 1)


def bar_end(table):
    """The least end that cuts off at most one bar in ten."""
    values = sorted(percent(table, row, name) for row in table.rows.values()
                    for name in table.allocators if table.ratio(row, name) is not None)
    most = values[int(len(values) * 0.9)] if values else 0
    return next((end for end in PERCENT_ENDS if most <= end), PERCENT_ENDS[-1])


def bar_data(table, percent_end):
    """Lines `x percent text color`; a group of bars for each row, and one for the means."""
    lines, groups = [], [(" ".join(labels), row) for labels, row in table.rows.items()]
    step = len(table.allocators) + 1.5
    for i, (_, row) in enumerate(groups + [("mean", None)]):
        for j, name in enumerate(table.allocators):
            mean = table.mean(name)
            value = percent(table, row, name) if row is not None else (
                None if mean is None else 100 * (mean - 1))
            if value is not None:
                label = "%.0f" % value if value > percent_end else ""
                lines.append('%g %g "%s" %d' % (i * step + j, min(value, percent_end), label,
                                                int(COLORS[j % len(COLORS)][1:], 16)))
    middle = (len(table.allocators) - 1) / 2
    tics = ", ".join("%s %g" % (text(label), i * step + middle)
                     for i, (label, _) in enumerate(groups + [("mean", None)]))
    return lines, tics, (len(groups) + 1) * step


def draw_bars(tables, path):
    """The tables one above the other."""
    height_each, width = 250, 1040
    height = height_each * len(tables) + 34
    script = "set multiplot\nset lmargin 9\nset rmargin 2\n"
    script += "set grid ytics back lt 1 lc rgb '#e2e2e2'\n"
    longest = max(len(" ".join(labels)) for labels in tables[0].rows)
    is_crowded = 6.5 * longest > 930 / (len(tables[0].rows) + 1)
    script += "set boxwidth 0.92\nset xtics %sscale 0 font ',10'\n" % (
        "rotate by -32 left " if is_crowded else "")
    for i, table in enumerate(tables):
        percent_end = bar_end(table)
        lines, tics, end = bar_data(table, percent_end)
        bottom = 1 - (34 + (i + 1) * height_each) / height
        script += "set origin 0,%.5f\nset size 1,%.5f\n" % (bottom, height_each / height)
        script += "$bars << EOD\n%s\nEOD\n" % "\n".join(lines)
        script += "set xtics (%s)\nset xrange [-1.5:%g]\nset yrange [0:%d]\n" % (
            tics, end - 1, 1.25 * percent_end)
        # gnuplot takes a tic's text for a format, so it needs its percent sign twice.
        script += "set ytics ('the best' 0, %s)\n" % ", ".join(
            "'+%d%%%%' %d" % (step, step) for step in
            range(percent_end // 5, percent_end + 1, percent_end // 5))
        script += "set title %s font ',13' textcolor rgb '#111111'\n" % text(
            table.title + ", above the best")
        script += legend(table.allocators, height) if i == 0 else "unset label\n"
        script += ("plot $bars using 1:2:4 with boxes lc rgb variable, "
                   "'' using 1:2:3 with labels rotate by 90 left offset 0,0.3 font ',9'\n")
    run(script + "unset multiplot\n", path, width, height)


def legend(allocators, height):
    """One line at the top: a colored square and a name for each allocator."""
    script = ""
    for j, name in enumerate(allocators):
        x, y = 0.1 + 0.16 * j, 1 - 17 / height
        script += ("set label %d %s at screen %.4f,%.5f point pt 5 ps 0.9 lc rgb '%s' offset 1,0\n"
                   % (j + 1, text(name), x, y, COLORS[j % len(COLORS)]))
    return script


# ---- means ----

def draw_means(results, path):
    """One line a table, one point an allocator: how far its geometric mean is from the best."""
    tables = [t for t in results.tables
              if any(t.mean(name) is not None for name in results.allocators)]
    lines = []
    for i, table in enumerate(tables):
        for j, name in enumerate(results.allocators):
            mean = table.mean(name)
            if mean is not None:
                # A little apart, so that equal ones don't hide each other.
                y = i + 0.1 * (j - (len(results.allocators) - 1) / 2)
                lines.append("%g %g %d" % (mean, y, int(COLORS[j % len(COLORS)][1:], 16)))
    if not lines:
        return
    height = 120 + 44 * len(tables)
    tics = ", ".join("%s %d" % (text(table.name), i) for i, table in enumerate(tables))
    script = "$points << EOD\n%s\nEOD\n" % "\n".join(lines)
    script += "set title %s font ',13' offset 0,0.3\n" % text(
        "Geometric means of the ratios to the best of each row; left is better")
    script += "set tmargin at screen %.5f\nset lmargin 16\nset logscale x\n" % (1 - 76 / height)
    script += "set grid xtics ytics back lt 1 lc rgb '#e2e2e2'\n"
    script += "set xtics (1, 1.1, 1.2, 1.5, 2, 3, 4, 5, 10, 20)\n"
    script += "set xrange [0.98:%g]\nset yrange [%g:-0.6]\nset ytics (%s)\n" % (
        1.05 * max(float(line.split()[0]) for line in lines), len(tables) - 0.4, tics)
    script += legend(results.allocators, height)
    script += "plot $points using 1:2:3 with points pt 7 ps 0.9 lc rgb variable\n"
    run(script, path, 880, height)
