#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# What recording costs: instructions of a malloc+free pair (callgrind), and the processor time of
# programs, plain and recorded in turn; medians.
#
#   bench/record_overhead.py [STRATA [RUNS]]     STRATA: build/strata; RUNS: 7
#
# Needs a C compiler and valgrind.

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

SOURCE = r"""
#include <pthread.h>
#include <stdlib.h>
static long rounds;
/* 4096 blocks of 16 to 1000 bytes; each step frees one and allocates another. */
static void *replace(void *unused)
{
    static _Thread_local void *ring[4096];
    unsigned seed = 1;
    for (long i = 0; i < rounds; i++) {
        seed = seed * 1103515245 + 12345;
        void **slot = &ring[seed >> 8 & 4095];
        free(*slot);
        *slot = malloc(16 + (seed >> 20) % 985);
    }
    return unused;
}
int main(int count, char **argument)
{
    pthread_t thread[64];
    int thread_count = atoi(argument[1]);
    rounds = atol(argument[2]);
    if (thread_count == 1) replace(NULL);
    for (int i = 0; i < thread_count && thread_count > 1; i++) {
        pthread_create(&thread[i], NULL, replace, NULL);
    }
    for (int i = 0; i < thread_count && thread_count > 1; i++) pthread_join(thread[i], NULL);
    return count == 0;
}
"""
PYTHON = "import json; [json.loads('{\"a\": [1, 2, {\"b\": \"%d\"}]}' % i) for i in range(150000)]"


def cpu_seconds(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


class Overhead:
    def __init__(self, strata, runs, place):
        self.runs, self.place = runs, place
        self.recorder = os.path.join(os.path.dirname(strata), "libstrata_record.so")
        self.program = os.path.join(place, "program")
        self.directory = os.path.join(place, "recordings")
        source = os.path.join(place, "program.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(SOURCE)
        subprocess.run(["cc", "-O2", "-fno-builtin", "-pthread", source, "-o", self.program],
                       check=True)

    def environment(self, **more):
        """Of a program that is recorded; the recordings of the last one are removed."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.mkdir(self.directory)
        return dict(os.environ, LD_PRELOAD=self.recorder,
                    STRATA_RECORD_DIRECTORY=self.directory, **more)

    def instructions(self, environment):
        """Of one step of the program, the C library's allocator included."""
        counts = []
        for rounds in (100000, 200000):
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.program,
                 "1", str(rounds)], env=environment(), capture_output=True, text=True, check=True)
            counts.append(int(re.search(r"Collected : (\d+)", done.stderr).group(1)))
        return (counts[1] - counts[0]) / 100000

    def show_instructions(self):
        plain = self.instructions(lambda: dict(os.environ))
        recorded = self.instructions(self.environment)
        print("instructions of a free and a malloc: %.0f plain, %.0f recorded, %.0f for recording"
              % (plain, recorded, recorded - plain))

    def show_time(self, name, command):
        ways = {"plain": lambda: dict(os.environ), "recorded": self.environment,
                "with --times": lambda: self.environment(STRATA_RECORD_TIMES="1"),
                "after --limit": lambda: self.environment(STRATA_RECORD_LIMIT="1000")}
        times = {way: [] for way in ways}
        for _ in range(self.runs):
            for way, environment in ways.items():
                times[way].append(cpu_seconds(command, environment()))
        plain = statistics.median(times["plain"])
        print("%-28s %5.2f s" % (name, plain), end="")
        for way in list(ways)[1:]:
            print("   %s x %.2f" % (way, statistics.median(times[way]) / plain), end="")
        print(flush=True)

    def show(self, strata_source):
        self.show_instructions()
        self.show_time("replace blocks, 1 thread", [self.program, "1", "4000000"])
        self.show_time("replace blocks, 4 threads", [self.program, "4", "1000000"])
        self.show_time("python3, JSON", [sys.executable, "-c", PYTHON])
        self.show_time("gcc -O2 -c strata.c", ["gcc", "-O2", "-c", strata_source, "-o",
                                               os.path.join(self.place, "strata.o")])


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    strata = os.path.abspath(arguments[0] if arguments else os.path.join(root, "build/strata"))
    runs = int(arguments[1]) if len(arguments) > 1 else 7
    with tempfile.TemporaryDirectory() as place:
        source = os.path.join(os.path.dirname(strata), "dist/strata.c")
        Overhead(strata, runs, place).show(source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
