# SPDX-License-Identifier: MIT-0
"""Who may include and call whom."""

import os
import re
import shutil
import subprocess

from .functions import functions_of

FREESTANDING = {"stddef.h", "stdint.h", "stdbool.h", "stdatomic.h", "limits.h", "stdarg.h",
                "stdalign.h"}


def check_listed(tree):
    """layers-missing, layers-unlisted: LAYERS names each file of src/ and no other."""
    yield from tree.problems


def check_includes(tree):
    """include-up, include-unknown: a file includes only what LAYERS names before it."""
    position = {s.path[len("src/"):]: idx for idx, s in enumerate(tree.order)}
    for idx, source in enumerate(tree.order):
        for line, kind, target in source.includes():
            if kind != "quoted" or target in ("strata.h", "dlmalloc.h"):
                continue
            if target not in position:
                yield source.finding(line, "include-unknown",
                                     f"{target} is not in src/LAYERS; write layer/file.h.")
            # Headers come before all sources in the amalgamation, so a source may use any
            # header of its own layer.
            elif position[target] > idx and not (
                    source.name.endswith(".c") and target.startswith(source.layer + "/")):
                yield source.finding(line, "include-up",
                                     f"{target} stands after this file in src/LAYERS.")


def check_own_header_first(tree):
    """include-own-first: x.c includes x.h first, which proves that x.h stands alone."""
    known = {s.path[len("src/"):] for s in tree.order}
    for source in tree.order:
        own = f"{source.layer}/{source.stem}.h"
        if not source.name.endswith(".c") or own not in known:
            continue
        first = next(iter(source.includes()), (1, "", ""))
        if first[2] != own:
            yield source.finding(first[0], "include-own-first", f"the first include is not {own}.")


def check_host_headers(tree):
    """host-header: only os_*.c and override_*.c know the host."""
    for source in tree.order:
        for line, kind, target in source.includes():
            if kind == "system" and target not in FREESTANDING and not source.is_host:
                yield source.finding(line, "host-header",
                                     f"<{target}> belongs into os_*.c or override_*.c only.")


def declared_internal(source):
    """(line, name) of each function that a header declares ST_INTERNAL and does not define."""
    for match in re.finditer(r"^ST_INTERNAL\b[^;{]*[;{]", source.code, re.MULTILINE):
        name = re.search(r"\b(st_\w+)\s*\(", match.group())
        if name and match.group().endswith(";"):
            yield source.line_of(match.start()), name.group(1)


def check_homes(tree):
    """internal-home: what a header declares ST_INTERNAL is defined in the header's layer."""
    homes = {}
    for source in tree.order:
        for function in functions_of(source):
            homes.setdefault(function.name, set()).add(source.layer)
    for source in tree.order:
        if not source.is_header:
            continue
        for line, name in declared_internal(source):
            layers = homes.get(name, set())
            if source.layer not in layers:
                where = "in " + ", ".join(sorted(layers)) if layers else "nowhere"
                yield source.finding(line, "internal-home",
                                     f"{name} is defined {where}, not in {source.layer}.")


def check_guards(tree):
    """guard: a header opens with #ifndef of a guard named after it, and defines it."""
    for source in tree.c_files("src", "include"):
        if not source.is_header:
            continue
        stem = re.sub(r"\W", "_", source.stem).upper()
        directives = [(n, line) for n, line in enumerate(source.code_lines, 1)
                      if re.match(r"\s*#", line)]
        wanted = [f"ST_{stem}_H"]
        if source.path.startswith("include/"):
            wanted = [f"{stem}_H", f"STRATA_{stem}_H", f"{stem}_HPP", f"STRATA_{stem}_HPP"]
        opened = re.match(r"#\s*ifndef\s+(\w+)", directives[0][1]) if directives else None
        if (opened is None or opened.group(1) not in wanted or len(directives) < 2
                or directives[1][1].split() != ["#define", opened.group(1)]):
            yield source.finding(directives[0][0] if directives else 1, "guard",
                                 f"the first directives are not #ifndef and #define {wanted[0]}.")


def check_headers_alone(tree):
    """header-alone: each header compiles by itself. Needs a C compiler ($CC or cc)."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return
    for source in tree.c_files("src", "include"):
        if not source.name.endswith(".h"):
            continue
        run = subprocess.run(
            [compiler, "-std=c11", "-fsyntax-only", "-Iinclude", "-Isrc", "-x", "c", source.path],
            cwd=tree.root, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            first = next((x for x in run.stderr.split("\n") if "error" in x), "no error text")
            yield source.finding(1, "header-alone", f"does not compile by itself: {first.strip()}")


RULES = [check_listed, check_includes, check_own_header_first, check_host_headers, check_homes,
         check_guards, check_headers_alone]
