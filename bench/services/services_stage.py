# SPDX-License-Identifier: MIT-0
#
# One run of one service on one allocator: starts its programs with the allocator preloaded, takes
# down what they hold while they are busy and when they are idle, and collects what they answer,
# which must be what the plain run answered. Clients and tools run on the C library's allocator.

import grp
import hashlib
import os
import pwd
import signal
import subprocess
import threading
import time

from services_sample import Sampler, tree, without_library

# Far above what a client needs on a slow and busy machine, or a service from its start to its end: past
# this one hangs.
LIMIT_S = 100
SERVICE_LIMIT_S = 150


class Broken(Exception):
    """The service did not do what it should; the text is one sentence without its full stop."""


def digest(text):
    """Short enough to be read in a message, long enough to differ."""
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()[:16]


class Stage:
    def __init__(self, place, allocator, is_short, has_linked_allocator=False):
        self.place = place              # an empty directory, the service's own
        self.allocator = allocator
        self.is_short = is_short
        self.idle_s = 1.0 if is_short else 5.0
        self.checks = {}                # what the service answered
        self.marks = []                 # (name, seconds, MiB)
        self.cpu_s = 0.0
        self.process = None
        self.limit_s = SERVICE_LIMIT_S
        self.watchdog = None            # ends the process after that
        self.has_hung = False
        self.start_s = time.monotonic()
        self.sampler = Sampler(self.start_s)
        # A program linked with another allocator gets the C library's by preloading that.
        self.preload = allocator.library or (
            "libc.so.6" if has_linked_allocator else None)

    # ---- the service ----

    def environ(self, more):
        values = dict(self.allocator.environ(), HOME=self.place, TMPDIR=self.place, **more)
        if self.preload is not None:
            values["LD_PRELOAD"] = self.preload
        return values

    def start(self, command, user=None, cwd=None, more=None, **how):
        """Starts the service. It is ended with the run, if not before."""
        words = open(os.path.join(self.place, "words.txt"), "ab")  # its standard error
        with words:
            self.process = subprocess.Popen(
                command, cwd=cwd or self.place, env=self.environ(more or {}), stderr=words,
                start_new_session=True, **{"stdin": subprocess.DEVNULL,
                                           "stdout": subprocess.DEVNULL, **as_user(user), **how})
        self.sampler.begin(self.process.pid)
        self.watchdog = threading.Timer(self.limit_s, self.give_up)
        self.watchdog.daemon = True
        self.watchdog.start()
        return self.process

    def give_up(self):
        """Whoever waits for the service sees it end."""
        self.has_hung = True
        self.kill()

    def kill(self):
        for pid in tree(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def await_ready(self, is_ready):
        """Until `is_ready()`; the service may not end meanwhile."""
        end = time.monotonic() + LIMIT_S
        while not is_ready():
            if self.process.poll() is not None:
                raise Broken("%s at its start: %s" % (how_it_ended(self.process.returncode),
                                                      self.last_words()))
            if time.monotonic() > end:
                raise Broken("it was not ready within %d s" % LIMIT_S)
            time.sleep(0.05)
        self.mark("ready")

    def wait(self):
        """Until the service ends by itself, or by what it was told; well, that is."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.watchdog.cancel()
        self.sampler.stop()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        seen = sum(self.sampler.seen.values())
        self.sampler.seen.clear()
        # Either may miss some: children nobody waited for, or those between two samples.
        self.cpu_s += max(used.ru_utime + used.ru_stime, seen)
        if self.has_hung:
            raise Broken("it had not ended after %g s, and was killed" % self.limit_s)
        if self.process.returncode != 0:
            raise Broken("%s: %s" % (how_it_ended(self.process.returncode), self.last_words()))

    def follow(self, command, check, cut=None, **how):
        """A program that is the whole service: runs it to its end. Lines `phase NAME` are marks;
        the rest is what it answers, after `cut(line)` if that is not None."""
        process = self.start(command, stdout=subprocess.PIPE, text=True, errors="replace", **how)
        lines = []
        with process.stdout:
            for line in process.stdout:
                if line.startswith("phase "):
                    self.mark(line.split()[1])
                    continue
                answer = line if cut is None else cut(line)
                if answer is not None:
                    lines.append(answer)
        self.wait()
        self.check(check, "".join(lines))
        return lines

    def end(self):
        """Whatever still runs, in case of a failure: the service with its whole session."""
        self.sampler.stop()
        if self.watchdog is not None:
            self.watchdog.cancel()
        if self.process is None or self.process.returncode is not None:
            return
        self.kill()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass

    def last_words(self):
        with open(os.path.join(self.place, "words.txt"), "rb") as file:
            lines = file.read()[-2000:].decode(errors="replace").strip().split("\n")
        told = [line for line in lines if line.startswith("strata:")]
        return " ".join((told or lines)[-1].split())[:300] or "nothing on standard error"

    # ---- its clients ----

    def tool(self, command, check=None, user=None, feed=None, cut=None):
        """What a client prints. `check` names it as an answer to be compared."""
        values = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        values.update(LC_ALL="C", TZ="UTC", HOME=self.place)
        try:
            done = subprocess.run(command, cwd=self.place, env=values, check=False, text=True,
                                  errors="replace", capture_output=True, timeout=LIMIT_S,
                                  **source_of(feed), **as_user(user))
        except subprocess.TimeoutExpired:
            raise Broken("%s did not end within %d s" % (command[0], LIMIT_S)) from None
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
            raise Broken("%s ended with status %d: %s" % (
                os.path.basename(command[0]), done.returncode, words[:300]))
        if check is not None:
            self.check(check, done.stdout if cut is None else cut(done.stdout))
        return done.stdout

    def check(self, name, answer):
        """An answer that has to be the same on every allocator. Long ones as a digest."""
        answer = str(answer).strip()
        self.checks[name] = answer if len(answer) <= 60 and "\n" not in answer else (
            digest(answer) + ", %d lines" % len(answer.split("\n")))

    # ---- time ----

    def mark(self, name):
        """From now on the service is in phase NAME; all its processes run on the library."""
        mib = self.sampler.now()
        self.marks.append((name, time.monotonic() - self.start_s, mib))
        if self.preload is not None and name != "ready":
            missing = without_library(list(self.sampler.seen), os.path.basename(self.preload))
            if missing:
                raise Broken("without the library runs " + ", ".join(missing))

    def idle(self):
        """All is freed: nothing happens for a while."""
        self.mark("freed")
        time.sleep(self.idle_s)
        self.mark("idle")

    def memory_at(self, name):
        """At the last mark of this name; None if there is none."""
        found = [mib for mark, _, mib in self.marks if mark == name]
        return found[-1] if found else None


def how_it_ended(status):
    return "it ended with status %d" % status if status > 0 else "it was killed by signal %d" % -status


def source_of(feed):
    return {"stdin": subprocess.DEVNULL} if feed is None else {"input": feed}


def as_user(user):
    """For Popen: who runs it. Whoever is not root runs everything as himself."""
    if user is None or os.getuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise Broken("there is no user " + user) from None
    groups = [group.gr_gid for group in grp.getgrall() if user in group.gr_mem]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}
