#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""What the front end's locks cost on many cores: a model, not a measurement.

    test/protocol/cost.py            prints the table
    test/protocol/cost.py --check    fails if docs/concurrency.md has another one

Every thread does nothing but call strata. An operation is one malloc and one free. It takes TIME of
one core, or of the two that share it, every line included that another one wrote last; and for HELD
of that a lock is held of a kind of which there are LOCKS. N cores then do

    speedup(N) = min(N, LOCKS * TIME / HELD)

times as many operations as one core could at this TIME: either all cores work, or one lock is always
held. The truth is below both, most where they meet.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# ---- what is assumed, in nanoseconds ----

HIT = 5.0         # malloc and free of a block that the thread keeps
LINE = 100.0      # to get a line that another core wrote last
LOCK = 12.0       # to take and drop a lock: two atomic operations on a line at hand
MOVE = 2.0        # to take one block out of its slab, or to put it back
SPACE = 100.0     # what a space does with one block, a shelf's miss or its return
WRITE = 0.1       # to write a byte: 10 GB/s

# ---- what the sources say ----


def said(path, pattern):
    found = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"))
    if found is None:
        sys.exit(f"cost: {path} does not say {pattern}")
    return int(found.group(1))


REMOTES = said("src/slab/cache.h", r"#define ST_CACHE_REMOTES (\d+)")
BATCH = said("src/slab/cache.c", r"cache_batch = (\d+)")    # of a magazine that has grown
SPACES = said("src/base/config.h", r"#define STRATA_SPACES_MAX \(.*\? (\d+) : 1\)")
SLICE = 65536

# Lines of others that are touched with a lock: the lock and the lists beside it, and notes of slabs.
DEPOT_LINES = 1
NOTE_LINES = 2    # of one slab
SLICES_LINES = 2  # the slices' lock and lists, and the line with the slice's word
SPACE_LINES = 3   # the space's lock, its first line and the chunk's head


def local():
    return HIT, 0.0, 1


def bursts():
    """Each block goes through a refill and a flush, with the own depot's lock."""
    time = HIT + 2 * (LOCK / BATCH + MOVE)
    return time, 0.0, 1


def handed(slabs):
    """Pairs of threads: one allocates, the other frees; blocks of so many slabs at once."""
    lines = (DEPOT_LINES + NOTE_LINES * slabs) * LINE
    refill = (LOCK + lines) / BATCH + MOVE
    send = (LOCK + lines) / REMOTES + MOVE
    return HIT + refill + send, 0.0, 1


def gathered(slabs):
    """All threads free blocks of one that allocates: its lock is held for each batch."""
    lines = (DEPOT_LINES + NOTE_LINES * slabs) * LINE
    send = (LOCK + lines) / REMOTES + MOVE
    refill = (LOCK + lines) / BATCH + MOVE
    return HIT + send + refill, send + refill, 1


def slabs_in_turn(size, written=0):
    """Whole slabs are filled and emptied: each is taken from all and given back to all."""
    held = 2 * (LOCK + SLICES_LINES * LINE) / (SLICE // size)
    return bursts()[0] + held + WRITE * written, held, 1


def medium(misses):
    """Blocks of 1 to 256 KiB: one in so many goes to a space and comes from one."""
    held = 2 * (LOCK + SPACE + SPACE_LINES * LINE) / misses if misses else 0.0
    return 2 * HIT + held, held, SPACES


ROWS = [
    ("small blocks that the thread keeps", local()),
    ("small blocks, more at once than are kept", bursts()),
    ("small blocks handed on, in pairs of threads (from 4 slabs)", handed(4)),
    ("small blocks of one thread, freed by all others (from 4 slabs)", gathered(4)),
    ("small blocks, whole slabs filled and emptied (64 bytes)", slabs_in_turn(64)),
    ("the same (1,024 bytes)", slabs_in_turn(1024)),
    ("the same, and each byte is written once", slabs_in_turn(1024, 1024)),
    ("medium blocks that the thread keeps", medium(0)),
    ("medium blocks, one in 100 not kept", medium(100)),
    ("medium blocks, one in 10 not kept", medium(10)),
]


def speedup(cost, cores):
    time, held, locks = cost
    return min(cores, locks * time / held) if held else cores


def table():
    lines = ["| What all threads do | TIME, ns | HELD, ns | LOCKS | speedup(64) | speedup(128) |",
             "| --- | --- | --- | --- | --- | --- |"]
    for name, cost in ROWS:
        ends = [f"{speedup(cost, cores):.0f}" for cores in (64, 128)]
        locks = str(cost[2]) if cost[1] else "-"
        lines.append(f"| {name} | {cost[0]:.1f} | {cost[1]:.1f} | {locks} | {ends[0]} | {ends[1]} |")
    return "\n".join(lines) + "\n"


def main(arguments):
    if arguments == ["--check"]:
        if table() not in (ROOT / "docs/concurrency.md").read_text(encoding="utf-8"):
            print("docs/concurrency.md has not the table that test/protocol/cost.py prints")
            return 1
        return 0
    print(table(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
