#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""The likely path through malloc, free, operator new and operator delete of the built library:
what runs if no conditional jump is taken, from the entry to `ret`. It may not grow, and has no
frame, no call, no locked instruction. The compiler lays out what it is told is unlikely behind
jumps, so this is what most calls execute.

  fast_path.py LIBRARY OBJDUMP NM

The library is disassembled, not run; x86-64 only."""

import re
import subprocess
import sys
import unittest

# malloc and free together, their `ret` included: 14 and 20 when the limit was set.
LIMIT = 34

# What a likely path has none of. An xchg with memory is locked without saying so.
FRAME = re.compile(r"(push|pop|enter|leave|(add|sub|and|lea) .*,\s*%rsp$)")
CALL = re.compile(r"(call|syscall|int\b)")
LOCKED = re.compile(r"(lock\b|xacquire|xchg\w* .*\()")

LINE = re.compile(r"\s*([0-9a-f]+):\s+(\S.*)")
JUMP = re.compile(r"jmp\w*\s+([0-9a-f]+)\b")


class PathError(Exception):
    """The path can't be followed."""


def disassemble(library, objdump):
    """By address: the text of the instruction there, and the address of the next one."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-j", ".text", library],
                          check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    found = [LINE.fullmatch(line) for line in text.split("\n")]
    found = [(int(match[1], 16), re.sub(r"\s+[#<].*", "", match[2])) for match in found if match]
    return {at: (words, following[0]) for (at, words), following in
            zip(found, found[1:] + [(None, None)])}


def exported(library, nm):
    """The addresses of the names that the library exports."""
    text = subprocess.run([nm, "-D", "--defined-only", library], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout
    rows = [line.split() for line in text.split("\n")]
    return {row[2].split("@")[0]: int(row[0], 16) for row in rows if len(row) == 3}


def likely_path(code, at):
    """The instructions from `at` to the first `ret`, with no conditional jump taken."""
    path = []
    while len(path) < 1000:
        if at not in code:
            raise PathError("it leads out of the code, to %s" % at)
        words, following = code[at]
        if words != "endbr64": # where indirect jumps may arrive: the compiler's, not ours
            path.append(words)
        if re.match(r"(repz )?ret", words):
            return path
        if words.startswith("jmp"):
            jump = JUMP.fullmatch(words)
            if jump is None:
                raise PathError("it leads nobody knows where: %s" % words)
            following = int(jump[1], 16)
        at = following
    raise PathError("it does not end")


class LikelyPath(unittest.TestCase):
    library = objdump = nm = ""

    @classmethod
    def setUpClass(cls):
        cls.code = disassemble(cls.library, cls.objdump)
        cls.names = exported(cls.library, cls.nm)

    def path(self, name):
        return likely_path(self.code, self.names[name])

    def expect_plain(self, name):
        for words in self.path(name):
            for pattern in (FRAME, CALL, LOCKED):
                self.assertIsNone(pattern.match(words), "%s: %s" % (name, words))

    def test_malloc_and_free_are_short(self):
        malloc, free = self.path("malloc"), self.path("free")
        self.assertLessEqual(len(malloc) + len(free), LIMIT,
                             "\n".join(["malloc:"] + malloc + ["free:"] + free))

    def test_malloc_is_plain(self):
        self.expect_plain("malloc")

    def test_free_is_plain(self):
        self.expect_plain("free")

    def test_new_is_as_short_as_malloc(self):
        for name in ("_Znwm", "_Znam"):
            self.expect_plain(name)
            self.assertLessEqual(len(self.path(name)), len(self.path("malloc")), name)

    def test_delete_is_a_jump_to_free(self):
        for name in ("_ZdlPv", "_ZdaPv"):
            path = self.path(name)
            if path[0].startswith("jmp"):
                path = path[1:]
            self.assertEqual(path, self.path("free"), name)


class TheRuler(unittest.TestCase):
    """That the test above would notice."""

    CODE = {0: ("test %rdi,%rdi", 3), 3: ("je 9", 5), 5: ("jmp 20", 7), 0x20: ("ret", 0x21)}

    def test_jumps_are_followed_only_if_they_must_be(self):
        self.assertEqual(likely_path(self.CODE, 0), ["test %rdi,%rdi", "je 9", "jmp 20", "ret"])

    def test_a_path_that_leaves_the_code_or_never_ends_is_an_error(self):
        for code in ({0: ("jmp 40", 2)}, {0: ("nop", 1)}, {0: ("jmp 0", 2)}, {0: ("jmp *%rax", 2)}):
            self.assertRaises(PathError, likely_path, code, 0)

    def test_what_is_forbidden_is_recognized(self):
        for pattern, words in ((FRAME, "push %rbx"), (FRAME, "sub $0x8,%rsp"), (CALL, "call 40"),
                               (FRAME, "pop %rbp"), (LOCKED, "lock cmpxchg %ecx,(%rdx)"),
                               (LOCKED, "xchg %eax,(%rdx)")):
            self.assertIsNotNone(pattern.match(words), words)
        for pattern, words in ((FRAME, "sub $0x8,%rcx"), (LOCKED, "xchg %ax,%ax"),
                               (FRAME, "mov %rsp,%rax")):
            self.assertIsNone(pattern.match(words), words)


if __name__ == "__main__":
    LikelyPath.library, LikelyPath.objdump, LikelyPath.nm = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
