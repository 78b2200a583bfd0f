#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""bench/services/run.py: a service that crashes, hangs, answers otherwise or runs without the
library is seen; memory and CPU time are those of the whole tree of processes; bad input gets one
sentence. The service is a few lines of shell and Python, the allocator one that can misbehave."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = os.path.join(ROOT, "bench", "services")
SPOILED = os.environ["BENCH_SPOILED"]
sys.path[:0] = [SERVICES, os.path.join(ROOT, "bench")]

import run as run_py  # noqa: E402
import services_plot  # noqa: E402
import services_stage  # noqa: E402
import services_text  # noqa: E402
from bench_process import Allocator  # noqa: E402
from services_servers import Service  # noqa: E402
from services_stage import Broken, Stage  # noqa: E402

PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# A parent that holds 4 MiB and its child that holds 40, and works for a while.
FAMILY = """
import subprocess, sys, time
own = bytearray(b"x") * (4 << 20)
child = subprocess.Popen([sys.executable, "-c", '''if True:
    import time
    own = bytearray(b"x") * (40 << 20)
    end = time.process_time() + 0.3
    while time.process_time() < end: pass
    print("ready", flush=True)
    time.sleep(60)'''], stdout=subprocess.PIPE)
child.stdout.readline()
print("phase loaded", flush=True)
time.sleep(0.5)
child.kill()
child.wait()
del own
print("phase freed", flush=True)
time.sleep(0.5)
print("answer 42", flush=True)
"""


class Told(Service):
    """Does what the test says."""

    name = "told"

    def __init__(self, script, command=PYTHON):
        self.command = [command, "-c", script]

    def run(self, stage):
        stage.follow(self.command, "answer")


class ServicesTest(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="strata-test-")
        self.addCleanup(shutil.rmtree, self.place)

    def stage(self, allocator=None):
        stage = Stage(self.place, allocator or Allocator("plain", None), True)
        self.addCleanup(stage.end)
        return stage

    def runner(self, service, *allocators):
        runner = run_py.Runner(self.place, [Allocator("glibc", None), *allocators], True)
        with mock.patch("builtins.print"):
            runner.run_service(service)
        return runner


class Measuring(ServicesTest):
    def test_memory_and_time_are_those_of_the_whole_tree(self):
        stage = self.stage()
        Told(FAMILY).run(stage)
        loaded, freed = stage.memory_at("loaded"), stage.memory_at("freed")
        self.assertGreater(loaded, 44)
        self.assertLess(loaded, 44 + 40)
        self.assertLess(freed, 40)
        self.assertGreaterEqual(stage.sampler.peak(), loaded)
        self.assertGreaterEqual(stage.cpu_s, 0.3)
        self.assertEqual(stage.checks, {"answer": "answer 42"})
        self.assertEqual([name for name, _, _ in stage.marks], ["loaded", "freed"])

    def test_a_long_answer_differs_by_its_digest(self):
        stage = self.stage()
        stage.check("a", "line\n" * 100)
        stage.check("b", "line\n" * 99 + "lime\n")
        self.assertNotEqual(stage.checks["a"], stage.checks["b"])
        self.assertIn("100 lines", stage.checks["a"])


class Judging(ServicesTest):
    def one(self, script, command=PYTHON, environment=None):
        """What is said of the second allocator; the first is plain."""
        service = Told(script, command)
        runner = self.runner(service, Allocator("strata", SPOILED, environment))
        self.assertEqual([row["wrong"] for row in runner.rows[:1]], [[]])
        self.assertEqual(len(runner.failures), len(runner.rows[1]["wrong"]) and 1)
        return runner.rows[1]["wrong"]

    def test_the_same_answer_is_no_difference(self):
        self.assertEqual(self.one("print(7)"), [])

    def test_another_answer_is_one(self):
        self.assertEqual(self.one("import os; print('LD_PRELOAD' in os.environ)"),
                         ["answer is True, and plain False"])

    def test_a_crash_is_told_with_its_last_words(self):
        # Only a program called `micro` is spoiled.
        micro = os.path.join(self.place, "micro")
        shutil.copy("/bin/sh", micro)
        self.assertEqual(self.one("echo strata: a sentence. >&2", micro, {"SPOILED": "crash"}),
                         ["it was killed by signal 11: nothing on standard error"])
        sentence = "import os, sys; 'LD_PRELOAD' in os.environ and sys.exit('strata: a sentence')"
        self.assertEqual(self.one(sentence), ["it ended with status 1: strata: a sentence"])

    def test_who_hangs_is_ended(self):
        script = "import os, subprocess; 'LD_PRELOAD' in os.environ and subprocess.run(['sleep', '999'])"
        with mock.patch.object(services_stage, "SERVICE_LIMIT_S", 2):
            self.assertEqual(self.one(script), ["it had not ended after 2 s, and was killed"])

    def test_a_process_without_the_library_is_no_proof(self):
        script = ("import os, sys\nif 'LD_PRELOAD' in os.environ:\n"
                  "    del os.environ['LD_PRELOAD']\n    os.execv(sys.executable, ['bare', '-c', "
                  "'print(\"phase loaded\", flush=True); import time; time.sleep(9)'])")
        wrong = self.one(script)
        self.assertEqual(len(wrong), 1)
        self.assertRegex(wrong[0], "^without the library runs ")

    def test_a_service_that_fails_plain_can_not_be_compared(self):
        with self.assertRaises(run_py.Failure) as caught:
            self.runner(Told("raise SystemExit('no')"))
        self.assertEqual(str(caught.exception), "told without any library: it ended with status 1: no")

    def test_a_tool_that_fails_breaks_the_run(self):
        with self.assertRaises(Broken):
            self.stage().tool(["sh", "-c", "echo why >&2; exit 3"])


class Results(ServicesTest):
    def results(self):
        runner = self.runner(Told(FAMILY), Allocator("strata", SPOILED))
        return {"machine": {"date": "d", "processor": "p", "system": "s", "commit": "c", "duration": "t",
                            "allocators": {}}, "command": "x", "allocators": ["glibc", "strata"],
                "runs": runner.rows}

    def test_results_are_written_and_read_back(self):
        results = self.results()
        self.assertEqual(json.loads(services_text.as_json(results)), results)
        text = services_text.render(results)
        self.assertRegex(text, r"strata +\d+\.\d +\d+\.\d +n/a +\d+\.\d +1 checks pass")
        path = os.path.join(self.place, "x.svg")
        services_plot.draw(results, path)
        with open(path, encoding="utf-8") as file:
            self.assertIn("told: MiB over seconds", file.read())

    def test_a_gate_is_held_against_means(self):
        rows = [{"service": service, "allocator": name, "wrong": [], "note": note, "peak": peak,
                 "freed": None, "idle": 1.0, "cpu": 1.0}
                for service, note, peaks in (("a", None, (10, 20)), ("b", None, (10, 80)),
                                             ("c", "own", (1, 99)))
                for name, peak in zip(("glibc", "strata"), peaks)]
        results = {"allocators": ["glibc", "strata"], "runs": rows}
        self.assertAlmostEqual(services_text.mean(results, "strata", "peak"), 4)
        self.assertEqual(services_text.gate_failures(results, "strata", {"peak": 4.01, "idle": 1}), [])
        self.assertEqual(services_text.gate_failures(results, "strata", {"peak": 3.9, "freed": 1}), [
            "the mean of peak is 4.000 times that of glibc, above the gate of 3.9",
            "the mean of freed is n/a times that of glibc, above the gate of 1"])


class BadInput(ServicesTest):
    def refuse(self, sentence, *arguments):
        done = subprocess.run([sys.executable, os.path.join(SERVICES, "run.py"), *arguments], text=True,
                              capture_output=True, check=False)
        self.assertEqual((done.stderr, done.returncode), ("services: " + sentence + "\n", 2))

    def test_one_sentence_each(self):
        self.refuse("there is no service cups; there are redis, nginx, mariadb, mariadb-test, postgres, "
                    "node, ruby, python, chromium; --help shows how.", "--only", "cups")
        self.refuse("argument --gate: there is no column 'time'; --help shows how.", "--gate", "time=1")
        self.refuse("/gone.json can't be read: No such file or directory.", "--render", "/gone.json")
        self.refuse("there is no library /gone.so.", "--only", "ruby", "--strata", "/gone.so",
                    "--allocator", "strata")
        self.refuse("%s is not a result of this benchmark." % __file__, "--render", __file__)


if __name__ == "__main__":
    unittest.main()
