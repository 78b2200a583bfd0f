#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""A compiler that knows malloc may turn what calloc does into a call of calloc, and what memset does into
a call of memset. This compiles strata at one level of optimization, takes the machine code apart and proves
that no allocating function reaches itself or another one by which it is reached, and that strata, which
leaves copying and filling to the C library, defines neither memcpy nor memset.

  a72_no_recursion.py DIST OBJDUMP COMPILER FLAGS...

Compiled without the -fno-builtin-... of the build, as who drops strata.c into a project may do."""

import os
import re
import subprocess
import sys
import tempfile

# What may stand for what: the standards' names are strata's functions under a second name.
NAMES = ("malloc calloc realloc reallocarray free cfree aligned_alloc memalign posix_memalign valloc "
         "pvalloc free_sized free_aligned_sized").split()

HEAD = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
# A call or jump to a function's start: within functions there are jumps to other places only.
LEADS = re.compile(r"\b(call|j[a-z]+)\s+[0-9a-f]+ <([^>]+)>")


def plain(name):
    """Our function that is meant: parts that the compiler split off belong to it, and names are joined."""
    name = re.sub(r"\.(cold|part|constprop|isra|lto_priv|llvm)\b.*", "", name)
    name = re.sub(r"^__libc_", "", name)
    name = "posix_memalign" if name == "__posix_memalign" else name
    return "strata_" + name if name in NAMES else name


def graph(binary, objdump):
    """Who calls whom, by plain names."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", binary], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout
    calls, at = {}, None
    for line in text.split("\n"):
        head = HEAD.match(line)
        if head:
            at = plain(head[1])
            calls.setdefault(at, set())
            continue
        match = LEADS.search(line)
        if match and at:
            to = plain(re.sub(r"@plt$|\+0x[0-9a-f]+$", "", match[2]))
            # Its own parts are reached by jumps, which lead behind its start or to a name with a dot.
            if to != at or match[1] == "call" or not re.search(r"[+.]", match[2]):
                calls[at].add(to)
    return calls


def reaches(calls, start):
    """All that `start` may end up in."""
    seen, left = set(), [start]
    while left:
        for to in calls.get(left.pop(), ()):
            if to not in seen:
                seen.add(to)
                left.append(to)
    return seen


def faults(calls):
    """What must not be."""
    entries = ["strata_" + name for name in NAMES if "strata_" + name in calls]
    if len(entries) < 10:
        yield "only these entries were found: " + " ".join(entries)
    for entry in entries:
        found = reaches(calls, entry)
        if entry in found:
            yield entry + " reaches itself"
        if entry == "strata_malloc" and "strata_calloc" in found:
            yield "malloc reaches calloc"
    for name in ("memset", "memcpy", "memmove", "bzero"):
        if name in calls:
            yield "strata defines " + name


def compile_strata(dist, compiler, flags, work):
    """Strata as a library in which every call has found its target."""
    out = os.path.join(work, "strata.o")
    linked = os.path.join(work, "strata.so")
    subprocess.run([compiler, "-std=c11", "-w", "-fPIC", "-fexceptions", "-DSTRATA_OVERRIDE=1", "-I" + dist,
                    "-c", os.path.join(dist, "strata.c"), "-o", out] + flags, check=True)
    link = [compiler, "-shared", "-fPIC", "-Wl,-Bsymbolic", out, "-o", linked] + flags
    if "-flto" in flags and "clang" in compiler:
        link.append("-fuse-ld=lld")
    subprocess.run(link, check=True, stderr=subprocess.DEVNULL)
    return linked


def main():
    dist, objdump, compiler = sys.argv[1:4]
    flags = sys.argv[4:]
    with tempfile.TemporaryDirectory() as work:
        found = list(faults(graph(compile_strata(dist, compiler, flags, work), objdump)))
    for fault in found:
        print(" ".join([compiler] + flags) + ":", fault)
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main())
