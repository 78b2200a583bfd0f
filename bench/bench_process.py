# SPDX-License-Identifier: MIT-0
#
# What the scripts share: their command lines, compiling, the allocators of a comparison, and
# running one program on one of them: in an environment that is the same for all, with a time
# limit, so that an allocator that crashes or hangs spoils its own figure and nothing else.

import argparse
import os
import signal
import subprocess

from bench_machine import ROOT

# mimalloc asks for transparent huge pages unless told not to; none of the others does.
PEERS = [("mimalloc", "libmimalloc.so.2", {"MIMALLOC_ALLOW_THP": "0"}),
         ("jemalloc", "libjemalloc.so.2", {}),
         ("tcmalloc", "libtcmalloc_minimal.so.4", {})]


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in one sentence that begins with `name`."""

    def __init__(self, name, **more):
        super().__init__(prog="bench/%s.py" % ("run" if name == "bench" else name), **more)
        self.name = name

    def add_gate(self, limits, source):
        """The options of a script that holds figures against a file of limits."""
        self.add_argument("--gate", action="store_true", help="fail if a limit is exceeded")
        self.add_argument("--peers", action="store_true", help="measure other allocators too")
        self.add_argument("--strata", metavar="PATH",
                          default=os.path.join(ROOT, "build", "libstrata.so"),
                          help="the library (build/libstrata.so)")
        self.add_argument("--library", metavar="NAME=PATH", action="append", default=[],
                          help="one more allocator; may be given again")
        self.add_argument("--limits", metavar="FILE", default=limits,
                          help="another table of limits (%s)" % os.path.relpath(limits, ROOT))
        self.add_argument("--compiler", default=os.environ.get("CC", "cc"),
                          help="what compiles %s (cc)" % source)

    def error(self, message):
        self.exit(2, "%s: %s; --help shows how.\n" % (self.name, message.rstrip(".")))


class Failure(Exception):
    """The benchmark can't go on; the text is one sentence without its full stop."""


class NoFigure(Exception):
    """This allocator has no figure here; the text is why, to stand behind its name."""


class Hung(NoFigure):
    """It had to be ended."""


class Allocator:
    def __init__(self, name, library, environment=None):
        self.name = name
        self.library = library  # None: the C library's own
        self.environment = environment or {}

    def environ(self):
        """The environment of what runs on it."""
        keep = ("PATH", "HOME", "TMPDIR")
        values = {name: os.environ[name] for name in keep if name in os.environ}
        values.update(LC_ALL="C", TZ="UTC")
        values.update(self.environment)
        if self.library is not None:
            values["LD_PRELOAD"] = self.library
        return values


def build(compiler, program, sources, *options):
    """Compiles a program that measures, and returns its path. No call of malloc may be optimized
    away, and none be resolved while we measure."""
    command = [compiler, "-std=c11", "-O2", "-fno-builtin", "-Wl,-z,now", *options, *sources,
               "-o", program]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failure("the compiler %s can't be started: %s" % (
            compiler, error.strerror)) from error
    if done.returncode != 0:
        raise Failure("%s does not compile: %s" % (
            os.path.dirname(sources[0]), done.stderr.strip().split("\n")[0]))
    return program


def run(command, environment, limit_s):
    """What the command writes to standard output; NoFigure unless it ends well and in time."""
    try:
        process = subprocess.Popen(command, env=environment, text=True, errors="replace",
                                   start_new_session=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise Failure("%s can't be started: %s" % (command[0], error.strerror)) from error
    with process:
        try:
            output, words = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise Hung("ended by us after %g s" % limit_s) from None
        except BaseException:
            kill_group(process)
            raise
    if process.returncode < 0:
        raise NoFigure("killed by signal %d" % -process.returncode)
    if process.returncode != 0:
        last = words.strip().split("\n")[-1].rstrip(".")
        raise NoFigure("exit status %d%s" % (process.returncode, ": " + last if last else ""))
    return output


def kill_group(process):
    """Ends a program with all that it has started, and waits for its end."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


def peer_path(name):
    """Where the dynamic linker finds a library; None if it does not."""
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        if line.split(" ")[0].strip() == name:
            return line.split("=> ")[1]
    return None


def peers():
    """The allocators that ours is compared with, as installed by bench/setup.sh."""
    found = []
    for name, library, environment in PEERS:
        path = peer_path(library)
        if path is None:
            raise Failure("the library %s is not installed; bench/setup.sh installs it" % library)
        found.append(Allocator(name, path, environment))
    return found


def parse_library(item, taken):
    """NAME=PATH[,VARIABLE=VALUE...] as an allocator."""
    first, *variables = item.split(",")
    name, equals, path = first.partition("=")
    if not equals or not name or not path or not all("=" in variable for variable in variables):
        raise Failure("--library wants NAME=PATH[,VARIABLE=VALUE...], not '%s'" % item)
    if name in taken:
        raise Failure("--library: there are two allocators called '%s'" % name)
    return Allocator(name, os.path.realpath(path), dict(v.split("=", 1) for v in variables))


def check_loads(allocator):
    """One that the dynamic linker does not load would be measured as the C library's."""
    if allocator.library is None:
        return
    if not os.path.isfile(allocator.library):
        raise Failure("there is no library %s" % allocator.library)
    try:
        maps = run(["cat", "/proc/self/maps"], allocator.environ(), 10)
    except NoFigure as why:
        raise Failure("with %s preloaded, cat fails (%s)" % (allocator.library, why)) from None
    if os.path.realpath(allocator.library) not in maps:
        raise Failure("%s is not loaded when it is preloaded" % allocator.library)
