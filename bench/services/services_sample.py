# SPDX-License-Identifier: MIT-0
#
# What a tree of processes holds and has used, from /proc, every tenth of a second: memory as PSS,
# which counts a page that several share in parts, and CPU time.

import os
import threading
import time

INTERVAL_S = 0.1
TICKS_S = os.sysconf("SC_CLK_TCK")


def read(path):
    """A file of /proc; empty if the process has ended, or is not ours to look at."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on; the name before it may have blanks."""
    return read("/proc/%s/stat" % pid).rpartition(b") ")[2].split()


def tree(root):
    """`root` and all that descend from it, as {pid: CPU seconds}."""
    children, times = {}, {}
    for name in os.listdir("/proc"):
        fields = stat_fields(name) if name.isdigit() else ()
        if len(fields) > 12 and fields[0] != b"Z":
            children.setdefault(int(fields[1]), []).append(int(name))
            times[int(name)] = (int(fields[11]) + int(fields[12])) / TICKS_S
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        if pid in times:
            found[pid] = times[pid]
        waiting += children.get(pid, ())
    return found


def pss_kib(pid):
    for line in read("/proc/%d/smaps_rollup" % pid).splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1])
    return 0


def without_library(pids, library):
    """The names of those of these processes that do not have the library in their memory."""
    names = set()
    for pid in pids:
        maps = read("/proc/%d/maps" % pid)
        if maps and library.encode() not in maps:
            names.add(read("/proc/%d/comm" % pid).decode(errors="replace").strip())
    return sorted(names)


class Sampler:
    """Takes samples of the tree below `root` in a thread of its own until stop()."""

    def __init__(self, start_s):
        self.start_s = start_s  # of the whole run: a service may have several roots in turn
        self.samples = []       # (seconds, MiB)
        self.seen = {}          # by pid: its CPU time when it was last seen
        self.root = None
        self.lock = threading.Lock()
        self.thread = None
        self.ended = threading.Event()

    def begin(self, root):
        self.root = root
        self.ended.clear()
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while not self.ended.wait(INTERVAL_S):
            self.now()

    def now(self):
        """One sample at this moment, in MiB."""
        with self.lock:
            found = tree(self.root)
            mib = sum(pss_kib(pid) for pid in found) / 1024
            if found and mib > 0:
                self.seen.update(found)
                self.samples.append((time.monotonic() - self.start_s, mib))
            return mib

    def stop(self):
        if self.thread is not None:
            self.ended.set()
            self.thread.join()
            self.thread = None

    def peak(self):
        return max((mib for _, mib in self.samples), default=0.0)
