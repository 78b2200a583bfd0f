# SPDX-License-Identifier: MIT-0
#
# node, ruby and Python: each allocates in bursts and then idles (inputs/burst.*), runs a test suite of
# its own, and node's npm installs a tree of packages. What they print has to be what it is plain,
# less the times in it.

import json
import os
import re
import shutil

from services_servers import Service
from services_stage import Broken, digest

INPUTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inputs")


def input_file(name):
    return os.path.join(INPUTS, name)


def burst_words(stage):
    """What a burst program is told: rounds, and seconds to idle."""
    return ["3" if stage.is_short else "8", "%g" % stage.idle_s]


def without_times(line):
    """None for lines that only tell how long it took."""
    if re.search(r"duration_ms|Finished in|tests/s|Total duration|Run options|seed", line):
        return None
    return re.sub(r"\d+(\.\d+)? ?(ms|sec|s|seconds)\b|\d+:\d+:\d+|load avg: [\d.]+", "T", line)


class Node(Service):
    """Buffers, strings, compression and worker threads in bursts; `node --test`; `npm install`."""

    name = "node"
    needs = (("node", "nodejs"), ("npm", "npm"))

    def __init__(self):
        self.packages = None

    def prepare(self, place, is_short):
        """Packages that depend on each other, as directories: npm needs no network for them."""
        self.packages = place
        count = 20 if is_short else 60
        for i in range(count):
            path = os.path.join(place, "p%d" % i)
            os.makedirs(path)
            needs = {"p%d" % j: "file:../p%d" % j for j in (2 * i + 1, 2 * i + 2) if j < count}
            with open(os.path.join(path, "package.json"), "w", encoding="ascii") as file:
                json.dump({"name": "p%d" % i, "version": "1.0.%d" % i, "dependencies": needs}, file)
            with open(os.path.join(path, "index.js"), "w", encoding="ascii") as file:
                file.write("".join("require('%s');\n" % name for name in needs) +
                           "module.exports = %d;\n" % i)

    def run(self, stage):
        stage.follow(["node", "--expose-gc", input_file("burst.js"), *burst_words(stage)], "burst")
        stage.follow(["node", "--test", "--test-reporter=tap", input_file("suite.test.js")], "node --test",
                     cut=lambda line: without_times(line.replace(INPUTS, "")))
        self.install(stage)

    def install(self, stage):
        place = os.path.join(stage.place, "job")
        shutil.copytree(self.packages, place)
        top = os.path.join(place, "p0")
        stage.follow(["npm", "install", "--offline", "--no-audit", "--no-fund", "--install-links",
                      "--loglevel=error"], "npm install", cwd=top, cut=without_times,
                     more={"npm_config_cache": os.path.join(stage.place, "cache")})
        with open(os.path.join(top, "package-lock.json"), encoding="utf-8") as file:
            stage.check("package-lock.json", digest(file.read()))


class Ruby(Service):
    """Strings, arrays and hashes in bursts, with threads and GC.compact; test-unit and minitest."""

    name = "ruby"
    needs = (("ruby", "ruby"), ("/usr/share/doc/ruby-test-unit", "ruby-test-unit"),
             ("/usr/share/doc/ruby-minitest", "ruby-minitest"))

    def run(self, stage):
        stage.follow(["/usr/bin/ruby", input_file("burst.rb"), *burst_words(stage)], "burst")
        for name in ("test-unit", "minitest"):
            stage.follow(["/usr/bin/ruby", input_file("suite.rb"), name], name, cut=without_times)


PYTHON_TESTS = ["test_json", "test_struct", "test_list", "test_dict", "test_zlib", "test_deque",
                "test_array", "test_heapq", "test_re"]
PYTHON_SHORT_TESTS = ["test_json", "test_struct", "test_deque"]


class Python(Service):
    """Objects, strings, arrays and threads in bursts; Python's own tests, with every object from
    malloc."""

    name = "python"
    needs = (("/usr/bin/python3", "python3"),
             ("/usr/lib/python3.11/test/test_json", "libpython3.11-testsuite"))

    def run(self, stage):
        stage.follow(["/usr/bin/python3", input_file("burst.py"), *burst_words(stage)], "burst")
        tests = PYTHON_SHORT_TESTS if stage.is_short else PYTHON_TESTS
        lines = stage.follow(["/usr/bin/python3", "-m", "test", "--randseed", "1", *tests],
                             "python3 -m test", cut=without_times, more={"PYTHONMALLOC": "malloc"})
        if "Tests result: SUCCESS" not in "".join(lines):
            raise Broken("python3 -m test said: " + " ".join(lines[-1:]).strip())
