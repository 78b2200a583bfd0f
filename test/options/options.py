#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""Compiles strata.c with every option of dlmalloc, as options.tsv says, and looks what comes of it.

    options.py DIST COMPILER DOC [--compile | --run | --pairs] [NAME ...]

DIST is the folder with strata.c, DOC docs/dlmalloc/options.md, whose last column is compared with the
table. COMPILER may have flags, such as "cc -m32". NAME does the lines of these options only. --compile leaves
out the lines that run, --run all others. --pairs takes the lines that run two at a time instead: each option
beside each other that does not contradict it (a quarter of an hour).
"""

import itertools
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wundef", "-Werror", "-Wno-unused-function"]
# What a program does on purpose here, and compilers warn of.
SMOKE_WARNINGS = ["-w"]
# Options that say where memory comes from: two of them are hardly ever one setting.
SOURCES = {"HAVE_MORECORE", "MORECORE", "MORECORE_CONTIGUOUS", "MORECORE_CANNOT_TRIM", "HAVE_MMAP", "MMAP",
           "MUNMAP", "DIRECT_MMAP", "MREMAP", "HAVE_MREMAP", "MMAP_CLEARS", "DARWIN", "_DARWIN", "WIN32",
           "malloc_getpagesize"}
# Checks that need no more than a heap that works, so that they can be made beside any other option.
EASY = {"basic", "mspaces", "aligned", "inspect", "threads", "footers", "goes_on", "usage", "realloc_frees"}


class Line:
    def __init__(self, number, option, fate, defined, expected, detail=""):
        self.number, self.option, self.fate = number, option, fate
        self.defined = [d for d in defined.split(" ; ") if d]
        self.expected, self.detail = expected, detail

    def names(self):
        return {re.match(r"\w+", d).group() for d in self.defined}

    def __str__(self):
        return f"options.tsv:{self.number}: {' '.join(self.defined) or '(nothing)'}: {self.detail}"


def read_table():
    for number, text in enumerate((HERE / "options.tsv").read_text().split("\n"), 1):
        if text and not text.startswith("#"):
            yield Line(number, *text.split("\t"))


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)


class Trial:
    def __init__(self, dist, compiler, work):
        self.dist, self.compiler, self.work = dist, compiler.split(), work
        self.numbers = itertools.count()

    def compile(self, line, defined, program):
        flags = [f"-D{d}" for d in defined]
        if not any(d.startswith("STRATA_DLMALLOC=") for d in defined):
            flags.append("-DSTRATA_DLMALLOC=1")
        common = [*self.compiler, "-std=gnu11", "-fno-builtin"]
        if line.expected != "run":
            strict = WARNINGS if line.expected == "ok" else []
            return run([*common, *strict, *flags, "-fsyntax-only", os.path.join(self.dist, "strata.c")])
        check, _, argument = line.detail.partition("=")
        argument, _, value = argument.partition(",")
        flags = [f for f in flags if f != "-DSTRATA_DLMALLOC=1"]
        return run([*common, *SMOKE_WARNINGS, *flags, f"-DCHECK={check}", f"-DCHECK_{check}={argument or 1}",
                    f"-DVALUE={value or 0}", f"-I{self.dist}", str(HERE / "smoke.c"), "-pthread",
                    "-o", program])

    def fault(self, line, more=()):
        """What is wrong with a line, or None."""
        program = os.path.join(self.work, f"smoke_{next(self.numbers)}")
        done = self.compile(line, [*line.defined, *more], program)
        if line.expected.startswith("error"):
            errors = [x for x in done.stderr.split("\n") if "error:" in x]
            if done.returncode == 0:
                return f"{line} is accepted"
            if not any(line.detail in e for e in errors[:1]):
                return f"{line} is refused with another sentence: {errors[:1]}"
            return None
        if done.returncode != 0:
            return f"{line} {' '.join(more)} does not compile:\n{done.stderr[:1500]}"
        if line.expected == "run":
            ran = run([program])
            os.unlink(program)
            if ran.returncode != 0:
                return f"{line} {' '.join(more)} ends with {ran.returncode}: {ran.stdout}{ran.stderr[-300:]}"
        return None


def pairs(lines):
    """(line, what else is defined): each two options that can stand together, by their first line that
    runs. The check is that of one of them, if it needs no more than a heap that works."""
    first = {}
    for line in lines:
        if line.expected == "run" and line.defined and not line.option.startswith("LACKS_"):
            first.setdefault(line.option, line)
    for one, other in itertools.combinations(first.values(), 2):
        if one.names() & other.names() or one.names() & SOURCES and other.names() & SOURCES:
            continue
        if one.detail.partition("=")[0] not in EASY:
            one, other = other, one
        if one.detail.partition("=")[0] not in EASY or "ONLY_MSPACES" in other.names() or "NO_MALLINFO" in other.names():
            basic = Line(one.number, one.option, one.fate, " ; ".join(one.defined), "run", "basic")
            yield basic, other.defined
        else:
            yield one, other.defined


def contradicts(one, more):
    """Pairs that mean something else together, and are refused or change what is looked at."""
    both = {d.partition("=")[0].partition("(")[0]: d for d in [*one.defined, *more]}
    text = " ".join(both.values())
    is_told = one.detail.partition("=")[0] in ("footers", "goes_on", "usage")
    return ("INSECURE=1" in text and (is_told or "DEBUG" in both)
            or "PROCEED_ON_ERROR=1" in text and one.detail == "footers"
            or "unreachable" in text and is_told
            or "leave_with" in text and is_told
            or "builtin_trap" in text and one.detail == "footers"
            or "HAVE_MMAP=0" in text and "HAVE_MORECORE=0" in text
            or "USE_LOCKS=0" in text and one.detail.startswith("threads=1")
            or "USE_SPIN_LOCKS=1" in text and "USE_LOCKS=0" in text
            or "malloc_getpagesize" in text
            or "ONLY_MSPACES=1" in text and "MORECORE" in text
            or "NO_MALLINFO" in text and "MALLINFO_FIELD_TYPE" in text)


def documented(doc):
    """option -> the first words of its last cell."""
    found = {}
    for text in doc.read_text().split("\n"):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", text)[1:-1]]
        if len(cells) == 4 and not cells[0].startswith("-"):
            for name in re.findall(r"\b[A-Z_a-z][A-Z_a-z0-9]+(?=\(|,|$| \()", re.sub(r"\([^)]*\)", "", cells[0])):
                found[name] = cells[3]
    found.pop("Option", None)
    return found


def doc_faults(lines, doc):
    """Where the page and the table differ."""
    fates = {x.option: x.fate for x in lines}
    pages = documented(doc)
    for name in sorted(set(fates) ^ set(pages)):
        yield f"{name} is in only one of options.tsv and {doc.name}"
    for name in sorted(set(fates) & set(pages)):
        if not re.match(rf"\*{fates[name]}\*", pages[name]):
            yield f"{doc.name}: {name}: the last column does not begin with *{fates[name]}*"


def table_faults(lines):
    """A word in the second column that no line proves."""
    proof = {"obeyed": {"run"}, "no effect": {"ok", "run"}, "refused": {"error"}}
    for name, group in itertools.groupby(sorted(lines, key=lambda x: x.option), lambda x: x.option):
        group = list(group)
        if len({x.fate for x in group}) != 1:
            yield f"options.tsv: {name} has two fates"
        elif not any(x.expected in proof[x.fate] for x in group):
            yield f"options.tsv: nothing shows that {name} is {group[0].fate}"


def main(arguments):
    names = [a for a in arguments[3:] if not a.startswith("--")]
    lines = list(read_table())
    faults = [] if names else [*table_faults(lines), *doc_faults(lines, Path(arguments[2]))]
    if names:
        lines = [x for x in lines if x.option in names]
    if "--compile" in arguments:
        lines = [x for x in lines if x.expected != "run"]
    elif "--run" in arguments:
        lines = [x for x in lines if x.expected == "run"]
    if "-m32" in arguments[1]:
        lines = [x for x in lines if x.expected != "error64"]
    trials = [(x, ()) for x in lines]
    if "--pairs" in arguments:
        trials = [(one, more) for one, more in pairs(lines) if not contradicts(one, more)]
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:
        trial = Trial(arguments[0], arguments[1], work)
        faults += [f for f in pool.map(lambda t: trial.fault(*t), trials) if f]
    for fault in faults:
        print(fault)
    print(f"{len(trials)} compilations, {len({x.option for x in lines})} options, {len(faults)} faults")
    return 1 if faults or not trials else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
