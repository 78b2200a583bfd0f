# SPDX-License-Identifier: MIT-0
#
# Where and of what something was measured: figures without that are of no use to anybody else.

import datetime
import os
import platform
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def first_line(command):
    """The first line that a command prints; empty if it can't be had."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return ""
    return done.stdout.split("\n")[0].strip() if done.returncode == 0 else ""


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def commit():
    """The commit of the tree, with a mark if the library's sources differ from it."""
    name = first_line(["git", "rev-parse", "--short=12", "HEAD"])
    if not name:
        return "unknown"
    changed = first_line(["git", "status", "--porcelain", "--", "src", "include", "CMakeLists.txt",
                          "CMakePresets.json", "cmake"])
    return name + "-changed" if changed else name


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30


def versions(allocators):
    """Which packages the libraries come from, where dpkg knows them."""
    found = {}
    for allocator in allocators:
        if allocator.library is None:
            found[allocator.name] = " ".join(platform.libc_ver())
            continue
        owner = first_line(["dpkg", "-S", os.path.realpath(allocator.library)])
        package = owner.split(":")[0]
        inside = allocator.library.startswith(ROOT + os.sep)
        found[allocator.name] = (first_line(["dpkg-query", "-W", package]) if package else
                                 os.path.relpath(allocator.library, ROOT) if inside else
                                 allocator.library).replace("\t", " ")
    return found


def load():
    """How many processes wanted a processor in the last minute."""
    return "%.1f" % os.getloadavg()[0]


def describe(allocators, compiler):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"processor": "%s, %d processors, %.0f GiB" % (processor(), os.cpu_count(),
                                                          memory_gib()),
            "system": "%s %s" % (platform.system(), platform.release()),
            "compiler": first_line([compiler, "--version"]),
            "commit": commit(),
            "date": now.strftime("%Y-%m-%d %H:%M UTC"),
            "allocators": versions(allocators)}


def default_name(machine):
    return "%s-%s" % (machine["date"].split(" ")[0], machine["commit"])
