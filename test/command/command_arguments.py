# SPDX-License-Identifier: MIT-0
#
# The command line: help, version, the list of options; and one sentence and exit status 2 for
# everything that is wrong.

import os
import re
import subprocess
import unittest

from command_harness import COMMAND, FAKE, CommandTest


class Help(CommandTest):
    def expect_output(self, *arguments):
        done = self.strata(*arguments)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_version_is_that_of_the_library(self):
        self.assertRegex(self.expect_output("--version"), r"\Astrata \d+\.\d+\.\d+\n\Z")

    def test_help_names_every_subcommand(self):
        text = self.expect_output("--help")
        for name in ("run", "options", "help"):
            self.assertRegex(text, r"(?m)^  %s  " % name)
        self.assertEqual(text, self.expect_output("help"))

    def test_help_of_a_subcommand_is_the_same_both_ways(self):
        for name in ("run", "options", "help"):
            text = self.expect_output("help", name)
            self.assertEqual(text, self.expect_output(name, "--help"))
            self.assertTrue(text.startswith("Usage: strata %s " % name), text)

    def test_help_of_run_explains_fragmentation_and_exit_status(self):
        text = self.expect_output("help", "run")
        for word in ("fragmentation", "footprint/live", "Exit status", "127", "126", "125"):
            self.assertIn(word, text)


class OptionsList(CommandTest):
    def listed(self, **changes):
        done = self.strata("options", **changes)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_every_option_of_the_table_is_listed(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(os.path.join(root, "src", "books", "options.def"), encoding="utf-8") as file:
            declared = re.findall(r'^ST_OPTION\((\w+), (\w+),[^"]*"([^"]*)"', file.read(), re.M)
        self.assertGreater(len(declared), 5)
        listed = re.findall(r"^(\w+) +(\w+) +default (\w+) +range (\w+)\.\.(\w+), now (\w+)\n"
                            r"    (.*)$", self.listed(), re.M)
        self.assertEqual([(line[0], line[1], line[6]) for line in listed], declared)

    def test_values_are_written_as_options_take_them(self):
        self.assertRegex(self.listed(), r"quick_limit +bytes +default 64k +range 0\.\.max, now 64k")


class Refusals(CommandTest):
    def test_a_subcommand_is_needed(self):
        self.expect_refusal(2, "a subcommand is missing; `strata --help` lists them.")

    def test_unknown_subcommand(self):
        sentence = "there is no subcommand 'walk'; `strata --help` lists them."
        self.expect_refusal(2, sentence, "walk")
        self.expect_refusal(2, sentence, "help", "walk")

    def test_unknown_option_of_the_command(self):
        self.expect_refusal(2, "there is no option '--walk'; `strata --help` lists them.",
                            "--walk")
        self.expect_refusal(2, "run: there is no option '--walk'; `strata help run` lists them.",
                            "run", "--walk", "true")
        self.expect_refusal(2, "run: there is no option '-wz'; `strata help run` lists them.",
                            "run", "--stats", "-wz", "true")
        self.expect_refusal(2, "options: there is no option '-w'; `strata help options` lists "
                            "them.", "options", "-w")

    def test_too_many_arguments(self):
        self.expect_refusal(2, "options: 'all' is one argument too many.", "options", "all")
        self.expect_refusal(2, "help: 'options' is one argument too many.", "help", "run",
                            "options")

    def test_values_that_are_missing_or_too_many(self):
        self.expect_refusal(2, "run: --library needs a value, PATH.", "run", "--library")
        self.expect_refusal(2, "run: --stats takes no value.", "run", "--stats=1", "true")

    def test_a_program_is_needed(self):
        sentence = "run: a program is missing; `strata help run` shows how."
        self.expect_refusal(2, sentence, "run")
        self.expect_refusal(2, sentence, "run", "--stats", "--")

    def test_output_that_cant_be_written_is_told_before_the_program_runs(self):
        target = os.path.join(self.place, "no", "file")
        mark = os.path.join(self.place, "mark")
        self.expect_refusal(2, "run: '%s' can't be written: No such file or directory." % target,
                            "run", "--library", FAKE, "--output", target, "touch", mark)
        self.assertFalse(os.path.exists(mark))

    def test_full_standard_output_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([COMMAND, "options"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False, env=self.environment())
        self.assertEqual(done.stderr, "strata: standard output can't be written: No space left "
                         "on device.\n")
        self.assertEqual(done.returncode, 125)


class LibraryOptions(CommandTest):
    def expect_refused(self, item, sentence):
        self.expect_refusal(2, "run: " + sentence, "run", "--library", FAKE, "--option", item,
                            "true")

    def test_unknown_name(self):
        self.expect_refused("bogus=1", "strata has no option 'bogus'; `strata options` lists "
                            "them.")
        self.expect_refused("quick_limi=1", "strata has no option 'quick_limi'; `strata options` "
                            "lists them.")

    def test_no_pair(self):
        for item in ("quick_limit", "=1", ""):
            self.expect_refused(item, "--option wants NAME=VALUE, not '%s'." % item)

    def test_no_number(self):
        for value in ("", "k", "1x", "1kk", "-1", " 1", "1 ", "0x10", "1.5m", "maximum",
                      "1,spaces=1"):
            self.expect_refused("quick_limit=" + value, "'%s' is no value for quick_limit; write "
                                "a decimal number, with k, m or g behind it if need be, or max."
                                % value)

    def test_out_of_range(self):
        for value in ("0", "63k", "65535"):
            self.expect_refused("segment_size=" + value,
                                "segment_size can be 64k to 64g, not %s." % value)
        for value in ("65g", "max", "18446744073709551616", "18446744073709551615g"):
            self.expect_refused("segment_size=" + value,
                                "segment_size can be 64k to 64g, not %s." % value)
        self.expect_refused("quick_limit=99999999999999999999999",
                            "quick_limit can be 0 to max, not 99999999999999999999999.")
        self.expect_refused("quick_limit=18014398509481984k",
                            "quick_limit can be 0 to max, not 18014398509481984k.")

    def test_good_values_reach_the_program_in_order(self):
        done = self.run_fake("--option", "quick_limit=0", "--option", "segment_size=64g",
                             "--option", "quick_limit=max", "--option", "segment_size=65536",
                             "--", "printenv", "STRATA_OPTIONS")
        self.assertEqual(done.stdout,
                         "quick_limit=0,segment_size=64g,quick_limit=max,segment_size=65536\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_options_come_behind_those_already_set(self):
        done = self.run_fake("--option", "spaces=1", "printenv", "STRATA_OPTIONS",
                             STRATA_OPTIONS="quick_limit=4k")
        self.assertEqual(done.stdout, "quick_limit=4k,spaces=1\n")
        done = self.run_fake("--option", "spaces=1", "printenv", "STRATA_OPTIONS",
                             STRATA_OPTIONS="")
        self.assertEqual(done.stdout, "spaces=1\n")


if __name__ == "__main__":
    unittest.main()
