# SPDX-License-Identifier: MIT-0
#
# `strata replay`: everything that is wrong with what it is asked, each with its sentence, before
# anything has run.

import os
import shutil
import subprocess
import unittest

from command_harness import FAKE, STATIC_PROGRAM
from command_replay_tools import ALONE, ReplayTest, Said, trace_bytes


class Refusals(ReplayTest):
    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.good = self.trace()

    def test_a_trace_is_needed(self):
        self.refuse(2, "replay: a trace is missing; `strata help replay` shows how.")

    def test_a_missing_file(self):
        done = self.run_own("replay", *ALONE, self.good, "none.tr")
        self.assertRegex(done.stderr, r"\Astrata: replay: 'none.tr' .*No such file.*\.\n\Z")
        self.assertEqual((done.returncode, done.stdout, self.log()), (2, "", []))

    def test_all_bad_traces_are_told_before_anything_runs(self):
        whole = trace_bytes([("malloc", 1)] * 100)
        for name, data in (("cut.tr", whole[:-5]), ("empty.tr", b""), ("text.tr", b"x" * 100),
                           ("nothing.tr", trace_bytes([]))):
            with open(os.path.join(self.place, name), "wb") as file:
                file.write(data)
        done = self.run_own("replay", *ALONE, "cut.tr", self.good, "empty.tr", "text.tr",
                            "nothing.tr")
        lines = done.stderr.split("\n")
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[0], r"\Astrata: replay: 'cut.tr' is cut short: .*\.\Z")
        self.assertEqual(lines[1], "strata: replay: 'empty.tr' is empty.")
        self.assertRegex(lines[2], r"\Astrata: replay: 'text.tr' is no trace: .*\.\Z")
        self.assertEqual(lines[3], "strata: replay: 'nothing.tr' has no operations to replay.")
        self.assertEqual((done.returncode, done.stdout, self.log()), (2, "", []))

    def test_allocators_that_there_are_not(self):
        place = os.path.join(self.place, "x.so")
        self.refuse(2, "replay: the allocator 'nomalloc' can't be used: No such file or "
                    "directory. It is none of the names that are known either: system, strata, "
                    "jemalloc, mimalloc, tcmalloc.", "--allocator", "nomalloc", self.good)
        self.refuse(2, "replay: the allocator '%s' can't be used: No such file or directory."
                    % place, "--allocator", place, self.good)
        self.refuse(2, "replay: '%s' is no shared library." % self.good, "--allocator", self.good,
                    self.good)
        self.refuse(2, "replay: --allocator wants a name or a path.", "--allocator", "", self.good)

    def test_libraries_that_cant_be_preloaded(self):
        colon = self.put_library("a:b.so")
        self.refuse(2, "replay: '%s' can't be preloaded, for it has a space or a colon in its "
                    "path." % os.path.realpath(colon), "--allocator", colon, self.good)
        # A position-independent program looks like a library, but is not loaded.
        done = self.run_own("replay", "--allocator", "x=" + self.command, self.good)
        self.assertIn("can't be preloaded", done.stderr)
        self.assertEqual(done.returncode, 2)

    def test_a_label_names_one_allocator(self):
        sentence = ("replay: two allocators are called '%s'; LABEL=PATH gives one another name.")
        self.refuse(2, sentence % "system", "--allocator", "system", "--allocator", "system",
                    self.good)
        self.refuse(2, sentence % "x", "--allocator", "x=" + FAKE, "--allocator", "x=" + FAKE,
                    self.good)

    def test_too_many_allocators(self):
        arguments = []
        for number in range(33):
            arguments += ["--allocator", "a%d=%s" % (number, FAKE)]
        self.refuse(2, "replay: there can be 32 allocators at most.", *arguments, self.good)

    def test_numbers(self):
        for name, most in (("--runs", 1000), ("--passes", 100000)):
            for value in ("0", "-1", "", "x", "1x", " 1", str(most + 1), "9" * 30):
                self.refuse(2, "replay: %s wants a number from 1 to %d, not '%s'."
                            % (name, most, value), name, value, self.good)

    def test_touch(self):
        self.refuse(2, "replay: --touch can be pages, all or none, not 'some'.", "--touch",
                    "some", self.good)

    def test_instructions_are_of_one_thread(self):
        self.refuse(2, "replay: --instructions counts those of one thread; leave out --threads.",
                    "--instructions", "--threads", self.good)

    def test_tools_that_are_not_there(self):
        self.refuse(2, "replay: --instructions needs valgrind, which is not installed.", *ALONE,
                    "--instructions", self.good, PATH="/nowhere")
        self.refuse(2, "replay: --plot needs gnuplot, which is not installed.", *ALONE, "--plot",
                    "pictures", self.good, PATH="/nowhere")
        os.unlink(os.path.join(self.bin, "strata-replayer"))
        self.refuse(125, "strata-replayer is neither beside the command nor in "
                    "../libexec/strata from there.", *ALONE, self.good)

    def test_where_nothing_can_be_written(self):
        self.refuse(2, "replay: 'no/file' can't be written: No such file or directory.", *ALONE,
                    "--output", "no/file", self.good)
        self.refuse(2, "replay: the directory '%s' can't be made: Not a directory." % self.good,
                    *ALONE, "--plot", self.good, self.good)

    def test_no_strata(self):
        self.refuse(125, "replay: libstrata.so is neither beside the command nor in ../lib from "
                    "there.", self.good)

    def test_a_plan_that_is_too_large(self):
        def limit():
            import resource  # pylint: disable=import-outside-toplevel
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        done = subprocess.run([self.command, "replay", *ALONE, self.good],
                              env=self.environment(), capture_output=True, text=True,
                              preexec_fn=limit, restore_signals=False, check=False)
        self.assertEqual(done.stderr, "strata: replay: '%s' is too large: there is not enough "
                         "memory to replay it.\n" % self.good)
        self.assertEqual(done.returncode, 125)

    def test_a_report_that_cant_be_written(self):
        self.say("null", Said())
        self.say("system", Said())
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([self.command, "replay", *ALONE, self.good], stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=self.environment(),
                                  check=False)
        self.assertEqual(done.stderr, "strata: replay: the report can't be written: No space left "
                         "on device.\n")
        self.assertEqual(done.returncode, 125)

    def test_a_replayer_that_is_no_program_for_us(self):
        shutil.copy2(STATIC_PROGRAM, os.path.join(self.bin, "strata-replayer"))
        done = self.run_own("replay", *ALONE, self.good)
        self.assertEqual(done.returncode, 125)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
