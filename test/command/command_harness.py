# SPDX-License-Identifier: MIT-0
#
# What the tests of the command share: where things are (from the environment, which ctest
# sets), and running the command with a private directory for temporary files, which has to be
# empty when it is done.

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

COMMAND = os.environ["STRATA_COMMAND"]
FAKE = os.environ["STRATA_FAKE_LIBRARY"]
STATIC_PROGRAM = os.environ["STRATA_STATIC_PROGRAM"]

# A shell starts what it puts in the background with these ignored, and a program inherits that.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="strata-test-")
        self.temporary = os.path.join(self.place, "temporary")
        os.mkdir(self.temporary)
        self.addCleanup(shutil.rmtree, self.place)

    def environment(self, **changes):
        """The environment for the command; None removes a variable."""
        values = dict(os.environ, TMPDIR=self.temporary, LC_ALL="C")
        # A command built with the address sanitizer may have others preloaded before it.
        values["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        for name in ("LD_PRELOAD", "STRATA_OPTIONS", "STRATA_REPORT", "FAKE_LINES"):
            values.pop(name, None)
        for name, value in changes.items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value
        return values

    def strata(self, *arguments, **changes):
        """Runs the command; returns its CompletedProcess, text in stdout and stderr."""
        done = subprocess.run([COMMAND, *arguments], env=self.environment(**changes),
                              capture_output=True, text=True, errors="surrogateescape",
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(os.listdir(self.temporary), [], "the temporary file is removed")
        return done

    def run_fake(self, *arguments, **changes):
        """`strata run` with the library that replaces nothing."""
        return self.strata("run", "--library", FAKE, *arguments, **changes)

    def expect_refusal(self, status, sentence, *arguments, **changes):
        """The command ends with `status` after just this sentence."""
        done = self.strata(*arguments, **changes)
        self.assertEqual(done.stderr, "strata: " + sentence + "\n")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, status)
