#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""Checks what the Markdown pages say about the tree: links, names and code.

    test/docs/check_docs.py [ROOT]

Looked at: docs/**/*.md and the pages in the root. Prints one line a finding and fails if there
is one:
    link    a relative link leads to no file, or to no heading of it
    place   `file.c:name` names a file that does not exist, or a word that is not in it;
            `src/...` and the like name no file or folder
    name    `strata_x`, `st_x`, STRATA_X, ST_X or INV-X-n in code is in no source
    code    a C block that includes something does not compile ($CC or cc)
    fence   a code block that is not closed
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = ("include", "src", "test", "tools", "cmake", "examples")
SUFFIXES = (".c", ".h", ".def", ".cc", ".hpp", ".py", ".sh", ".awk", ".cmake", ".txt", ".json")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
PLACE = re.compile(r"^([\w./-]+\.(?:c|h|def|cc|hpp|py|sh|awk)):([A-Za-z_]\w*)$")
FOLDER = re.compile(r"^(?:include|src|test|tools|docs|cmake|examples|bench)(?:/[\w.*-]+)+/?$")
NAME = re.compile(r"\b(?:strata|st|STRATA|ST)_\w+|\bINV-[A-Z]+-\d+\b")


class Page:
    """One page: its lines, and the C blocks in it."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.path = path
        self.lines, self.blocks, self.findings = [], [], []
        fence = None
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.lstrip().startswith("```"):
                if fence is None:
                    fence = (number, line.strip()[3:], [])
                else:
                    self.blocks.append(fence)
                    fence = None
            elif fence is not None:
                fence[2].append(line)
            else:
                self.lines.append((number, line))
        if fence is not None:
            self.find(fence[0], "fence", "is never closed")

    def find(self, number, rule, sentence):
        self.findings.append(f"{self.name}:{number}: {rule}: {sentence}")

    def anchors(self):
        """What #name may say: headings as GitHub writes them."""
        found = set()
        for _, line in self.lines:
            heading = re.match(r"#+ (.*)", line)
            if heading:
                words = re.sub(r"[^\w\- ]", "", heading.group(1).replace("`", "").lower())
                found.add(words.strip().replace(" ", "-"))
        return found


class Sources:
    """The files that pages may name, and every word in them."""

    def __init__(self, root):
        self.root = root
        self.by_name, self.words = {}, {}
        for folder in SOURCES:
            for path in (root / folder).rglob("*"):
                if path.suffix in SUFFIXES and path.is_file():
                    self.by_name.setdefault(path.name, []).append(path)
        for path in root.iterdir():
            if path.is_file() and (path.suffix in SUFFIXES or path.name == "Makefile"):
                self.by_name.setdefault(path.name, []).append(path)
        self.all_words = set()
        for paths in self.by_name.values():
            for path in paths:
                self.all_words |= self.words_of(path)

    def words_of(self, path):
        if path not in self.words:
            text = path.read_text(encoding="utf-8", errors="replace")
            self.words[path] = set(re.findall(r"\w+|INV-[A-Z]+-\d+", text)) | set(NAME.findall(text))
        return self.words[path]

    def find(self, name):
        """The files that `name`, a path from the root or from src/ or a bare name, may be."""
        found = [p for p in (self.root / name, self.root / "src" / name) if p.is_file()]
        return found or [p for p in self.by_name.get(Path(name).name, [])
                         if p.as_posix().endswith("/" + name)]


def check_links(page, pages):
    for number, line in page.lines:
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            file_name, _, anchor = target.partition("#")
            path = (page.path.parent / file_name).resolve() if file_name else page.path
            if not path.exists():
                page.find(number, "link", f"{target} does not exist")
            elif anchor and path in pages and anchor not in pages[path].anchors():
                page.find(number, "link", f"{target}: there is no such heading")


def check_names(page, sources):
    for number, line in page.lines:
        for code in re.findall(r"`([^`]+)`", line):
            place = PLACE.match(code)
            if place:
                found = sources.find(place.group(1))
                if not found:
                    page.find(number, "place", f"{place.group(1)} does not exist")
                elif not any(place.group(2) in sources.words_of(p) for p in found):
                    page.find(number, "place", f"{place.group(2)} is not in {place.group(1)}")
            elif FOLDER.match(code) and not list(sources.root.glob(code)):
                page.find(number, "place", f"{code} does not exist")
        text = line if "INV-" in line else " ".join(re.findall(r"`([^`]+)`", line))
        for name in NAME.findall(text):
            # A name that ends in a line is a prefix, as in `strata_`.
            if name not in sources.all_words and not name.endswith("_"):
                if name not in ("STRATA_X", "ST_X"):
                    page.find(number, "name", f"{name} is in no source")


def check_code(page, root):
    compiler = shutil.which(os.environ.get("CC", "cc"))
    for number, language, lines in page.blocks:
        if language != "c" or not any(line.startswith("#include") for line in lines):
            continue
        if compiler is None:
            continue
        run = subprocess.run(
            [compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
             f"-I{root}/include", f"-I{root}/src", "-x", "c", "-"],
            input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if run.returncode != 0:
            first = next((x for x in run.stderr.split("\n") if "error" in x), "no error text")
            page.find(number, "code", f"does not compile: {first.strip()}")


def check(root):
    """All findings about the project at `root`."""
    root = Path(root).resolve()
    paths = sorted((root / "docs").rglob("*.md")) + sorted(root.glob("*.md"))
    pages = {path: Page(root, path) for path in paths}
    sources = Sources(root)
    for page in pages.values():
        check_links(page, pages)
        check_names(page, sources)
        check_code(page, root)
    return [finding for page in pages.values() for finding in page.findings]


def main(arguments):
    root = arguments[0] if arguments else Path(__file__).resolve().parents[2]
    findings = check(root)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
