# SPDX-License-Identifier: MIT-0
#
# `strata simulate`: which configurations it makes, that the runs get them, and what it refuses.
# Its figures are those of `strata replay`, which command_replay.py tests.

import json
import os
import unittest

from command_replay_tools import ReplayTest, Said


class SimulateTest(ReplayTest):
    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.library = self.put_strata()
        self.say("null", Said())
        self.say("system", Said())
        self.good = self.trace()

    def simulate(self, *arguments):
        done = self.run_own("simulate", "--passes", "2", "--runs", "1", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


class Configurations(SimulateTest):
    def given(self):
        """STRATA_OPTIONS of each run that was timed but for the null run, in order."""
        found = []
        for _, arguments, entries in self.log():
            if "--samples" not in arguments or "--null" in arguments:
                continue
            options = [one for one in entries if one.startswith("STRATA_OPTIONS=")]
            found.append(options[0].split("=", 1)[1] if options else None)
        return found

    def test_default_and_every_combination(self):
        text = self.simulate(self.good, "--option", "quick_limit=0,64k", "--option",
                             "spaces=1", "--option", "trim_pad=0,4k,max")
        made = ["quick_limit=%s,spaces=1,trim_pad=%s" % (first, last)
                for first in ("0", "64k") for last in ("0", "4k", "max")]
        self.assertEqual(self.given(), [None] + made)
        for label in ["default"] + made:
            self.assertRegex(text, r"(?m)(^| )%s( |$)" % label)

    def test_all_run_on_the_library_beside_the_command(self):
        self.simulate(self.good, "--option", "quick_limit=0")
        entry = "LD_PRELOAD=" + os.path.realpath(self.library)
        timed = [entries for _, arguments, entries in self.log()
                 if "--null" not in arguments and not any("LD_TRACE" in e for e in entries)]
        self.assertEqual(len(timed), 4)
        for entries in timed:
            self.assertIn(entry, entries)

    def test_json_tells_the_options(self):
        report = json.loads(self.simulate("--json", self.good, "--option", "quick_limit=1k"))
        self.assertEqual(report["allocators"], [
            {"label": "default", "library": os.path.realpath(self.library), "options": None,
             "environment": None},
            {"label": "quick_limit=1k", "library": os.path.realpath(self.library),
             "options": "quick_limit=1k", "environment": None}])
        self.assertEqual(report["command"][1], "simulate")
        self.assertEqual([one["allocator"] for one in report["traces"][0]["results"]],
                         ["default", "quick_limit=1k"])

    def test_the_users_own_options_are_not_passed_on(self):
        done = self.run_own("simulate", "--passes", "2", "--runs", "1", self.good, "--option",
                            "quick_limit=0", STRATA_OPTIONS="spaces=1")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.given(), [None, "quick_limit=0"])

    def test_as_many_combinations_as_there_may_be(self):
        values = ",".join(map(str, range(31)))
        self.simulate(self.good, "--option", "quick_limit=" + values)
        self.assertEqual(len(self.given()), 32)


class Refusals(SimulateTest):
    def refuse_it(self, sentence, *arguments):
        self.refuse(2, "simulate: " + sentence, *arguments, command="simulate")

    def test_what_is_missing(self):
        self.refuse_it("a trace is missing; `strata help simulate` shows how.", "--option",
                       "quick_limit=0")
        self.refuse_it("--option is missing; `strata help simulate` shows how.", self.good)

    def test_no_pair(self):
        for text in ("quick_limit", "=1", ""):
            self.refuse_it("--option wants NAME=VALUE[,VALUE...], not '%s'." % text, self.good,
                           "--option", text)

    def test_options_and_values_that_there_are_not(self):
        for text, sentence in (("bogus=1", "strata has no option 'bogus'"),
                               ("quick_limit=1,x", "'x' is no value for quick_limit"),
                               ("quick_limit=1,", "'' is no value for quick_limit"),
                               ("segment_size=1k", "segment_size can be 64k to 64g, not 1k.")):
            done = self.run_own("simulate", self.good, "--option", text)
            self.assertIn(sentence, done.stderr)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1))

    def test_twice_the_same(self):
        self.refuse_it("--option quick_limit is given twice; its values go behind each other, "
                       "with commas between.", self.good, "--option", "quick_limit=0",
                       "--option", "quick_limit=1")
        self.refuse_it("quick_limit=0 is given twice.", self.good, "--option",
                       "quick_limit=0,1,0")

    def test_too_many(self):
        values = ",".join(map(str, range(8)))
        self.refuse_it("these are more than 31 combinations; take fewer values.", self.good,
                       "--option", "quick_limit=" + values, "--option", "trim_pad=0,1,2,3")

    def test_no_library(self):
        os.unlink(self.library)
        self.refuse(125, "simulate: libstrata.so is neither beside the command nor in ../lib from "
                    "there.", self.good, "--option", "quick_limit=0", command="simulate")

    def test_a_bad_trace(self):
        done = self.run_own("simulate", "none.tr", "--option", "quick_limit=0")
        self.assertRegex(done.stderr, r"\Astrata: simulate: 'none.tr' .*\.\n\Z")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
