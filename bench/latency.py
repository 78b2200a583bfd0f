#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# How long a call can take: malloc and free of 64 bytes beside a thread that frees 4 GiB, a loop over one
# large block, and the instructions and system calls of the worst call on each path.
#
#   bench/latency.py                    strata, glibc and jemalloc, three rounds (two minutes)
#   bench/latency.py --rounds 1 --only beside,loop
#   bench/latency.py --render bench/results/NAME-latency.json
#
# Results: DIRECTORY/NAME-latency.txt, .json and .svg; docs/latency.md tells what they mean. Times depend on
# the machine and on what else runs there: the row "no work" is what it does by itself. Exit status: 0; 2 if
# nothing could be measured.

import json
import os
import statistics
import sys
import tempfile

import bench_machine
import bench_plot
from bench_machine import ROOT
from bench_process import Allocator, Failure, NoFigure, Parser, build, check_loads, peers, run

SOURCE = os.path.join(ROOT, "bench", "latency", "latency.c")
PARTS = ("beside", "loop", "steps")
SHARES = ("p50", "p99", "p99.9", "p99.99", "max")
SIZES_MIB = (1, 2, 4, 8, 12, 16, 24, 31, 32)
PASSES = 16  # of 256 MiB
LIMIT_S = 120
# What can be stepped through is little: it must be purged all the same.
STEP_OPTIONS = {"STRATA_OPTIONS": "dirty_max=256k"}


def parse_arguments():
    parser = Parser("latency", description="How long a malloc or a free can take.")
    add = parser.add_argument
    add("--strata", metavar="PATH", default=os.path.join(ROOT, "build", "libstrata.so"),
        help="the library (build/libstrata.so)")
    add("--rounds", type=int, default=3, help="of which the median counts (3)")
    add("--only", metavar="NAME,NAME", help="just these of " + ", ".join(PARTS))
    add("--results", metavar="DIRECTORY", default=os.path.join(ROOT, "build", "bench", "results"),
        help="where the results go (build/bench/results)")
    add("--name", help="of the results (date and commit)")
    add("--render", metavar="FILE", help="make text and picture of an earlier FILE.json")
    found = parser.parse_args()
    found.only = PARTS if found.only is None else found.only.split(",")
    if set(found.only) - set(PARTS):
        parser.error("there are only " + ", ".join(PARTS))
    return found


def lines_of(program, allocator, *arguments):
    output = run([program, *map(str, arguments)], allocator.environ(), LIMIT_S)
    return [json.loads(line) for line in output.splitlines()]


def medians(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def measure_beside(program, allocators, rounds):
    found = {}
    for allocator in allocators:
        found[allocator.name] = medians([lines_of(program, allocator, "beside", PASSES)[0]
                                         for _ in range(rounds)])
    found["no work"] = medians([lines_of(program, allocators[0], "beside", 0)[0] for _ in range(rounds)])
    return found


def measure_loop(program, allocators, rounds):
    return {allocator.name: {str(size): statistics.median(
        lines_of(program, allocator, "loop", size << 20)[0]["ns"] for _ in range(rounds)) / 1000
        for size in SIZES_MIB} for allocator in allocators}


def measure(arguments):
    known = {allocator.name: allocator for allocator in peers()}
    allocators = [Allocator("strata", os.path.realpath(arguments.strata)), Allocator("glibc", None),
                  known["jemalloc"]]
    for allocator in allocators:
        check_loads(allocator)
    results = {"machine": bench_machine.describe(allocators, "cc"),
               "command": " ".join(["bench/latency.py", *sys.argv[1:]])}
    with tempfile.TemporaryDirectory() as directory:
        program = build("cc", os.path.join(directory, "latency"), [SOURCE], "-pthread")
        if "beside" in arguments.only:
            results["beside"] = measure_beside(program, allocators, arguments.rounds)
        if "loop" in arguments.only:
            results["loop"] = measure_loop(program, allocators, arguments.rounds)
        if "steps" in arguments.only:
            subject = Allocator("strata", allocators[0].library, STEP_OPTIONS)
            results["steps"] = lines_of(program, subject, "steps")
    results["machine"]["load at the end"] = bench_machine.load()
    return results


# ---- text ----

def render(results):
    text = "".join("%-16s %s\n" % (key, value) for key, value in results["machine"].items()
                   if isinstance(value, str)) + "\n"
    if "beside" in results:
        text += "malloc and free of 64 bytes beside a thread that frees 4 GiB, ns\n\n%-12s" % ""
        text += "".join("%10s" % share for share in SHARES) + "\n"
        for name, row in results["beside"].items():
            text += "%-12s" % name + "".join("%10.0f" % row[share] for share in SHARES) + "\n"
    if "loop" in results:
        text += "\nallocate, touch and free, microseconds a round\n\n%-12s" % "MiB"
        text += "".join("%9d" % size for size in SIZES_MIB) + "\n"
        for name, row in results["loop"].items():
            text += "%-12s" % name + "".join("%9.1f" % row[str(size)] for size in SIZES_MIB) + "\n"
    if "steps" in results:
        text += "\nstrata with dirty_max=256k: instructions, and system calls\n\n%-34s%10s%10s%8s\n" % (
            "", "mean", "worst", "calls")
        for row in results["steps"]:
            text += "%-34s%10.1f%10d%8d\n" % (row["path"], row["mean"], row["worst"], row["worst_calls"])
    return text


# ---- the picture ----

def block(name, rows):
    return "$%s << EOD\n%s\nEOD\n" % (name, "\n".join(rows))


def panel_beside(results):
    script, plots = "", []
    for i, (name, row) in enumerate(results["beside"].items()):
        script += block("beside%d" % i, ["%d %g" % (at, row[share]) for at, share in enumerate(SHARES)])
        plots.append("$beside%d using 1:2 with linespoints pt 7 ps 0.7 lw 1.6 lc rgb '%s' title %s" % (
            i, bench_plot.COLORS[i], bench_plot.text(name)))
    tics = ", ".join("'%s' %d" % (share, at) for at, share in enumerate(SHARES))
    return script + ("set title '64 bytes beside a thread that frees 4 GiB: ns'\nset logscale y\n"
                     "set xtics (%s)\nset xrange [-0.3:4.3]\nplot %s\n" % (tics, ", ".join(plots)))


def panel_loop(results):
    script, plots = "", []
    for i, (name, row) in enumerate(results["loop"].items()):
        script += block("loop%d" % i, ["%d %g" % (size, row[str(size)] / size) for size in SIZES_MIB])
        plots.append("$loop%d using 1:2 with linespoints pt 7 ps 0.7 lw 1.6 lc rgb '%s' title %s" % (
            i, bench_plot.COLORS[i], bench_plot.text(name)))
    return script + ("set title 'allocate, touch, free: microseconds a MiB, over MiB'\nset logscale y\n"
                     "set xtics auto\nset xrange [0:33]\nplot %s\n" % ", ".join(plots))


def draw(results, path):
    panels = [draw_panel(results) for part, draw_panel in (("beside", panel_beside), ("loop", panel_loop))
              if part in results]
    if not panels:
        return
    script = "set multiplot\nset key top left\nset grid back lt 1 lc rgb '#e2e2e2'\n"
    for i, panel in enumerate(panels):
        script += "set origin %g,0\nset size %g,1\n%s" % (i / len(panels), 1 / len(panels), panel)
    bench_plot.run(script + "unset multiplot\n", path, 480 * len(panels), 360)


def write(results, directory, name):
    path = os.path.join(directory, name + "-latency")
    os.makedirs(directory, exist_ok=True)
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    with open(path + ".txt", "w", encoding="utf-8") as file:
        file.write(render(results))
    draw(results, path + ".svg")
    print(render(results) + "\nlatency: all of it is in %s.txt, .json and .svg" % path)


def main():
    arguments = parse_arguments()
    try:
        bench_plot.check_installed()
        if arguments.render:
            with open(arguments.render, encoding="utf-8") as file:
                results = json.load(file)
            write(results, os.path.dirname(os.path.abspath(arguments.render)),
                  os.path.basename(arguments.render).removesuffix(".json").removesuffix("-latency"))
        else:
            results = measure(arguments)
            write(results, arguments.results,
                  arguments.name or bench_machine.default_name(results["machine"]))
    except (Failure, NoFigure, OSError) as error:
        print("latency: %s." % str(error).rstrip("."), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
