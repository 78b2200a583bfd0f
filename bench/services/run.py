#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
#
# Real services of Debian on strata, beside the C library's allocator and jemalloc: each passes its
# own checks with the allocator preloaded, answers what it answers without, and is watched: its
# memory every tenth of a second while it works, when it has freed everything, and five seconds later.
#
#   bench/services/run.py                          all services, three allocators (five minutes)
#   bench/services/run.py --peers                  also mimalloc and tcmalloc (seven minutes)
#   bench/services/run.py --only redis,node --short
#   bench/services/run.py --allocator before=/tmp/libstrata.so --allocator glibc
#   bench/services/run.py --render bench/results/NAME-services.json   text and picture anew
#
# Results: DIRECTORY/NAME-services.txt, .json and .svg; see docs/operating.md. Exit status: 0; 1 if a
# service crashed, hung or answered otherwise on strata, or a --gate was exceeded; 2 if it could not be
# run. What happens to jemalloc, mimalloc or tcmalloc is a note.

import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import bench_machine  # noqa: E402
from bench_machine import ROOT  # noqa: E402
from bench_process import Allocator, Failure, Parser, check_loads, parse_library, peers  # noqa: E402
import services_browser  # noqa: E402
import services_databases  # noqa: E402
import services_plot  # noqa: E402
import services_programs  # noqa: E402
import services_servers  # noqa: E402
import services_text  # noqa: E402
from services_stage import Broken, Stage  # noqa: E402

BASELINE = "glibc"
SUBJECT = "strata"
SERVICES = [services_servers.Redis, services_servers.Nginx, services_databases.Mariadb,
            services_databases.MariadbTest, services_databases.Postgres, services_programs.Node,
            services_programs.Ruby, services_programs.Python, services_browser.Chromium]


def parse_arguments(arguments):
    parser = Parser("services/run", description="Services on strata and on other allocators.")
    parser.name = "services"
    add = parser.add_argument
    add("--only", metavar="NAME,NAME", help="just these of " + ", ".join(s.name for s in SERVICES))
    add("--short", action="store_true", help="a tenth of the work, and less idling")
    add("--strata", metavar="PATH", default=os.path.join(ROOT, "build", "libstrata.so"),
        help="the library (build/libstrata.so)")
    add("--allocator", metavar="NAME[=PATH]", action="append", default=[],
        help="instead of strata and jemalloc; may be given again. glibc, jemalloc, mimalloc and "
             "tcmalloc need no path; NAME=PATH,VARIABLE=VALUE sets variables")
    add("--gate", metavar="COLUMN=RATIO,...", type=parse_gate, default={},
        help="fail if strata's mean of peak, freed, idle or cpu, divided by glibc's, is above it")
    add("--peers", action="store_true", help="also mimalloc and tcmalloc")
    add("--work", metavar="DIRECTORY", help="where to run (a new one in TMPDIR)")
    add("--results", metavar="DIRECTORY", default=os.path.join(ROOT, "build", "bench", "results"),
        help="where the results go (build/bench/results)")
    add("--name", help="of the results (date and commit)")
    add("--render", metavar="FILE", help="make text and picture of an earlier FILE.json")
    found = parser.parse_args(arguments)
    names = [service.name for service in SERVICES]
    default = [service.name for service in SERVICES if service.is_default]
    found.only = default if found.only is None else found.only.split(",")
    unknown = set(found.only) - set(names)
    if unknown:
        parser.error("there is no service %s; there are %s" % (
            ", ".join(sorted(unknown)), ", ".join(names)))
    return found


def parse_gate(text):
    """peak=1.1,idle=1.0 as a dictionary."""
    gate = {}
    for item in text.split(","):
        column, _, ratio = item.partition("=")
        if column not in [key for key, _ in services_text.COLUMNS]:
            raise argparse.ArgumentTypeError("there is no column '%s'" % column)
        gate[column] = float(ratio)
    return gate


def chosen_allocators(arguments):
    """The baseline first: its answers are what the others are held against."""
    known = {allocator.name: allocator for allocator in peers()}
    known[BASELINE] = Allocator(BASELINE, None)
    known[SUBJECT] = Allocator(SUBJECT, os.path.realpath(arguments.strata))
    items = arguments.allocator or [SUBJECT, "jemalloc"]
    items += ["mimalloc", "tcmalloc"] if arguments.peers else []
    chosen = [known[BASELINE]]
    for item in items:
        names = [allocator.name for allocator in chosen]
        if item in names:
            continue
        chosen.append(known[item] if item in known else parse_library(item, names))
    for allocator in chosen:
        check_loads(allocator)
    return chosen


def missing_packages(services):
    return sorted({package for service in services for command, package in service.needs
                   if not shutil.which(command) and not os.path.exists(command)})


def set_up(services):
    """Installs what is missing, where that is possible."""
    packages = missing_packages(services)
    if packages:
        subprocess.run(["sh", os.path.join(HERE, "setup.sh"), *packages], check=False)
    packages = missing_packages(services)
    if packages:
        raise Failure("not all that the services need is installed: " + ", ".join(packages))


def hand_over(directory, user):
    """The service's own directory, if it runs as somebody else."""
    if user is not None and os.getuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(directory, entry.pw_uid, entry.pw_gid)


class Runner:
    def __init__(self, work, allocators, is_short):
        self.work = work
        self.is_short = is_short
        self.allocators = [self.within_reach(*item) for item in enumerate(allocators)]
        self.rows = []       # of all runs, as written to the JSON
        self.failures = []   # of allocators other than the peers

    def within_reach(self, number, allocator):
        """A copy of the library where every user can read it: services give up root's rights. Its
        path has no colon nor blank, at which the dynamic linker would divide it."""
        if allocator.library is None:
            return allocator
        path = os.path.join(self.work, "library-%d.so" % number)
        shutil.copy(allocator.library, path)
        os.chmod(path, 0o755)
        return Allocator(allocator.name, path, allocator.environment)

    def directory(self, service, name):
        path = os.path.join(self.work, service.name, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        hand_over(path, service.user)
        return path

    def run_service(self, service):
        try:
            service.prepare(self.directory(service, "input"), self.is_short)
        except Broken as error:
            raise Failure("%s can't be prepared: %s" % (service.name, error)) from None
        plain = None
        for allocator in self.allocators:
            start = time.monotonic()
            stage = Stage(self.directory(service, "run"), allocator, self.is_short,
                          service.has_linked_allocator)
            wrong = self.run_stage(service, stage, plain)
            if allocator.name == BASELINE:
                if wrong:
                    raise Failure("%s without any library: %s" % (service.name, wrong[0]))
                plain = stage.checks
            self.rows.append(row_of(service, stage, wrong))
            print(services_text.progress(self.rows[-1], time.monotonic() - start), flush=True)
            if wrong and allocator.name not in ("jemalloc", "mimalloc", "tcmalloc"):
                self.failures.append("%s on %s: %s" % (service.name, allocator.name, "; ".join(wrong)))

    @staticmethod
    def run_stage(service, stage, plain):
        """What went wrong, as sentences."""
        try:
            service.run(stage)
        except Broken as error:
            return [str(error)]
        except OSError as error:
            return ["it does not answer: %s" % error]
        finally:
            stage.end()
        return differences(plain, stage.checks) if plain is not None else []


def differences(plain, checks):
    """Answers that are not those of the plain run."""
    found = ["%s is %s, and plain %s" % (name, checks.get(name), plain[name])
             for name in plain if checks.get(name) != plain[name]]
    return found + ["%s was not asked plain" % name for name in checks if name not in plain]


def row_of(service, stage, wrong):
    return {"service": service.name, "allocator": stage.allocator.name, "wrong": wrong,
            "note": service.note, "peak": round(stage.sampler.peak(), 1),
            "freed": stage.memory_at("freed"), "idle": stage.memory_at("idle"),
            "cpu": round(stage.cpu_s, 2), "checks": stage.checks,
            "marks": [[name, round(s, 2), round(mib, 1)] for name, s, mib in stage.marks],
            "samples": [[round(s, 1), round(mib, 1)] for s, mib in stage.sampler.samples]}


def write(results, directory, name):
    """Text, data and picture; says where."""
    path = os.path.join(directory, name + "-services")
    try:
        os.makedirs(directory, exist_ok=True)
        with open(path + ".json", "w", encoding="utf-8") as file:
            file.write(services_text.as_json(results))
        with open(path + ".txt", "w", encoding="utf-8") as file:
            file.write(services_text.render(results))
    except OSError as error:
        raise Failure("results can't be written into %s: %s" % (directory, error.strerror)) from error
    services_plot.draw(results, path + ".svg")
    print("\n" + services_text.render(results) + "\nservices: all of it is in %s.txt, .json and .svg" % path)


def render(path):
    try:
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        write(results, os.path.dirname(os.path.abspath(path)),
              os.path.basename(path).removesuffix(".json").removesuffix("-services"))
    except (ValueError, KeyError, TypeError):
        raise Failure("%s is not a result of this benchmark" % path) from None
    except OSError as error:
        raise Failure("%s can't be read: %s" % (path, error.strerror)) from error


def measure(arguments, work):
    services = [service() for service in SERVICES if service.name in arguments.only]
    set_up(services)
    allocators = chosen_allocators(arguments)
    machine = bench_machine.describe(allocators, "cc")
    runner = Runner(work, allocators, arguments.short)
    start, load_before = time.monotonic(), bench_machine.load()
    for service in services:
        runner.run_service(service)
    machine["duration"] = "%.0f s, load %s before and %s at the end" % (
        time.monotonic() - start, load_before, bench_machine.load())
    results = {"machine": machine, "command": " ".join(["bench/services/run.py", *sys.argv[1:]]),
               "allocators": [allocator.name for allocator in allocators], "runs": runner.rows}
    write(results, arguments.results, arguments.name or bench_machine.default_name(machine))
    failures = runner.failures + services_text.gate_failures(results, SUBJECT, arguments.gate)
    for failure in failures:
        print("services: %s." % failure.rstrip("."), file=sys.stderr)
    return 1 if failures else 0


def main(arguments):
    arguments = parse_arguments(arguments)
    if arguments.render is not None:
        render(arguments.render)
        return 0
    work = tempfile.mkdtemp(prefix="strata-services-", dir=arguments.work)
    os.chmod(work, 0o755)
    try:
        return measure(arguments, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print("services: %s." % failure, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nservices: stopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
