#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""Proves the models of this directory, and that each proof can fail, with spin and a C compiler.

    test/protocol/run.py prove MODEL      every search is complete and finds nothing
    test/protocol/run.py break MODEL      each mutation is found, and each event happens
    test/protocol/run.py list             what there is

A mutation is the model with a mistake built in, by a macro; an event is a place in the model that
must be reached, so that a proof is not about nothing. docs/concurrency.md tells what is claimed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMORY_MIB = 2000
DEPTH = 3000000

# What breaks a search.
ASSERTION = "assertion violated"
STUCK = "invalid end state"
NO_PROGRESS = "non-progress cycle"

# What is searched for: a broken assertion or a thread that waits for ever, in every state that can be
# reached; or a run without end in which nobody ever gets anywhere, although all have their turns.
SAFETY = (["-DSAFETY", "-DCOLLAPSE"], [])
PROGRESS = (["-DNP", "-DNFAIR=4", "-DCOLLAPSE"], ["-l", "-f"])


@dataclass(frozen=True)
class Run:
    """One search: its name, the macros of the model, and what it has to find."""
    name: str
    macros: tuple = ()
    finds: str = ""
    kind: tuple = SAFETY


def mutation(name, finds=ASSERTION, macros=(), kind=SAFETY):
    return Run(name, (name, *macros), finds, kind)


def event(number, sentence, macros=()):
    return Run(sentence, (f"LOOK_FOR={number}", *macros), ASSERTION)


PROOFS = {
    "lock": [
        Run("two threads", ("THREADS=2", "ROUNDS=4")),
        Run("three threads", ("THREADS=3", "ROUNDS=3")),
        Run("somebody always gets in", ("THREADS=3", "FOREVER"), kind=PROGRESS)],
    "owner_word": [
        Run("two threads", ("THREADS=2", "VERSIONS=6")),
        Run("three threads", ("THREADS=3", "VERSIONS=4"))],
    "magazine": [
        Run("up to eight stores behind")],
    "caches": [
        Run("two threads, for ever"),
        Run("three threads", ("THREADS=3", "MAGAZINE=1", "REMOTES=1")),
        Run("a block freed twice", ("DOUBLE", "ALLOCATIONS=3"))],
    "caches_long": [
        Run("three threads", ("THREADS=3", "MAGAZINE=1", "REMOTES=1", "ALLOCATIONS=3"))],
    "fork": [
        Run("one fork")],
}

BROKEN = {
    "lock": [
        mutation("TRY_IN_TWO"),
        mutation("DROP_SILENT", STUCK),
        mutation("SLEPT_TAKES_1", STUCK),
        mutation("SLEEP_BLIND", STUCK),
        mutation("WAKE_FIRST", STUCK),
        # More than is claimed.
        mutation("ONLY_FIRST_COUNTS=1", NO_PROGRESS, ("FOREVER",), PROGRESS),
        event(1, "a thread sleeps"),
        event(2, "a wake-up is in vain")],
    "owner_word": [
        mutation("HANDED_OVER_BARE"),
        mutation("SLICES_BARE"),
        mutation("DEPOT_BARE"),
        mutation("GIVEN_EARLY"),
        mutation("ASKED_ONCE"),
        event(1, "a stranger sees an old word")],
    "magazine": [
        mutation("TOP_BARE"),
        mutation("UNLOCKED"),
        mutation("PUT_BACK_UNLOCKED"),
        event(1, "a checker sees some of what was stored since")],
    "caches": [
        mutation("GIVEN_EARLY"),
        mutation("SETTLED_UNLOCKED"),
        mutation("TAKEN_UNLOCKED"),
        mutation("ENDS_WITH_REMOTES"),
        mutation("ENDS_WITH_MAGAZINE"),
        mutation("CACHE_GIVEN_FIRST"),
        mutation("OWNER_AFTER_END"),
        mutation("ASKED_OUTSIDE", macros=("DOUBLE", "ALLOCATIONS=3")),
        mutation("BITS_NOT_ASKED", macros=("DOUBLE", "ALLOCATIONS=3")),
        event(1, "a stranger gives a slab back"),
        event(2, "a slice goes to another depot, with another class"),
        event(3, "a block is freed after the thread's end"),
        event(4, "a cache begins anew while blocks of its slabs are out"),
        event(5, "a second free finds another's slab", ("DOUBLE", "ALLOCATIONS=3")),
        event(6, "a second free finds its block free", ("DOUBLE", "ALLOCATIONS=3")),
        event(7, "a second free finds no slab", ("DOUBLE", "ALLOCATIONS=3"))],
    "fork": [
        mutation("NOT_ALL_TAKEN"),
        mutation("OUT_OF_ORDER", STUCK),
        mutation("LOOKS_INSIDE", STUCK),
        mutation("LOCKS_STAY", STUCK),
        mutation("CHILD_KEEPS"),
        event(1, "a magazine is half changed at the fork"),
        event(2, "the child frees a block of a thread that it does not have")],
}


def call(command, directory):
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def search(model, run, directory):
    """What the verifier says; SystemExit if there is none."""
    macros = [f"-D{macro}" for macro in run.macros]
    compiler = os.environ.get("CC", "cc")
    code, said = call(["spin", "-a", *macros, str(HERE / f"{model.removesuffix('_long')}.pml")], directory)
    if code != 0 or re.search(r"\berror\b", said, re.IGNORECASE):
        sys.exit(f"protocol: spin can't read {model}.pml with {run.macros}:\n{said}")
    options, arguments = run.kind
    code, said = call([compiler, "-w", "-O0" if run.finds else "-O2", *options, f"-DMEMLIM={MEMORY_MIB}", "-o", "pan",
                       "pan.c"], directory)
    if code != 0:
        sys.exit(f"protocol: the verifier of {model}.pml does not compile:\n{said}")
    return call(["./pan", f"-m{DEPTH}", *arguments], directory)[1]


def is_complete(said):
    """True if every state that can be reached was looked at."""
    cut = re.search(r"max search depth too small|Search not completed|out of memory|"
                    r"reached -DMEMLIM|truncated|hash precision", said)
    return cut is None and "Full statespace search for" in said


def verdict(run, said):
    """What is wrong with the result of a search; empty if nothing."""
    errors = re.search(r"errors: (\d+)", said)
    if errors is None:
        return "there was no result"
    if run.finds == "":
        if errors.group(1) != "0":
            found = re.search(r"pan:\d+: (.*)", said)
            return f"found: {found.group(1) if found else 'an error'}"
        return "" if is_complete(said) else "the search was not complete"
    if errors.group(1) == "0":
        return f"should find an {run.finds}, and finds nothing"
    return "" if f": {run.finds}" in said else f"should find an {run.finds}, and finds another error"


def run_all(model, runs):
    failed = 0
    for run in runs:
        with tempfile.TemporaryDirectory() as directory:
            said = search(model, run, directory)
        wrong = verdict(run, said)
        states = re.search(r"(\d+) states, stored", said)
        count = f"{int(states.group(1)):,} states" if states else "no states"
        print(f"{model}: {run.name}: {wrong or run.finds or 'holds'} ({count})", flush=True)
        if wrong:
            failed += 1
            print(said)
    return failed


def main(arguments):
    what, model = (arguments + ["", ""])[:2]
    if what == "list":
        for name, runs in PROOFS.items():
            print(f"{name}: {len(runs)} proofs, {len(BROKEN.get(name, ()))} ways to break them")
        return 0
    if what not in ("prove", "break") or model not in PROOFS:
        print(__doc__, file=sys.stderr)
        return 2
    for tool in ("spin", os.environ.get("CC", "cc")):
        if shutil.which(tool) is None:
            sys.exit(f"protocol: {tool} is not installed: run tools/setup.sh")
    runs = (PROOFS if what == "prove" else BROKEN).get(model, ())
    return 1 if not runs or run_all(model, runs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
