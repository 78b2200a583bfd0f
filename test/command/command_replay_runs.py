# SPDX-License-Identifier: MIT-0
#
# `strata replay`: which runs there are, in which order, with which arguments and environment; what
# becomes of one that fails, and of all when a signal comes.

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

from command_replay_tools import ALONE, ReplayTest, Said


class Runs(ReplayTest):
    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.library = self.put_library("liba.so")
        for name in ("null", "system", "liba.so", "libstrata.so", "libmimalloc.so.2"):
            self.say(name, Said())

    def measuring(self):
        """The runs that are timed: name and arguments."""
        found = []
        for _, arguments, entries in self.log():
            if "--samples" not in arguments or any("LD_TRACE" in one for one in entries):
                continue
            preload = [one.rsplit("/", 1)[1] for one in entries if one.startswith("LD_PRELOAD")]
            found.append(("null" if "--null" in arguments else (preload + ["system"])[0],
                          arguments))
        return found

    def test_all_take_turns_and_each_begins_a_round(self):
        self.replay("--allocator", "system", "--allocator", self.library, "--passes", "4",
                    "--runs", "4", self.trace())
        names = [name for name, _ in self.measuring()]
        self.assertEqual(names, ["null", "system", "liba.so", "system", "liba.so", "null",
                                 "liba.so", "null", "system", "null", "system", "liba.so"])

    def test_arguments_and_environment_are_always_the_same(self):
        self.replay(*ALONE, "--allocator", self.library, "--touch", "all", self.trace(),
                    MALLOC_ARENA_MAX="1", STRATA_OPTIONS="quick_limit=0", MIMALLOC_VERBOSE="1")
        runs = [run for run in self.log() if not any("LD_TRACE" in one for one in run[2])]
        entries = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"]
        preloaded = entries + ["LD_PRELOAD=" + os.path.realpath(self.library)]
        measured = ["--passes", "2", "--touch", "all", "--samples", "1"]
        counted = ["--passes", "1", "--touch", "all"]
        self.assertEqual([run[1:] for run in runs], [
            (["--null"] + measured, entries), (measured, entries), (measured, preloaded),
            (["--null"] + counted, entries), (counted, entries), (counted, preloaded)])

    def test_mimalloc_takes_no_huge_pages(self):
        library = self.put_library("libmimalloc.so.2")
        text = self.replay("--allocator", "mi=" + library, *ALONE, self.trace()).stdout
        self.assertIn("libmimalloc.so.2 with MIMALLOC_ALLOW_THP=0\n", text)
        found = [entries for _, _, entries in self.log() if any("mimalloc" in e for e in entries)]
        self.assertGreater(len(found), 1)
        for entries in found:
            self.assertIn("MIMALLOC_ALLOW_THP=0", entries)

    def test_passes_are_chosen_by_how_long_one_takes(self):
        for warm, passes in ((1_000_000, 251), (100_000_000, 4), (10 ** 9, 3), (1, 400)):
            self.say("system", Said(warm=(warm,)))
            report = self.replay_json("--allocator", "system", "--runs", "1", self.trace())
            self.assertEqual(report["traces"][0]["passes"], passes)
            self.assertIn(str(passes), self.measuring()[-1][1])

    def test_strata_is_first_unless_it_is_put_elsewhere(self):
        self.put_strata()
        columns = []
        for arguments in ((), ("--allocator", self.library),
                          ("--allocator", "system", "--allocator", "strata")):
            report = self.replay_json(*arguments, "--passes", "2", "--runs", "1", self.trace())
            columns.append([one["label"] for one in report["allocators"]])
        self.assertEqual(columns, [["strata", "system"], ["strata", "a"], ["system", "strata"]])

    def test_where_there_is_no_strata_it_is_left_out_if_others_are_named(self):
        text = self.replay(*ALONE, self.trace()).stdout
        self.assertIn("Left out, for they are not installed: strata.\n", text)

    def test_peers_that_are_not_installed_are_told(self):
        report = self.replay_json(*ALONE, "--peers", "--allocator", "mimalloc=" + self.library,
                                  self.trace())
        told = [one["label"] for one in report["allocators"]] + report["left_out"].split(", ")
        self.assertEqual(sorted(told), ["jemalloc", "mimalloc", "strata", "system", "tcmalloc"])

    def test_samples_are_taken_and_drawn_only_for_plots(self):
        said = Said(peak_rss=1 << 20)
        said.extra = ["sample 1 100 1000000", "sample 4 350 1200000"]
        self.say("null", said)
        said.passes = [(9000, 9000), (8000, 8000)]
        said.raw["peak_rss"] *= 2
        self.say("system", said)
        pictures = os.path.join(self.place, "pictures")
        report = self.replay_json(*ALONE, "--plot", pictures, self.trace(name="a'b`c.tr"))
        self.assertEqual(report["traces"][0]["results"][0]["samples"],
                         [[1, 100, 1000000], [4, 350, 1200000]])
        self.assertEqual(sorted(os.listdir(pictures)),
                         ["compare.svg", "memory-a'b`c.svg", "scatter.svg"])
        for name in os.listdir(pictures):
            words = "".join(xml.etree.ElementTree.parse(
                os.path.join(pictures, name)).getroot().itertext())
            self.assertIn("system", words)
        report = self.replay_json(*ALONE, self.trace())
        self.assertEqual(report["traces"][0]["results"][0]["samples"], [])

    def test_pictures_where_all_is_known_and_where_nothing_is(self):
        pictures = os.path.join(self.place, "pictures")
        said = Said(cold=5000, warm=(4000,), peak_rss=1 << 20)
        for text, status in ((said, 0), ("!kill 9\n", 1)):
            self.say("system", text)
            self.replay(*ALONE, "--plot", pictures, self.trace(), self.trace(name="next.tr"),
                        status=status)
            self.assertEqual(sorted(os.listdir(pictures)),
                             ["compare.svg", "memory-next.svg", "memory-small.svg",
                              "scatter.svg"])
            shutil.rmtree(pictures)

    def test_instructions_are_net_of_the_null_runs(self):
        tools = os.path.join(self.place, "tools")
        os.mkdir(tools)
        with open(os.path.join(tools, "valgrind"), "w", encoding="ascii") as file:
            file.write('#!/bin/sh\nfor word; do case $word in\n'
                       '--callgrind-out-file=*) out=${word#*=} ;;\n--null) null=1 ;;\n'
                       '--toggle-collect=replay_run_ops) toggled=1 ;;\nesac; done\n'
                       'echo "summary: 1" >"$out"\n'
                       'echo "totals: ${toggled:+${null:+4}100}" >>"$out"\n')
        os.chmod(os.path.join(tools, "valgrind"), 0o755)
        report = self.replay_json(*ALONE, "--instructions", self.trace(),
                                  PATH=tools + ":" + os.environ["PATH"])
        (trace,) = report["traces"]
        self.assertEqual(trace["null"]["counted_instructions"], 4100)
        self.assertEqual(trace["results"][0]["counted_instructions"], 100)
        self.assertEqual(trace["results"][0]["instructions"], 0)

    def test_instructions_are_by_operation(self):
        tools = os.path.join(self.place, "tools")
        os.mkdir(tools)
        with open(os.path.join(tools, "valgrind"), "w", encoding="ascii") as file:
            file.write('#!/bin/sh\ncount=5000\nfor word; do case $word in\n'
                       '--callgrind-out-file=*) out=${word#*=} ;;\n--null) count=1000 ;;\n'
                       'esac; done\necho "totals: $count" >"$out"\n')
        os.chmod(os.path.join(tools, "valgrind"), 0o755)
        report = self.replay_json(*ALONE, "--instructions", self.trace(),
                                  PATH=tools + ":" + os.environ["PATH"])
        (trace,) = report["traces"]
        recorded = trace["operations"] - trace["left_to_free"]
        self.assertLess(recorded, trace["operations"])
        self.assertEqual(trace["results"][0]["instructions"], 4000 / recorded)


class Broken(ReplayTest):
    """An allocator that fails: its cells say so, the others go on."""

    def setUp(self):
        super().setUp()
        self.put_replayer()
        self.library = self.put_library("libbad.so")
        self.say("null", Said())
        self.say("system", Said(cold=3000))
        self.arguments = (*ALONE, "--allocator", self.library, self.trace())

    def expect(self, said, *sentences):
        """`said` by the bad one makes these sentences, and the other's figures are there."""
        self.say("libbad.so", said)
        done = self.replay("--json", *self.arguments, status=1)
        self.assertEqual(done.stderr, "".join("strata: replay: %s\n" % one for one in sentences))
        good, bad = json.loads(done.stdout)["traces"][0]["results"]
        self.assertEqual((good["failure"], good["cold_ns"]), (None, 200))
        return bad

    def test_killed(self):
        bad = self.expect("begin\n!kill 11\n",
                          "bad on small was killed by signal 11 (Segmentation fault).")
        self.assertEqual(bad["failure"], "was killed by signal 11 (Segmentation fault)")
        self.assertEqual((bad["cold_ns"], bad["memory"], bad["runs"]), (None, None, []))
        text = self.replay(*self.arguments, status=1).stdout
        self.assertRegex(text, r"(?m)^bad +failed( +failed)+$")
        self.assertIn("\nbad on small was killed by signal 11 (Segmentation fault).\n", text)
        for table in (text, self.replay(*self.arguments, self.trace(), status=1).stdout):
            for line in table.split("\n"):
                self.assertEqual(line, line.rstrip())

    def test_killed_in_a_later_round_only(self):
        self.say("libbad.so", Said())
        self.say("libbad.so", "!kill 6\n", 2)
        done = self.replay("--json", *self.arguments, "--runs", "3", status=1)
        self.assertEqual(done.stderr, "strata: replay: bad on small was killed by signal 6 "
                         "(Aborted).\n")
        good, bad = json.loads(done.stdout)["traces"][0]["results"]
        self.assertEqual([len(good["runs"]), len(bad["runs"])], [3, 1])
        self.assertEqual((bad["cold_ns"], bad["memory"], bad["minor_faults"]), (None,) * 3)

    def test_killed_only_while_its_calls_are_counted(self):
        self.say("libbad.so", Said())
        self.say("libbad.so", "begin\n!kill 6\n", 2)
        done = self.replay(*self.arguments, status=1)
        self.assertEqual(done.stderr, "strata: replay: bad on small was killed by signal 6 "
                         "(Aborted) while its system calls were counted.\n")

    def test_exit_status(self):
        self.expect("!exit 3\n", "bad on small ended with exit status 3.")

    def test_sayings_without_sense(self):
        text = Said().text()
        self.expect(text.replace("pass 500 1000", "pass x"),
                    "bad on small said 'pass x', which has no sense.")
        self.expect(text.replace("file_rss 0\n", ""), "bad on small said nothing of file_rss.")
        self.expect("", "bad on small said nothing of ops.")
        self.expect(re.sub(r"pass.*\n", "", text), "bad on small replayed nothing.")

    def test_damage_is_told_loudly(self):
        bad = self.expect(Said(damaged=1234567), "bad DAMAGED what small had written: 1,234,567 "
                          "words were found changed.")
        self.assertEqual(bad["damaged"], 1234567)

    def test_refused_memory_is_told_loudly(self):
        bad = self.expect(Said(failed=2), "bad REFUSED memory to small: 2 allocations returned "
                          "NULL, so its figures are of less than the trace.")
        self.assertEqual(bad["failed"], 2)

    def test_without_the_null_run_nothing_can_be_told(self):
        self.say("libbad.so", Said())
        self.say("null", "!kill 9\n")
        done = self.replay(*self.arguments, status=125)
        self.assertEqual((done.stderr, done.stdout), ("strata: replay: strata-replayer on small "
                                                      "was killed by signal 9 (Killed).\n", ""))


class Progress(ReplayTest):
    def test_it_is_shown_on_a_terminal_and_cleared(self):
        self.put_replayer()
        self.say("null", Said())
        self.say("system", Said())
        ours, theirs = os.openpty()
        done = subprocess.run([self.command, "replay", *ALONE, self.trace()], stderr=theirs,
                              stdout=subprocess.DEVNULL, env=self.environment(), check=False)
        os.close(theirs)
        text = ""
        with contextlib.suppress(OSError):  # as a terminal says that it is closed
            while got := os.read(ours, 65536):
                text += got.decode("ascii")
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        clear = "\r\x1b[K"
        lines = text.split(clear)
        self.assertIn("replay: round 1 of 1, small on system", lines)
        self.assertIn("replay: counting system calls, small on nothing", lines)
        self.assertTrue(text.endswith(clear), text)
        self.assertNotIn("\n", text)


class Interrupted(ReplayTest):
    def test_a_signal_ends_the_child_too(self):
        self.put_replayer()
        self.say("null", Said())
        self.say("system", "!sleep\n")
        for number in (signal.SIGINT, signal.SIGTERM):
            before = len(self.log())
            child = subprocess.Popen([self.command, "replay", *ALONE, self.trace()],
                                     env=self.environment(), stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE)
            while len(self.log()) < before + 2:
                self.assertIsNone(child.poll())
                time.sleep(0.01)
            child.send_signal(number)
            self.assertEqual(child.communicate()[1], b"")
            self.assertEqual(child.returncode, -number)
            self.wait_for_end(self.log()[-1][0])
            self.assertEqual(os.listdir(self.temporary), [])

    def wait_for_end(self, process):
        """Nobody may be there to wait for it; then it stays as a zombie."""
        for _ in range(1000):
            try:
                with open("/proc/%d/stat" % process, encoding="ascii") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] in "ZX":
                        return
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.01)
        self.fail("the replayer lives on")


if __name__ == "__main__":
    unittest.main()
