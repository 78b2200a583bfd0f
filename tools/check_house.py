#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""Checks the rules of the house: layers, names, switches, invariants, memory orders, budgets.

    tools/check_house.py [ROOT]

Prints one line a finding, `file:line: rule: sentence`, then a count. Warnings are printed and
counted, but only other findings make it fail. `--rules` lists the rules. The rules are in
tools/house/; each is tested in test/house/.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from house import budgets, claims, layers, names, switches  # noqa: E402
from house.tree import Tree  # noqa: E402

RULES = layers.RULES + names.RULES + switches.RULES + claims.RULES + budgets.RULES


def check(root):
    """All findings about the project at `root`, sorted by place."""
    tree = Tree(root)
    return sorted(finding for rule in RULES for finding in rule(tree))


def main(arguments):
    if "--rules" in arguments:
        for rule in RULES:
            print(" ".join(rule.__doc__.split()))
        return 0
    root = arguments[0] if arguments else Path(__file__).resolve().parent.parent
    findings = check(root)
    for finding in findings:
        print(finding)
    warning_count = sum(f.is_warning for f in findings)
    failure_count = len(findings) - warning_count
    print(f"{failure_count} findings, {warning_count} warnings")
    return 1 if failure_count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
