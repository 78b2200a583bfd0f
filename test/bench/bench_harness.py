# SPDX-License-Identifier: MIT-0
#
# What the tests of the benchmark share: where things are (from the environment, which ctest
# sets), and running one of its scripts.

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
SPOILED = os.environ["BENCH_SPOILED"]
sys.path.insert(0, BENCH)


class BenchTest(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="strata-test-")
        self.addCleanup(shutil.rmtree, self.place)

    def script(self, name, *arguments):
        """Runs bench/NAME; returns its CompletedProcess."""
        return subprocess.run([sys.executable, os.path.join(BENCH, name), *arguments],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              check=False)

    def expect_refusal(self, sentence, name, *arguments):
        """It ends with status 2 after just this sentence."""
        done = self.script(name, *arguments)
        self.assertEqual(done.stderr, sentence + "\n")
        self.assertEqual(done.returncode, 2)

    def write(self, name, text):
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path
