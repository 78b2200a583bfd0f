# SPDX-License-Identifier: MIT-0
"""What is claimed is checked: invariants (INV-X-n) and memory orders (SYNC-n)."""

import re

INVARIANT = re.compile(r"\bINV-[A-Z]+-\d+\b")
# A declaration opens its comment line and says something.
DECLARED = re.compile(r"^[\s/*]*(INV-[A-Z]+-\d+):?\s+\w.*\w", re.MULTILINE)
WINDOW = 4   # a reason stands at most so many lines above its use


def invariants_declared(tree):
    """id -> [(source, line)] over all headers."""
    found = {}
    for source in tree.order:
        if source.is_header:
            for match in DECLARED.finditer(source.comments):
                line = source.line_of(match.start(1))
                found.setdefault(match.group(1), []).append((source, line))
    return found


def uses(sources, text_of):
    """id -> set of the files whose chosen text names it."""
    found = {}
    for source in sources:
        for name in INVARIANT.findall(text_of(source)):
            found.setdefault(name, set()).add(source.path)
    return found


def strings_of(source):
    """The text of a file without its comments, strings kept."""
    return "".join(a if b == " " or b == "\n" else " "
                   for a, b in zip(source.text, source.comments))


def check_invariants(tree):
    """inv-twice, inv-unchecked, inv-unbroken, inv-undeclared: an id is
    declared in one header, reported by a check in the same layer, broken by a unit test."""
    declared = invariants_declared(tree)
    checked = uses([s for s in tree.order if s.name.endswith(".c")], strings_of)
    broken = uses(tree.c_files("test/unit"), lambda s: s.text)
    for name, places in sorted(declared.items()):
        source, line = places[0]
        for other, other_line in places[1:]:
            yield other.finding(other_line, "inv-twice",
                                f"{name} is already declared in {source.path}:{line}.")
        if not any(p.startswith(f"src/{source.layer}/") for p in checked.get(name, ())):
            yield source.finding(line, "inv-unchecked",
                                 f"no check function of layer {source.layer} reports \"{name}\".")
        if name not in broken:
            yield source.finding(line, "inv-unbroken", f"no test in test/unit breaks {name}.")
    for source in tree.order:
        for number, text in enumerate(source.lines, 1):
            for name in INVARIANT.findall(text):
                if name not in declared:
                    yield source.finding(number, "inv-undeclared",
                                         f"{name} is not declared in a header.")


def reason_near(source, number, pattern):
    """Does a comment with the pattern stand on the line or at most WINDOW lines above?"""
    first = max(0, number - 1 - WINDOW)
    return re.search(pattern, "\n".join(source.comment_lines[first:number])) is not None


def ordered_names(tree):
    """name -> acquire, release or relaxed, of what atomic.h gives."""
    atomic = tree.files.get("src/base/atomic.h")
    code = atomic.code if atomic else ""
    return {m.group(1): m.group(2) for m in
            re.finditer(r"#\s*define\s+(st_\w+_(acquire|release|relaxed))\(", code)}


def check_orders(tree):
    """sync-reason, relaxed-reason: each use of a memory order says why."""
    names = ordered_names(tree)
    if not names:
        return
    use = re.compile(r"\b(" + "|".join(names) + r")\s*\(")
    for source in tree.order:
        if source.name == "atomic.h":
            continue
        for number, line in enumerate(source.code_lines, 1):
            for match in use.finditer(line):
                order = names[match.group(1)]
                if order == "relaxed":
                    if not reason_near(source, number, r"relaxed:\s*\w+"):
                        yield source.finding(number, "relaxed-reason",
                                             f"{match.group(1)} without `relaxed: why`.")
                elif not reason_near(source, number, rf"SYNC-\d+ {order}:\s*\w+"):
                    yield source.finding(number, "sync-reason",
                                         f"{match.group(1)} without `SYNC-n {order}: what`.")


def check_sync_ends(tree):
    """sync-ends: each SYNC-n is both released and acquired somewhere."""
    ends = {}
    for source in tree.order:
        if source.name == "atomic.h":
            continue
        for number, line in enumerate(source.comment_lines, 1):
            for n, order in re.findall(r"SYNC-(\d+) (release|acquire)\b", line):
                ends.setdefault(n, {}).setdefault(order, (source, number))
    for n, found in sorted(ends.items()):
        for missing in {"release", "acquire"} - set(found):
            source, number = next(iter(found.values()))
            yield source.finding(number, "sync-ends", f"SYNC-{n} has no {missing} end.")


def check_raw_atomics(tree):
    """raw-atomic: memory orders are named in atomic.h only."""
    raw = re.compile(r"\b(atomic_\w+|memory_order_?\w*|__atomic_\w+|__sync_\w+|_Atomic)\b")
    for source in tree.order:
        if source.name == "atomic.h":
            continue
        for number, line in enumerate(source.code_lines, 1):
            match = raw.search(line)
            if match and not line.lstrip().startswith("#include"):
                yield source.finding(number, "raw-atomic",
                                     f"{match.group(1)} outside of atomic.h.")


RULES = [check_invariants, check_orders, check_sync_ends, check_raw_atomics]
