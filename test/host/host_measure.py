# SPDX-License-Identifier: MIT-0
#
# Runs one program with one allocator, and takes down all that can be seen of it: how it ended,
# what it printed, which files it left, its peak memory and its CPU time.

import hashlib
import os
import shutil
import signal
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))

# Far above what any of the programs needs, also on a slow and busy machine: past this one hangs.
TIME_LIMIT_S = 180


class Failure(Exception):
    """The test itself can't go on; the text is one sentence."""


# In the place of the signal that killed a program.
HUNG = -1


class Outcome:
    def __init__(self, status, signal, peak_kib, cpu_s, files):
        self.status = status      # -1 if a signal killed it
        self.signal = signal      # 0 if none did
        self.peak_kib = peak_kib  # ru_maxrss: of the largest process of the tree
        self.cpu_s = cpu_s        # user and system, of all processes waited for
        self.files = files        # name -> digest; standard output under the name "stdout"

    def ended(self):
        if self.signal == HUNG:
            return "hung: it had not ended after %d s" % TIME_LIMIT_S
        if self.signal != 0:
            return "was killed by signal %d" % self.signal
        return "ended with exit status %d" % self.status


def digest_file(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            whole.update(block)
    return whole.hexdigest()


def digest_tree(directory):
    files = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                files[os.path.relpath(path, directory)] = digest_file(path)
    return files


class Bench:
    """A directory with the launcher, and one directory for each program."""

    def __init__(self, directory):
        self.directory = directory
        self.launcher = os.path.join(directory, "launch")
        os.makedirs(directory, exist_ok=True)
        subprocess.run(["gcc", "-std=c11", "-O1", "-static", os.path.join(HERE, "launch.c"),
                        "-o", self.launcher], check=True)

    def place(self, program, part):
        return os.path.join(self.directory, "work", program.name, part)

    def prepare(self, program):
        directory = self.place(program, "input")
        shutil.rmtree(self.place(program, ""), ignore_errors=True)
        os.makedirs(directory)
        if program.prepare is not None:
            program.prepare(directory)

    def environment(self, program, library, more):
        keep = ("PATH", "HOME", "TMPDIR", "USER")
        values = {name: os.environ[name] for name in keep if name in os.environ}
        values.update(LC_ALL="C", TZ="UTC")
        values.update(program.environment)
        values.update(more)
        if library is not None:
            values["LD_PRELOAD"] = library
        return values

    def run(self, program, library, more):
        """Runs `program` once, in a directory that is new each time and always has the same
        name. `more` are the allocator's environment variables."""
        work = self.place(program, "run")
        result = self.place(program, "result")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        environment = self.environment(program, library, more)
        command = [self.launcher, result, *program.arguments(self.place(program, "input"))]
        with open(self.place(program, "stdout"), "wb") as stdout, \
                open(self.place(program, "stderr"), "wb") as stderr:
            ended = self.launch(command, cwd=work, env=environment, stdin=subprocess.DEVNULL,
                                stdout=stdout, stderr=stderr)
        if ended is None:
            return Outcome(-1, HUNG, 0, 0.0, {})
        if ended != 0:
            raise Failure("the launcher could not run %s: %s" %
                          (program.name, self.last_words(program)))
        with open(result, encoding="ascii") as file:
            status, killer, peak_kib, cpu_s = file.read().split()
        files = digest_tree(work)
        files["stdout"] = digest_file(self.place(program, "stdout"))
        return Outcome(int(status), int(killer), int(peak_kib), float(cpu_s), files)

    @staticmethod
    def launch(command, **how):
        """The exit status; None if it took too long and was ended, with all its processes."""
        with subprocess.Popen(command, start_new_session=True, **how) as process:
            try:
                return process.wait(timeout=TIME_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return None

    def last_words(self, program):
        """The end of what the program last wrote to standard error."""
        with open(self.place(program, "stderr"), "rb") as file:
            return file.read()[-600:].decode(errors="replace").strip()

    def check_loads(self, library, more):
        """An allocator that the dynamic linker does not load would pass every test."""
        environment = dict(os.environ, LD_PRELOAD=library, **more)
        done = subprocess.run(["cat", "/proc/self/maps"], env=environment, text=True,
                              capture_output=True, check=False)
        if os.path.realpath(library) not in done.stdout:
            raise Failure("%s is not loaded when it is preloaded: %s" %
                          (library, done.stderr.strip()[-300:]))
