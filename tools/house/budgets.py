# SPDX-License-Identifier: MIT-0
"""Sizes that keep files readable, and what does not belong into them."""

import re

from .functions import functions_of

FILE_SOFT, FILE_HARD = 400, 800
HEADER_SOFT = 600          # the public header is half comments
FUNCTION_HARD = 60
PARAMETERS_MAX = 6
IF_DEPTH_MAX = 2
# Put together here, so that this file is not found by its own rule.
PROMISES = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
# A comment line that reads like a statement: a call, an assignment or a jump, and a semicolon.
DEAD_CODE = re.compile(
    r"^[\s/*]*(?:\w[\w\s*>.\[\]-]*\(.*\)|[\w>.\[\]-]+ [-+|&]?= .*|return\b.*|break|continue"
    r"|goto \w+)\s*;\s*(?:\*/)?\s*$")


def check_file_length(tree):
    """file-length: 400 lines warn (600 in include/), 800 fail."""
    for source in tree.files.values():
        count = len(source.lines) - 1
        soft = HEADER_SOFT if source.path.startswith("include/") else FILE_SOFT
        if count > FILE_HARD:
            yield source.finding(1, "file-length", f"{count} lines; the limit is {FILE_HARD}.")
        elif count > soft:
            yield source.finding(1, "file-length", f"{count} lines; is it still one idea?", True)


def check_functions(tree):
    """function-length, parameter-count: at most 60 lines and 6 parameters, tests too."""
    for source in tree.c_files("src", "include", "test", "tools", "bench", "examples"):
        for function in functions_of(source):
            if function.line_count > FUNCTION_HARD:
                yield source.finding(function.line, "function-length",
                                     f"{function.name} has {function.line_count} lines; "
                                     f"the limit is {FUNCTION_HARD}.")
            if len(function.parameters) > PARAMETERS_MAX:
                yield source.finding(function.line, "parameter-count",
                                     f"{function.name} has {len(function.parameters)} parameters; "
                                     f"the limit is {PARAMETERS_MAX}.")


def check_if_depth(tree):
    """if-depth: #if at most two deep, the include guard not counted; config.h, dl_options.h may."""
    for source in tree.c_files("src", "include"):
        depth = -1 if source.is_header else 0
        for number, line in enumerate(source.code_lines, 1):
            if re.match(r"\s*#\s*if", line):
                depth += 1
                if depth > IF_DEPTH_MAX and source.name not in ("config.h", "dl_options.h"):
                    yield source.finding(number, "if-depth",
                                         f"#if {depth} deep; the limit is {IF_DEPTH_MAX}.")
            elif re.match(r"\s*#\s*endif", line):
                depth -= 1


def check_promises(tree):
    """promise: work left for later is an issue, not a comment."""
    for source in tree.files.values():
        for number, line in enumerate(source.lines, 1):
            match = PROMISES.search(line)
            if match:
                yield source.finding(number, "promise", f"{match.group(1)} in the tree.")


def check_dead_code(tree):
    """dead-code: git remembers old code; comments do not have to."""
    for source in tree.c_files("src"):
        for number, line in enumerate(source.comment_lines, 1):
            if DEAD_CODE.match(line) and not source.code_lines[number - 1].strip():
                yield source.finding(number, "dead-code", "a comment that reads like code.")


def check_license(tree):
    """spdx: each source names its license in one of its first three lines."""
    for source in tree.files.values():
        if not any("SPDX-License-Identifier: MIT-0" in line for line in source.lines[:3]):
            yield source.finding(1, "spdx", "has no SPDX-License-Identifier line on top.")


RULES = [check_file_length, check_functions, check_if_depth, check_promises, check_dead_code,
         check_license]
