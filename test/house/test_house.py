# SPDX-License-Identifier: MIT-0
"""Each rule of tools/house/ fires on what it is against, and not on a tree that keeps it.

Every case writes a small, orderly project to a temporary folder, spoils one thing and looks
which rules speak."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import check_house  # noqa: E402
from house import names  # noqa: E402
from house.functions import functions_of  # noqa: E402
from house.tree import Source, split_code  # noqa: E402

SPDX = "/* SPDX-License-Identifier: MIT-0 */\n"

ORDERLY = {
    "src/LAYERS": "base config.h atomic.h base.h base.c\n"
                  "os   os.h lock.h lock.c os_linux.c  # the host\n"
                  "space space.h space_check.c\n",
    "src/base/config.h": SPDX + """#ifndef ST_CONFIG_H
#define ST_CONFIG_H
#include <stddef.h>
/* @config STRATA_TINY  1 chooses the smallest code. */
#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif
#endif
""",
    "src/base/atomic.h": SPDX + """#ifndef ST_ATOMIC_H
#define ST_ATOMIC_H
#include <stdatomic.h>
#define st_load_relaxed(p) atomic_load_explicit(p, memory_order_relaxed)
#define st_load_acquire(p) atomic_load_explicit(p, memory_order_acquire)
#define st_store_release(p, v) atomic_store_explicit(p, v, memory_order_release)
#endif
""",
    "src/base/base.h": SPDX + """#ifndef ST_BASE_H
#define ST_BASE_H
#include "base/config.h"
#define ST_INTERNAL extern
ST_INTERNAL void st_base_stop(void);
#if STRATA_TINY
#define ST_SPACES 1
#endif
#endif
""",
    "src/base/base.c": SPDX + """#include "base/base.h"
void st_base_stop(void)
{
    for (;;) {
    }
}
""",
    "src/os/os.h": SPDX + """#ifndef ST_OS_H
#define ST_OS_H
#include "base/base.h"
ST_INTERNAL int st_os_clock(void);
#endif
""",
    "src/os/lock.h": SPDX + """#ifndef ST_LOCK_H
#define ST_LOCK_H
#include "base/base.h"
ST_INTERNAL int st_lock_take(int *word);
#endif
""",
    "src/os/lock.c": SPDX + """#include "os/lock.h"
#include "base/atomic.h"
int st_lock_take(int *word)
{
    /* relaxed: only a hint. */
    if (st_load_relaxed(word)) return 0;
    /* SYNC-1 acquire: what the holder wrote. */
    if (st_load_acquire(word)) return 0;
    st_store_release(word, 1); /* SYNC-1 release: what we wrote. */
    return 1;
}
""",
    "src/os/os_linux.c": SPDX + """#include "os/os.h"
#include <time.h>
int st_os_clock(void) { return (int)time(NULL); }
""",
    "src/space/space.h": SPDX + """#ifndef ST_SPACE_H
#define ST_SPACE_H
#include "os/lock.h"
/* INV-SPACE-1  no two free chunks are neighbors */
ST_INTERNAL const char *st_space_check(void);
#endif
""",
    "src/space/space_check.c": SPDX + """#include "space/space.h"
const char *st_space_check(void) { return "INV-SPACE-1"; }
""",
    "include/strata.h": SPDX + "#ifndef STRATA_H\n#define STRATA_H\n#endif\n",
    "test/unit/unit_space_check.c": SPDX + "/* Breaks INV-SPACE-1. */\nint probe;\n",
}


def rules_for(changes):
    """The rules that speak about the orderly tree after the changes: path -> text (None removes
    the file) or path -> (old, new)."""
    files = dict(ORDERLY)
    for path, change in changes.items():
        if isinstance(change, tuple):
            assert change[0] in files[path], f"{path} lacks what the case replaces"
            change = files[path].replace(*change)
        files[path] = change
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            if text is not None:
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
        return {finding.rule for finding in check_house.check(folder)}


# What is spoiled, by the rule that must speak; only that one.
SPOILED = {
    "layers-missing": {"src/LAYERS": ("base.c\n", "base.c gone.c\n")},
    "layers-unlisted": {"src/os/extra.c": SPDX},
    "include-up": {"src/base/base.c": ('"base/base.h"\n', '"base/base.h"\n#include "os/os.h"\n')},
    "include-unknown": {"src/os/lock.c": ('"base/atomic.h"', '"base/atomic.h"\n#include "list.h"')},
    "include-own-first": {"src/os/lock.c": ('#include "os/lock.h"\n#include "base/atomic.h"',
                                            '#include "base/atomic.h"\n#include "os/lock.h"')},
    "host-header": {"src/os/lock.c": ('"base/atomic.h"', '"base/atomic.h"\n#include <string.h>')},
    "internal-home": {"src/os/os.h": ("int st_os_clock(void);",
                                      "int st_os_clock(void);\nST_INTERNAL const char *\n"
                                      "st_space_check(void);")},
    "guard": {"src/os/os.h": ("ST_OS_H\n", "OS_H\n")},
    "header-alone": {"src/os/os.h": ('#include "base/base.h"', "")},
    "name-unique": {"src/base/base.c": ("void st_base_stop", "static int helper(void) { return 1; }"
                                        "\nvoid st_base_stop"),
                    "src/os/lock.c": ("int st_lock_take", "static int helper(void) { return 2; }"
                                      "\nint st_lock_take")},
    "switch-undeclared": {"src/base/base.h": ("#if STRATA_TINY", "#if STRATA_TINNY")},
    "switch-undocumented": {"src/base/config.h": ("/* @config STRATA_TINY  1 chooses the smallest "
                                                  "code. */", "")},
    "switch-unused-doc": {"src/base/config.h": ("/* @config", "/* @config STRATA_OLD  Was needed "
                                                "once. */\n/* @config")},
    "switch-count": {"src/base/config.h": ("/* @config", "".join(
        f"/* @config STRATA_S{n}  Is only a number. */\n#ifndef STRATA_S{n}\n#define STRATA_S{n} 0"
        "\n#endif\n" for n in range(24)) + "/* @config")},
    "inv-twice": {"src/space/space.h": ("ST_INTERNAL", "/* INV-SPACE-1  said again here */\n"
                                        "ST_INTERNAL")},
    "inv-unchecked": {"src/space/space_check.c": ('"INV-SPACE-1"', '"" /* INV-SPACE-1 */')},
    "inv-unbroken": {"test/unit/unit_space_check.c": ("Breaks INV-SPACE-1.", "Breaks nothing.")},
    "inv-undeclared": {"src/os/lock.c": ("/* relaxed:", "/* See INV-LOCK-1. */\n    /* relaxed:")},
    "relaxed-reason": {"src/os/lock.c": ("/* relaxed: only a hint. */", "")},
    "sync-reason": {"src/os/lock.c": ("/* SYNC-1 release: what we wrote. */",
                                      "/* SYNC-1 release */")},
    "sync-ends": {"src/os/lock.c": ("SYNC-1 release", "SYNC-2 release")},
    "raw-atomic": {"src/os/lock.c": ("return 1;", "return atomic_load(word);")},
    "file-length": {"src/os/os_linux.c": (SPDX, SPDX + "/* */\n" * 900)},
    "function-length": {"src/base/base.c": ("    for", "    ;\n" * 60 + "    for")},
    "parameter-count": {"test/unit/unit_space_check.c": (
        "int probe;", "static int f(int a, int b, int c, int d, int e, int g, int h) { return 1; }")},
    "if-depth": {"src/base/base.c": ("    for", "#if 1\n#if 1\n#if 1\n#endif\n#endif\n#endif\n"
                                     "    for")},
    "promise": {"src/base/base.c": ("    for", "    /* TO" + "DO: later. */\n    for")},
    "dead-code": {"src/base/base.c": ("    for", "    /* st_lock_take(&word); */\n    for")},
    "spdx": {"src/base/base.c": (SPDX, "")},
}


class EachRule(unittest.TestCase):
    def test_an_orderly_tree_has_no_findings(self):
        self.assertEqual(rules_for({}), set())

    def test_each_spoiled_tree_is_found_by_its_rule(self):
        for rule, changes in SPOILED.items():
            with self.subTest(rule):
                self.assertEqual(rules_for(changes), {rule})

    def test_every_rule_that_is_listed_has_a_spoiled_tree(self):
        listed = set()
        for rule in check_house.RULES:
            listed |= set(rule.__doc__.split(":")[0].replace(",", " ").split())
        self.assertEqual(listed, set(SPOILED))


class Names(unittest.TestCase):
    def test_duplicates_are_found_without_ctags_too(self):
        with mock.patch.object(names.shutil, "which", lambda name: None):
            self.assertEqual(rules_for({}), set())
            self.assertIn("name-unique", rules_for(SPOILED["name-unique"]))

    @unittest.skipUnless(shutil.which("ctags"), "ctags is not installed")
    def test_tags_types_constants_and_macros_count(self):
        for text in ("struct twin { int x; };", "typedef int twin;", "enum { twin };",
                     "#define twin 1", "static int twin;"):
            with self.subTest(text):
                changes = {"src/base/base.c": ("void", text + "\nvoid"),
                           "src/os/lock.c": ("int st", text + "\nint st")}
                self.assertIn("name-unique", rules_for(changes))

    def test_a_macro_undefined_again_may_have_a_twin(self):
        macro = "#define TWIN 1\n#undef TWIN\n"
        self.assertEqual(rules_for({"src/base/base.c": ("void", macro + "void"),
                                    "src/os/lock.c": ("int st", macro + "int st")}), set())


class Reading(unittest.TestCase):
    def test_comments_and_strings_are_told_from_code(self):
        code, comments = split_code('a /* "b" */ "c /* d */" // e\n')
        self.assertEqual(code.split(), ["a", '"', '"'])
        self.assertEqual(comments.split(), ["/*", '"b"', "*/", "//", "e"])

    def test_functions_are_measured_from_brace_to_brace(self):
        source = Source("x.c", "ST_INTERNAL int one(int a)\n    ST_REQUIRES(a)\n{\n    return 1;\n}"
                        "\nstruct s { int x; };\nint table[] = {1, 2};\n"
                        "#define M(x) { x }\nvoid two(int (*f)(int, int), int b) { f(b, 0); }\n")
        self.assertEqual([(f.name, f.line, f.line_count, len(f.parameters))
                          for f in functions_of(source)], [("one", 3, 3, 1), ("two", 9, 1, 2)])

    def test_warnings_do_not_fail_the_check(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in ORDERLY.items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if path == "src/os/os_linux.c":
                    text += "/* */\n" * 500
                target.write_text(text, encoding="utf-8")
            run = subprocess.run([sys.executable, ROOT / "tools" / "check_house.py", folder],
                                 capture_output=True, text=True, check=False)
        self.assertIn("warning: ", run.stdout)
        self.assertTrue(run.stdout.endswith("0 findings, 1 warnings\n"), run.stdout)
        self.assertEqual(run.returncode, 0)


if __name__ == "__main__":
    unittest.main()
