# SPDX-License-Identifier: MIT-0
#
# The figures of the host test as a table, as JSON, and as a chart drawn by gnuplot.

import json
import math
import os
import platform
import statistics
import subprocess


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


class Figures:
    """Medians of peak memory and CPU time: figures[program][allocator] = (KiB, seconds)."""

    def __init__(self, baseline, allocators):
        self.baseline = baseline
        self.allocators = allocators  # without the baseline
        self.median = {}

    def add(self, program, allocator, outcomes):
        self.median.setdefault(program, {})[allocator] = (
            statistics.median(outcome.peak_kib for outcome in outcomes),
            statistics.median(outcome.cpu_s for outcome in outcomes))

    def ratio(self, program, allocator, which):
        """Memory (which 0) or CPU time (1) against the baseline; None if it has no figure."""
        row = self.median[program]
        if allocator not in row or row[self.baseline][which] == 0:
            return None
        return row[allocator][which] / row[self.baseline][which]

    def mean(self, allocator, which):
        ratios = [self.ratio(program, allocator, which) for program in self.median]
        ratios = [ratio for ratio in ratios if ratio]
        return geometric_mean(ratios) if ratios else None


def cell(value, form):
    return form % value if value is not None else "-"


def table(figures):
    """One row a program: KiB of the baseline and of the first allocator, then ratios."""
    first = figures.allocators[0]
    head = "%-9s %11s %11s" % ("program", figures.baseline + " KiB", first + " KiB")
    head += "".join("%10s" % name for name in figures.allocators)
    head += "  |" + "".join("%10s" % name for name in figures.allocators)
    lines = ["Peak memory and CPU time, each divided by those of %s (medians; less is better)"
             % figures.baseline, "", " " * 33 + "memory x" + " " * (10 * len(figures.allocators))
             + "CPU x", head]
    for program, row in figures.median.items():
        line = "%-9s %11d %11s" % (program, row[figures.baseline][0],
                                   cell(row.get(first, (None,))[0], "%d"))
        for which in (0, 1):
            for name in figures.allocators:
                line += "%10s" % cell(figures.ratio(program, name, which), "%.3f")
            line += "  |" if which == 0 else ""
        lines.append(line)
    line = "%-33s" % "geometric mean"
    for which in (0, 1):
        line += "".join("%10s" % cell(figures.mean(name, which), "%.3f")
                        for name in figures.allocators)
        line += "  |" if which == 0 else ""
    return "\n".join(lines + [line, "", machine()]) + "\n"


def machine():
    processor = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    processor = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return "%s, %d processors, Linux %s, %s %s" % (
        processor, os.cpu_count(), platform.release(), *platform.libc_ver())


def markdown(figures):
    """The same for a README: one row an allocator, the means alone."""
    lines = ["| allocator | peak memory | CPU time |", "|---|---|---|",
             "| %s | 1.000 | 1.000 |" % figures.baseline]
    for name in figures.allocators:
        lines.append("| %s | %s | %s |" % (name, cell(figures.mean(name, 0), "%.3f"),
                                           cell(figures.mean(name, 1), "%.3f")))
    return "\n".join(lines) + "\n"


def as_json(figures, failures):
    programs = [{
        "program": program,
        "allocators": {name: {"peak_kib": pair[0], "cpu_s": round(pair[1], 4)}
                       for name, pair in row.items()},
    } for program, row in figures.median.items()]
    means = {name: {"memory": figures.mean(name, 0), "cpu": figures.mean(name, 1)}
             for name in figures.allocators}
    return json.dumps({"machine": machine(), "baseline": figures.baseline, "programs": programs,
                       "geometric_means": means, "failures": failures}, indent=1) + "\n"


CHART = """
set terminal {terminal}
set output '{output}'
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 1
set grid ytics lc rgb '#dddddd'
set border 3 lc rgb '#888888'
set xtics rotate by -35 nomirror scale 0
set ytics nomirror
set key top left horizontal
set ylabel 'peak memory / {baseline} (less is better)'
set yrange [0:*]
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#333333' dt 2
array color[6] = ['#1b6ca8', '#e08214', '#8073ac', '#41ab5d', '#d6604d', '#878787']
plot for [i=2:{last}] '{data}' using i:xtic(1) lc rgb color[i-1] title columnheader(i)
"""


def chart(figures, directory):
    """Writes chart.svg and chart.png."""
    data = os.path.join(directory, "chart.dat")
    with open(data, "w", encoding="ascii") as file:
        file.write("program %s\n" % " ".join(figures.allocators))
        for program in figures.median:
            ratios = [figures.ratio(program, name, 0) for name in figures.allocators]
            file.write("%s %s\n" % (program, " ".join(cell(ratio, "%.4f") for ratio in ratios)))
        means = [figures.mean(name, 0) for name in figures.allocators]
        file.write("MEAN %s\n" % " ".join(cell(mean, "%.4f") for mean in means))
    kinds = {"chart.svg": "svg size 1000,420 font 'sans,12' background rgb 'white'",
             "chart.png": "pngcairo size 1000,420 font 'sans,10'"}
    for name, terminal in kinds.items():
        script = CHART.format(terminal=terminal, output=os.path.join(directory, name),
                              baseline=figures.baseline, data=data,
                              last=len(figures.allocators) + 1)
        subprocess.run(["gnuplot", "-"], input=script, text=True, check=True)
