# SPDX-License-Identifier: MIT-0
"""File-scope names are unique across files, so that the files can become one."""

import re
import shutil
import subprocess

from .functions import functions_of, without_directives

# Kinds of universal-ctags' C parser that live at file scope, and the name each gets in a sentence.
KINDS = {"d": "macro", "e": "constant", "f": "function", "g": "enum", "s": "struct",
         "t": "type", "u": "union", "v": "variable"}


def names_by_ctags(tree, sources):
    """(source, line, name, kind) of each file-scope definition, by universal-ctags."""
    run = subprocess.run(
        ["ctags", "-f", "-", "--sort=no", "--languages=C", "--langmap=C:.c.h.def",
         "--kinds-C=" + "".join(KINDS), "--fields=nk", "--excmd=number",
         "-IST_INTERNAL,ST_INLINE,ST_ALWAYS_INLINE,ST_COLD,ST_NOINLINE,ST_WEAK,ST_UNUSED,"
         "STRATA_EXPORT,ST_REQUIRES+,ST_ACQUIRES+,ST_RELEASES+,ST_TRY_ACQUIRES+,ST_ATOMIC+"]
        + [s.path for s in sources],
        cwd=tree.root, capture_output=True, text=True, check=True)
    by_path = {s.path: s for s in sources}
    for line in run.stdout.split("\n"):
        parts = line.split("\t")
        if len(parts) >= 4:
            number = int(re.sub(r"\D", "", parts[2]))
            yield by_path[parts[1]], number, parts[0], parts[3]


def names_by_pattern(sources):
    """The same without ctags: macros, functions, tags, type names, static variables."""
    for source in sources:
        for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", source.code, re.MULTILINE):
            yield source, source.line_of(match.start()), match.group(1), "d"
        for function in functions_of(source):
            yield source, function.line, function.name, "f"
        code = without_directives(source.code)
        for pattern, kind in ((r"^(?:typedef )?(?:struct|union) (\w+) \{", "s"),
                              (r"^(?:typedef )?enum (\w+) \{", "g"),
                              (r"^\} (\w+);", "t"),
                              (r"^typedef [^;{(]*?\b(\w+);", "t"),
                              (r"^static (?:const )?[\w ]+?\**(\w+)(?:\[[^;]*\])?(?: =|;)", "v")):
            for match in re.finditer(pattern, code, re.MULTILINE):
                yield source, source.line_of(match.start()), match.group(1), kind


def is_local_macro(source, name):
    """A macro that its file undefines again, or defines only where nobody else has."""
    return re.search(rf"#\s*(?:undef|ifndef)\s+{name}\b", source.code) is not None


def is_declaration(source, line):
    """ST_DECLARE_DATA looks like a definition to a parser that does not expand macros."""
    return source.lines[line - 1].startswith(("ST_DECLARE_DATA", "ST_DECLARE_THREAD_DATA", "extern"))


def are_alternatives(first, second):
    """May both define one name? Of several hosts only one is compiled, of several overrides
    each is another libc's, and x.h may give inline what x.c gives in other configurations."""
    if first.is_host and second.is_host:
        return True
    return first.layer == second.layer and first.stem == second.stem


def is_completion(kind, name, source, first):
    """A struct that the public header only names, and the library fills in."""
    public = [s for s in (source, first) if s.path == "include/strata.h"]
    return kind in "st" and len(public) == 1 and f"typedef struct {name} {name};" in public[0].code


def check_unique(tree):
    """name-unique: no two files define the same function, variable, type, tag or macro."""
    sources = [s for s in tree.order if not s.name.endswith(".def")]
    sources += [s for s in tree.files.values() if s.path == "include/strata.h"]
    found = names_by_ctags(tree, sources) if shutil.which("ctags") else names_by_pattern(sources)
    first_of = {}
    for source, line, name, kind in found:
        if (kind == "d" and is_local_macro(source, name)) or is_declaration(source, line):
            continue
        first, first_line = first_of.setdefault(name, (source, line))
        if first is source or are_alternatives(first, source):
            continue
        if not is_completion(kind, name, source, first):
            yield source.finding(line, "name-unique", f"the {KINDS[kind]} {name} is also defined "
                                 f"in {first.path}:{first_line}.")


RULES = [check_unique]
