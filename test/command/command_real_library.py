# SPDX-License-Identifier: MIT-0
#
# The command with the built libstrata.so: what real programs report, and what the library says
# about options in the environment.

import json
import os
import subprocess
import sys
import unittest

from command_harness import COMMAND, CommandTest

LIBRARY = os.path.realpath(os.environ["STRATA_LIBRARY"])


class Figures(CommandTest):
    def report(self, *arguments, **changes):
        done = self.strata("run", "--library", LIBRARY, "--json", *arguments, **changes)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_the_library_beside_the_command_is_used(self):
        done = self.strata("run", "cat", "/proc/self/maps")
        self.assertIn(LIBRARY, done.stdout)

    def test_every_number_is_written_and_they_agree(self):
        report = self.report("--", sys.executable, "-c", "kept = ['x' * i for i in range(3000)]",
                             PYTHONMALLOC="malloc")
        self.assertIsNone(report["no_report_because"])
        (process,) = [one for one in report["processes"] if one["pid"] == report["pid"]]
        self.assertEqual(len(process), 22)
        self.assertGreater(process["allocations"], 3000)
        self.assertGreaterEqual(process["allocations"], process["frees"])
        self.assertGreaterEqual(process["footprint_peak"], process["footprint"])
        self.assertGreaterEqual(process["reserved"], process["footprint"])
        self.assertGreaterEqual(process["live_peak"], 3000 * 1500)
        self.assertGreaterEqual(process["peak_rss"], process["rss"])
        self.assertGreaterEqual(process["peak_rss"], 3000 * 1500)
        # Linux sums these up lazily over processors; both are off by some pages.
        self.assertLessEqual(abs(process["peak_rss"] - report["os_peak_rss"]), 1 << 20)
        self.assertGreaterEqual(process["spaces"], 1)
        held = process["live"] + process["free"] + process["cached"]
        self.assertLessEqual(held, process["footprint"] + process["top"] + process["cached"])

    def test_every_process_of_the_tree_is_there(self):
        report = self.report("bash", "-c", "for i in 1 2 3; do /bin/echo $i >/dev/null; done; true")
        self.assertEqual(sorted(process["program"] for process in report["processes"]),
                         ["bash", "echo", "echo", "echo"])

    def test_direct_blocks_are_told(self):
        script = "import ctypes; libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p;" \
                 "kept = libc.malloc(ctypes.c_size_t(64 << 20))"
        report = self.report(sys.executable, "-c", script)
        process = [one for one in report["processes"] if one["pid"] == report["pid"]][0]
        self.assertGreaterEqual(process["direct"], 64 << 20)
        self.assertGreaterEqual(process["direct_blocks"], 1)

    def test_a_process_that_is_killed_leaves_none(self):
        done = self.strata("run", "--library", LIBRARY, "--stats", "bash", "-c", "kill -9 $$")
        self.assertEqual(done.returncode, 137)
        self.assertIn("The program left no report: signal 9 (Killed)", done.stderr)

    def test_text_has_the_figures(self):
        done = self.strata("run", "--library", LIBRARY, "--stats", "ls", "/")
        for label in ("peak memory", "peak footprint", "live at exit", "fragmentation",
                      "allocations", "frees", "not freed", "spaces", "direct blocks"):
            self.assertRegex(done.stderr, r"(?m)^  %s +[\d,.]+" % label)


class EnvironmentOptions(CommandTest):
    # Not /bin/echo: coreutils close standard error before the library could write to it.
    PROGRAM = ("bash", "-c", "echo done")

    def run_plainly(self, options):
        """A program with the library preloaded by hand, without the command."""
        environment = self.environment(LD_PRELOAD=LIBRARY, STRATA_OPTIONS=options)
        return subprocess.run(self.PROGRAM, env=environment, capture_output=True,
                              text=True, check=False)

    def test_nothing_is_printed_by_default(self):
        for options in (None, "", "quick_limit=0", "quick_limit=16k,spaces=1,segment_size=64g"):
            done = self.run_plainly(options)
            self.assertEqual((done.stdout, done.stderr, done.returncode), ("done\n", "", 0))

    def test_what_is_wrong_is_told_once_and_ignored(self):
        for options in ("bogus=1", "quick_limit=1,bogus=1", "bogus=1,other=2", "bogus=1,"):
            done = self.run_plainly(options)
            self.assertEqual((done.stdout, done.returncode), ("done\n", 0))
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertRegex(done.stderr, r"\Astrata: .*STRATA_OPTIONS.*\bbogus=1\n\Z")

    def test_the_rest_still_counts(self):
        done = self.strata("options", STRATA_OPTIONS="quick_limit=4k,bogus=1,spaces=1")
        self.assertRegex(done.stdout, r"(?m)^quick_limit .* now 4k$")
        self.assertRegex(done.stdout, r"(?m)^spaces .* now 1$")

    def test_values_are_read_as_the_command_checks_them(self):
        for value in ("0", "1", "64k", "3m", "2g", "max", "65537"):
            done = self.strata("options", STRATA_OPTIONS="quick_limit=" + value)
            self.assertRegex(done.stdout, r"(?m)^quick_limit .* now %s$" % value)
            self.assertEqual(done.stderr, "")
        for value in ("", "k", "1x", "1kk", "-1", "1.5m", "99999999999999999999999", "max "):
            done = self.strata("options", STRATA_OPTIONS="quick_limit=" + value)
            self.assertRegex(done.stdout, r"(?m)^quick_limit .* now 64k$")
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_wrong_option_is_told_once(self):
        for arguments in (("run", "--library", LIBRARY, *self.PROGRAM), ("options",)):
            done = self.strata(*arguments, STRATA_OPTIONS="trim_pad=1k,no_such=1")
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stderr.count("no_such=1"), 1)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_statistics_at_exit_are_the_programs_alone(self):
        done = self.strata("run", "--library", LIBRARY, *self.PROGRAM,
                           STRATA_OPTIONS="report=1")
        self.assertEqual(done.stderr.count("strata statistics\n"), 1)
        self.assertEqual(self.run_plainly("report=1").stderr.count("strata statistics\n"), 1)


if __name__ == "__main__":
    unittest.main()
