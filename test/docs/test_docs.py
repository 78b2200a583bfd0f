#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""That the checks of the documentation can fail: each is shown a mistake made on purpose."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).resolve().parent)]

import check_docs  # noqa: E402
import gen_docs  # noqa: E402


class Mistakes(unittest.TestCase):
    """A small tree with one page in it."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("docs", "src/space", "include"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "src/space/tree.c").write_text("int st_tree_idx(int size); /* INV-TREE-1 */\n")
        (self.root / "docs/other.md").write_text("# A heading, `code`: more\n")

    def rules(self, text):
        """The rules that find something in a page of this text."""
        (self.root / "docs/page.md").write_text(text)
        return [finding.split(": ")[1] for finding in check_docs.check(self.root)]

    def test_a_good_page_has_no_findings(self):
        self.assertEqual(self.rules(
            "# Page\n[a](other.md) [b](other.md#a-heading-code-more) [c](#page)\n"
            "[d](https://example.org/x) `tree.c:st_tree_idx` `space/tree.c:st_tree_idx`\n"
            "`src/space/tree.c` `src/space` `st_tree_` INV-TREE-1\n"
            "```c\n#include <stddef.h>\nsize_t n;\n```\n```\n[x](gone.md)\n```\n"), [])

    def test_dead_links_are_found(self):
        self.assertEqual(self.rules("[a](gone.md)\n"), ["link"])
        self.assertEqual(self.rules("[a](other.md#gone)\n"), ["link"])
        self.assertEqual(self.rules("[a](#gone)\n"), ["link"])
        self.assertEqual(self.rules("| ![a](gone.svg) |\n"), ["link"])

    def test_wrong_places_are_found(self):
        self.assertEqual(self.rules("`gone.c:main`\n"), ["place"])
        self.assertEqual(self.rules("`tree.c:tree_gone`\n"), ["place"])
        self.assertEqual(self.rules("`src/space/gone.c`\n"), ["place"])

    def test_unknown_names_are_found(self):
        self.assertEqual(self.rules("`st_tree_gone(1)`\n"), ["name"])
        self.assertEqual(self.rules("`STRATA_GONE`\n"), ["name"])
        self.assertEqual(self.rules("INV-TREE-2 is broken\n"), ["name"])

    def test_broken_code_is_found(self):
        self.assertEqual(self.rules("```c\n#include <stddef.h>\nsize_t n\n```\n"), ["code"])
        self.assertEqual(self.rules("```c\nint n;\n"), ["fence"])


class Stale(unittest.TestCase):
    """A copy of what pages are made from, in which one thing changes."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("docs", "src", "include", "test/unit", "test/stress"):
            shutil.copytree(ROOT / folder, self.root / folder)
        for path, text in gen_docs.stale(self.root).items():
            if text is not None:
                path.write_text(text)

    def expect_stale(self, page, source, old, new):
        path = self.root / source
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        found = [p.relative_to(self.root).as_posix() for p in gen_docs.stale(self.root)]
        self.assertIn(page, found)

    def test_nothing_is_stale_when_all_is_written(self):
        self.assertEqual(gen_docs.stale(self.root), {})

    def test_a_changed_switch_is_noticed(self):
        self.expect_stale("docs/configuration.md", "src/base/config.h",
                          "STRATA_CHECK_PERIOD 1024", "STRATA_CHECK_PERIOD 1023")
        self.expect_stale("docs/configuration.md", "src/base/config.h", "Range 1..64", "Range 1..65")

    def test_a_changed_option_is_noticed(self):
        self.expect_stale("docs/configuration.md", "src/books/options.def", "64 * ST_KIB",
                          "32 * ST_KIB")

    def test_a_changed_invariant_is_noticed(self):
        self.expect_stale("docs/invariants.md", "src/space/space.h", "INV-SPACE-5   no two",
                          "INV-SPACE-5   no three")
        self.expect_stale("docs/invariants.md", "test/unit/unit_space_check.c",
                          "free_neighbors_break", "neighbors_break")

    def test_a_changed_interface_is_noticed(self):
        self.expect_stale("docs/api.md", "include/strata.h", "Size 0 gives", "Size 0 may give")
        self.expect_stale("docs/api.md", "include/strata.h", "strata_trim(size_t pad)",
                          "strata_trim(size_t rest)")

    def test_a_changed_list_of_files_is_noticed(self):
        self.expect_stale("docs/files.md", "src/LAYERS", "bits.h atomic.h", "atomic.h bits.h")
        self.expect_stale("docs/files.md", "src/api/init.c", "The start", "The beginning")

    def test_a_changed_sync_edge_is_noticed(self):
        self.expect_stale("docs/concurrency.md", "src/map/pagemap.c", "the leaf is all zero",
                          "the leaf is full")

    def test_a_changed_drawing_is_noticed(self):
        self.expect_stale("docs/figures/lock.dot", "docs/figures/lock.dot", "free", "unlocked")


if __name__ == "__main__":
    unittest.main()
