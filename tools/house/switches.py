# SPDX-License-Identifier: MIT-0
"""Compile-time switches: declared once, in config.h, with a sentence."""

import re

CONFIG = "src/base/config.h"
# Options of dlmalloc's, which become switches; it makes names of its own, too.
FOREIGN = "src/base/dl_options.h"
# Made by the amalgamation, the version of the interface and dlmalloc.h: no switches, but known.
KNOWN = {"STRATA_AMALGAMATION", "STRATA_DL_PLAIN", "ST_DL_H", "STRATA_VERSION_MAJOR", "STRATA_VERSION_MINOR",
         "STRATA_VERSION_PATCH", "STRATA_VERSION_NUMBER"}


def configs(source):
    """name -> (line, sentence) of each @config comment of config.h."""
    found = {}
    for comment in re.finditer(r"/\*.*?\*/", source.comments, re.DOTALL):
        match = re.search(r"@config\s+(\w+)(.*)\*/", comment.group(), re.DOTALL)
        if match:
            sentence = " ".join(re.sub(r"^\s*\*", "", line) for line in match.group(2).split("\n"))
            found[match.group(1)] = (source.line_of(comment.start()), " ".join(sentence.split()))
    return found


def defined_names(source):
    return set(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", source.code, re.MULTILINE))


def check_declared(tree):
    """switch-undeclared: #if asks only for names of config.h, dl_options.h or the same file."""
    config = tree.files.get(CONFIG)
    declared = KNOWN | (set(configs(config)) | defined_names(config) if config else set())
    declared |= defined_names(tree.files[FOREIGN]) if FOREIGN in tree.files else set()
    for source in tree.c_files("src", "include"):
        known = declared | defined_names(source)
        code = re.sub(r"\\\n", "  ", source.code)
        for match in re.finditer(r"^[ \t]*#[ \t]*(?:if|elif|ifdef|ifndef)\b(.*)$", code,
                                 re.MULTILINE):
            for name in re.findall(r"\b(?:STRATA|ST)_\w+", match.group(1)):
                if name not in known:
                    line = code.count("\n", 0, match.start()) + 1
                    yield source.finding(line, "switch-undeclared",
                                         f"{name} is not declared in config.h.")


def check_documented(tree):
    """switch-undocumented, switch-unused-doc: @config sentence and #ifndef/#define go together."""
    config = tree.files.get(CONFIG)
    if config is None:
        return
    documented = configs(config)
    given = {}
    for match in re.finditer(r"^#ifndef (STRATA_\w+)\n", config.code, re.MULTILINE):
        given[match.group(1)] = config.line_of(match.start())
    for name, line in given.items():
        if name not in documented:
            yield config.finding(line, "switch-undocumented", f"{name} has no @config comment.")
    for name, (line, sentence) in documented.items():
        if name not in given:
            yield config.finding(line, "switch-unused-doc", f"{name} is not given by #ifndef.")
        elif len(sentence.split()) < 4 or not sentence.endswith("."):
            yield config.finding(line, "switch-undocumented", f"{name} has no whole sentence.")


def check_count(tree):
    """switch-count: at most 24 switches; each one doubles what could be tested."""
    config = tree.files.get(CONFIG)
    count = len(configs(config)) if config else 0
    if count > 24:
        yield config.finding(1, "switch-count", f"{count} switches; the budget is 24.")


RULES = [check_declared, check_documented, check_count]
