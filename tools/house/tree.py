# SPDX-License-Identifier: MIT-0
"""The files of the project as the rules see them: LAYERS, text, code without comments."""

import re
from dataclasses import dataclass, field
from pathlib import Path

TEXT_FOLDERS = ("include", "src", "test", "tools", "bench", "examples", "cmake")
C_SUFFIXES = (".c", ".h", ".def", ".hpp", ".cc")
OTHER_SUFFIXES = (".py", ".sh", ".awk", ".cmake")

# One comment, string or character constant, or nothing of that kind. Comments first: a quote
# inside a comment is no string.
TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


@dataclass(frozen=True, order=True)
class Finding:
    """One sentence about one line. A warning is printed but does not fail the check."""
    file: str
    line: int
    rule: str
    sentence: str
    is_warning: bool = False

    def __str__(self):
        word = "warning: " if self.is_warning else ""
        return f"{self.file}:{self.line}: {self.rule}: {word}{self.sentence}"


def blank(text):
    """As many lines and columns as `text`, all spaces."""
    return re.sub(r"[^\n]", " ", text)


def split_code(text):
    """(code, comments): `text` with comments and the insides of strings blanked, and the
    reverse. Both keep every line and column in place."""
    code, comments = [], []
    end = 0
    for match in TOKEN.finditer(text):
        between = text[end:match.start()]
        token = match.group()
        is_comment = token[0] == "/"
        code += [between, blank(token) if is_comment else token[0] + blank(token[1:-1]) + token[-1]]
        comments += [blank(between), token if is_comment else blank(token)]
        end = match.end()
    code.append(text[end:])
    comments.append(blank(text[end:]))
    return "".join(code), "".join(comments)


@dataclass
class Source:
    """One file. `path` is relative to the root, with forward slashes."""
    path: str
    text: str
    layer: str = ""
    lines: list = field(init=False)
    code: str = field(init=False)
    comments: str = field(init=False)

    def __post_init__(self):
        self.lines = self.text.split("\n")
        if self.is_c:
            self.code, self.comments = split_code(self.text)
        else:
            self.code, self.comments = self.text, ""
        self.code_lines = self.code.split("\n")
        self.comment_lines = self.comments.split("\n")

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def stem(self):
        return self.name.rsplit(".", 1)[0]

    @property
    def is_c(self):
        return self.path.endswith(C_SUFFIXES)

    @property
    def is_header(self):
        return self.path.endswith((".h", ".hpp"))

    @property
    def is_host(self):
        """May it include the host's headers?"""
        return re.match(r"(os|override)_.*\.c$", self.name) is not None

    def finding(self, line, rule, sentence, is_warning=False):
        return Finding(self.path, line, rule, sentence, is_warning)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        """(line, "quoted" or "system", target) of each #include."""
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
            if match and "include" in self.code_lines[number - 1]:
                if match.group(1):
                    yield number, "quoted", match.group(1)
                else:
                    yield number, "system", match.group(2)


class Tree:
    """The project: all text files, and those of src/ in the order of LAYERS."""

    def __init__(self, root):
        self.root = Path(root)
        self.problems = []
        self.files = {}
        for folder in TEXT_FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                self.add(path)
        for path in sorted(self.root.iterdir()):
            self.add(path)
        self.order = []
        self.read_layers()

    def add(self, path):
        named = path.name in ("CMakeLists.txt", "Makefile")
        if not path.is_file() or not (named or path.suffix in C_SUFFIXES + OTHER_SUFFIXES):
            return
        key = path.relative_to(self.root).as_posix()
        self.files[key] = Source(key, path.read_text(encoding="utf-8"))

    def read_layers(self):
        """Fills `order` with the sources that LAYERS names; `problems` with what does not fit."""
        listed = set()
        layers = self.root / "src" / "LAYERS"
        for number, line in enumerate(layers.read_text(encoding="utf-8").split("\n"), 1):
            layer, *names = line.split("#")[0].split() or [""]
            for name in names:
                path = f"src/{layer}/{name}"
                listed.add(path)
                if path in self.files:
                    self.files[path].layer = layer
                    self.order.append(self.files[path])
                else:
                    self.problems.append(Finding("src/LAYERS", number, "layers-missing",
                                                 f"{layer}/{name} does not exist."))
        for path, source in self.files.items():
            if path.startswith("src/") and source.is_c and path not in listed:
                self.problems.append(source.finding(1, "layers-unlisted",
                                                    "is not named in src/LAYERS."))

    def c_files(self, *folders):
        """All C and C++ files below the folders."""
        prefixes = tuple(folder + "/" for folder in folders)
        return [s for s in self.files.values() if s.is_c and s.path.startswith(prefixes)]
