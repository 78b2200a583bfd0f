# SPDX-License-Identifier: MIT-0
#
# The real programs that the host test runs, and what each is given to do. All input is made
# here or lies in inputs/, always the same bytes; what a program prints and leaves behind must
# not depend on time, place or process numbers.

import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INPUTS = os.path.join(HERE, "inputs")

# Debian's Python is the one whose allocator we stand in for; the one that runs us may be a
# script that chooses among several.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


class Program:
    """One job. `command` is run by the shell if it is a string; {in} is the directory of
    prepared input. `environment` is added; `prepare(directory)` makes the input."""

    def __init__(self, name, command, prepare=None, environment=None, needs=()):
        self.name = name
        self.command = command
        self.prepare = prepare
        self.environment = environment or {}
        self.needs = needs

    def arguments(self, directory):
        if isinstance(self.command, str):
            return ["bash", "-c", self.command.replace("{in}", directory)]
        return [word.replace("{in}", directory) for word in self.command]


def copy_input(name):
    """Prepares by copying one file of inputs/ (so that paths in output are relative)."""
    def prepare(directory):
        shutil.copy(os.path.join(INPUTS, name), directory)
    return prepare


def prepare_amalgamation(directory):
    subprocess.run(["sh", os.path.join(ROOT, "tools", "amalgamate.sh"), directory], check=True,
                   stdout=subprocess.DEVNULL)


def compile_input(source, *command):
    """Prepares by compiling a file of inputs/ into `program`."""
    def prepare(directory):
        shutil.copy(os.path.join(INPUTS, source), directory)
        subprocess.run([*command, source, "-o", "program"], cwd=directory, check=True)
    return prepare


def make_lines(path, count, seed):
    source = random.Random(seed)
    with open(path, "w", encoding="ascii") as file:
        for _ in range(count):
            number = source.getrandbits(96)
            file.write("%024x %x\n" % (number, number * 0x9e3779b97f4a7c15 & 0xffffffffffff))


def prepare_lines(count):
    def prepare(directory):
        make_lines(os.path.join(directory, "lines"), count, 3)
        shutil.copy(os.path.join(INPUTS, "work.awk"), directory)
    return prepare


def prepare_tree(directory):
    """A tree of text files that can be compressed about as well as sources can."""
    source = random.Random(5)
    words = ["".join(source.choices("etaoinshrdlu", k=source.randint(1, 9))) for _ in range(3000)]
    for i in range(60):
        folder = os.path.join(directory, "tree", "folder%d" % (i % 7))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "file%d" % i), "w", encoding="ascii") as file:
            file.write(" ".join(source.choices(words, k=source.randint(500, 12000))))


def write_commit(stream, number, files, source):
    """One commit in the language of git fast-import; changes or adds a few files."""
    message = "change %d\n" % number
    stream.append("commit refs/heads/main\ncommitter A <a@b.c> %d +0000\ndata %d\n%s"
                  % (1600000000 + number, len(message), message))
    for _ in range(4):
        name = "dir%d/file%d" % (source.randrange(12), source.randrange(25))
        lines = files.setdefault(name, [])
        for _ in range(20):
            lines.insert(source.randint(0, len(lines)), "%x %d" % (source.getrandbits(64), number))
        text = "\n".join(lines) + "\n"
        stream.append("M 100644 inline %s\ndata %d\n%s" % (name, len(text), text))


def prepare_repository(directory):
    source = random.Random(11)
    stream, files = [], {}
    for number in range(500):
        write_commit(stream, number, files, source)
    environment = dict(os.environ, **GIT)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", "origin"], cwd=directory,
                   check=True, env=environment)
    subprocess.run(["git", "-C", "origin", "fast-import", "--quiet"], cwd=directory, check=True,
                   input="\n".join(stream).encode(), env=environment)


# One packing thread: with more, which deltas are found depends on who was faster.
GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "pack.threads", "GIT_CONFIG_VALUE_0": "1",
    "GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": "*",
}

# The program that gdb debugs runs on the same allocator, so no address of a block is printed.
GDB = ["gdb", "-nx", "-batch", "-ex", "set startup-with-shell off",
       "-ex", "set print inferior-events off", "-ex", "set debuginfod enabled off",
       "-ex", "set print frame-arguments none", "-ex", "set print address off",
       "-ex", "break dive if depth == 0", "-ex", "run", "-ex", "bt", "-ex", "up 20",
       "-ex", "print depth", "-ex", "print node->value", "-ex", "print node->name",
       "-ex", "info functions dive", "-ex", "kill", "program"]

PROGRAMS = [
    Program("gcc", "cp {in}/strata.[ch] . && gcc -O2 -c strata.c -o strata.o",
            prepare_amalgamation, needs=["gcc"]),
    Program("g++", "cp {in}/containers.cc . && g++ -std=c++17 -O1 -c containers.cc",
            copy_input("containers.cc"), needs=["g++"]),
    Program("python3", [PYTHON, os.path.join(INPUTS, "work.py")],
            environment={"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}),
    Program("perl", ["perl", os.path.join(INPUTS, "work.pl")],
            environment={"PERL_HASH_SEED": "0"}, needs=["perl"]),
    Program("ruby", ["ruby", os.path.join(INPUTS, "work.rb")], needs=["ruby"]),
    Program("lua", ["lua5.4", os.path.join(INPUTS, "work.lua")], needs=["lua5.4"]),
    Program("node", ["node", "--single-threaded", os.path.join(INPUTS, "work.js")], needs=["node"]),
    Program("bash", ["bash", os.path.join(INPUTS, "work.sh")], needs=["bash"]),
    Program("gawk", ["gawk", "-f", "{in}/work.awk", "{in}/lines"], prepare_lines(150000),
            needs=["gawk"]),
    Program("sqlite3", "sqlite3 work.db <" + os.path.join(INPUTS, "work.sql"),
            needs=["sqlite3"]),
    Program("git", "git clone -q --bare --no-local {in}/origin copy && cd copy && "
            "git log --stat -n 300 && git gc -q && git fsck --full && git repack -q -a -d -f",
            prepare_repository, environment=GIT, needs=["git"]),
    Program("sort", ["sort", "{in}/lines", "-o", "sorted"], prepare_lines(850000),
            needs=["sort"]),
    Program("sort2", ["sort", "--parallel=2", "-k2", "-S", "20M", "{in}/lines", "-o", "sorted"],
            prepare_lines(850000), needs=["sort"]),
    Program("xz", "tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=755 --numeric-owner "
            "-C {in} -cf - tree | xz -T2 -6 --block-size=2MiB >tree.xz && xz -dc tree.xz | cksum",
            prepare_tree, needs=["tar", "xz"]),
    Program("pigz", "pigz -n -p 3 -c {in}/lines >lines.gz && pigz -dc lines.gz | cksum",
            prepare_lines(400000), needs=["pigz"]),
    Program("gdb", "cd {in} && exec " + " ".join("'%s'" % word for word in GDB),
            compile_input("debuggee.c", "gcc", "-g", "-O0"), needs=["gdb", "gcc"]),
    Program("threads", ["{in}/program"],
            compile_input("threads.cc", "g++", "-std=c++17", "-O2", "-pthread"), needs=["g++"]),
]
