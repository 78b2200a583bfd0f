#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""The table of promises and the tests agree.

    conformance.py ROOT

docs/dlmalloc/conformance.md names no test that does not exist, and leaves out no test of test/dlmalloc, none of
the 45 functions and none of the eighteen defects. Names of ctest are looked up in the CMakeLists.txt that make
them. Prints one line a finding.
"""

import re
import sys
from pathlib import Path

# Names that are made in a loop, of a word in a CMakeLists.txt.
LOOPS = ("dlmalloc_", "dlmalloc_compiles_", "bits32_", "options_")


def registered(source):
    """The tests that a C file hands to cmocka; those defined and forgotten are no tests."""
    text = source.read_text(encoding="utf-8")
    main = text[text.index("\nint main("):]
    return set(re.findall(r"(?:IN_\w+|ON_HOST_MEMORY|cmocka_unit_test)\((\w+)\)", main))


def functions(header):
    return set(re.findall(r"STRATA_EXPORT [^;]*?\b(\w+)\(", header.read_text(encoding="utf-8")))


def ctest_names(root):
    """What could be a test of ctest: literal names, files that loops are over, and words of loops."""
    found = set()
    for path in (root / "test").glob("*/CMakeLists.txt"):
        words = set(re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")))
        found |= words | {prefix + word.lower() for prefix in LOOPS for word in words}
    found |= {f"examples_embedder_{x.stem}" for x in (root / "examples/embedders").glob("*.c")}
    return found


def findings(root):
    page = (root / "docs/dlmalloc/conformance.md").read_text(encoding="utf-8")
    tests = {s.name: registered(s) for s in (root / "test/dlmalloc").glob("dlmalloc_*.c")}
    options = {x.split("\t")[0] for x in (root / "test/options/options.tsv").read_text().split("\n")}
    rows = [x.split("|")[1:-1] for x in page.split("\n") if x.startswith("| ") and "---" not in x]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row[-1])}
    if len(rows) < 80:
        yield f"only {len(rows)} rows were read"
    for name in sorted(named):
        file, colon, test = name.partition(":")
        if colon and file == "options.tsv":
            known = test in options
        elif colon:
            known = test in tests.get(file, ())
        else:
            known = name in ctest_names(root)
        if not known:
            yield f"{name} is on the page, but no test"
    for file, there in sorted(tests.items()):
        for test in sorted(there):
            if f"{file}:{test}" not in named:
                yield f"{file}:{test} is not on the page"
    for number in range(1, 19):
        if not re.search(rf"`dlmalloc_defects\.c:defect_{number:02}_", page):
            yield f"defect {number} has no test"
    called = "".join(s.read_text(encoding="utf-8") for s in (root / "test/dlmalloc").glob("dl*.[ch]"))
    api = (root / "docs/dlmalloc/api.md").read_text(encoding="utf-8")
    declared = functions(root / "include/dlmalloc.h")
    if len(declared) != 45:
        yield f"{len(declared)} functions are declared, not 45"
    for name in sorted(declared):
        if not re.search(rf"\b{name}\b", called):
            yield f"no test calls {name}"
        if not re.search(rf"\b{name}\b", api):
            yield f"api.md does not have {name}"


def main(arguments):
    found = list(findings(Path(arguments[0])))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
