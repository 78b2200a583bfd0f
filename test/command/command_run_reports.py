# SPDX-License-Identifier: MIT-0
#
# The report of `strata run`: as text and as JSON, for one process and many, for what the lines
# lack or have too much, and for programs that leave none.

import json
import os
import subprocess
import sys
import unittest

from command_harness import COMMAND, FAKE, STATIC_PROGRAM, CommandTest

USUAL = """
true (pid N):
  peak memory             3.0 MiB  3,145,728 bytes; resident, from the operating system
  memory at exit          2.0 MiB  2,097,152 bytes; likewise
  peak footprint          2.5 MiB  2,621,440 bytes; held by strata from the host
  footprint at exit       1.2 MiB  1,310,720 bytes
  peak live               1.5 MiB  1,572,864 bytes; in blocks, as seen when the footprint grew
  live at exit            1.0 MiB  1,048,576 bytes; in blocks not freed
  fragmentation            20.0 %  free/footprint: 256.0 KiB in 1,234 chunks, the largest 64.0 KiB
  footprint/live            1.250  bytes held for each byte live
  allocations           1,234,567
  frees                 1,234,000
  not freed                   567  blocks at exit
  spaces                        1
  direct blocks                 0  0 B
"""


def line(pid="@", program="tool", **numbers):
    pairs = "".join("%s=%s " % pair for pair in numbers.items())
    return "strata-report 1 pid=%s %sprogram=%s|" % (pid, pairs, program)


class Text(CommandTest):
    def report(self, *program, **changes):
        done = self.run_fake("--stats", *(program or ("true",)), **changes)
        return done.stderr

    def test_one_process_in_full(self):
        done = self.run_fake("--stats", "true")
        headline, rest = done.stderr.split("\n", 1)
        self.assertRegex(headline, r"\Astrata: true \(pid \d+\) ended with exit status 0 after "
                         r"\d+\.\d{3} s; CPU time \d+\.\d{3} s user, \d+\.\d{3} s system\.\Z")
        pid = headline.split("pid ")[1].split(")")[0]
        self.assertEqual(rest, USUAL.replace("pid N", "pid " + pid))
        self.assertEqual(done.stdout, "")

    def test_without_stats_nothing_is_printed_or_asked_for(self):
        done = self.run_fake("--", "sh", "-c", 'echo "<$STRATA_REPORT>"')
        self.assertEqual((done.stdout, done.stderr), ("<>\n", ""))

    def test_the_file_is_private(self):
        done = self.run_fake("--stats", "sh", "-c",
                             'cd "${STRATA_REPORT%/*}" && stat -c "%a %s" report . && cd .. && pwd')
        self.assertRegex(done.stdout, r"\A600 0\n700 \d+\n%s\n\Z" % self.temporary)

    def test_a_process_that_outlives_the_program_leaves_no_file(self):
        script = "import os, sys\n" \
                 "if os.fork() == 0: sys.stdin.read(); sys.exit()\n" \
                 "print(os.environ['STRATA_REPORT'])"
        process = subprocess.Popen([COMMAND, "run", "--library", FAKE, "--stats", sys.executable,
                                    "-c", script], env=self.environment(), text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.assertTrue(process.stdout.readline().endswith("/report\n"))
        self.assertEqual(process.wait(), 0)
        self.assertEqual(os.listdir(self.temporary), [])
        process.stdin.close()
        self.assertEqual(process.stdout.read(), "", "until the other process has ended")
        process.stdout.close()
        self.assertEqual(os.listdir(self.temporary), [])

    def test_many_processes_largest_first(self):
        lines = "".join(line(pid=1000 + i, program="tool %d" % i, peak_rss=i << 20)
                        for i in range(15))
        text = self.report(FAKE_LINES=lines)
        self.assertIn("\ntool 14 (pid 1014), the process with the largest peak:\n", text)
        table = text.split("program\n", 1)[1].splitlines()
        self.assertEqual([row.split()[-1] for row in table[:11]],
                         [str(i) for i in range(14, 3, -1)])
        self.assertEqual(table[0].split(), ["1014", "14.0", "MiB", "-", "-", "-", "tool", "14"])
        self.assertEqual(table[11:], ["and 4 smaller processes."])

    def test_real_processes_of_a_shell(self):
        text = self.report("bash", "-c", "ls / >/dev/null; cat </dev/null; true")
        for name in ("bash", "ls", "cat"):
            self.assertRegex(text, r"(?m)^ +\d+ +3\.0 MiB +2\.5 MiB +1\.0 MiB +1,234,567  %s$"
                             % name)

    def test_unknown_and_missing_numbers(self):
        text = self.report(FAKE_LINES=line(color="7", live="5", frees="x", rss="1"))
        self.assertIn("  live at exit                5 B  5 bytes; in blocks not freed\n", text)
        self.assertIn("  memory at exit              1 B  1 bytes; likewise\n", text)
        for label in ("frees", "peak memory", "fragmentation", "  not freed", "color"):
            self.assertNotIn(label, text)

    def test_numbers_that_do_not_fit_are_not_known(self):
        text = self.report(FAKE_LINES=line(live="18446744073709551616", rss="18446744073709551615"))
        self.assertNotIn("live at exit", text)
        self.assertIn("16.0 EiB  18,446,744,073,709,551,615 bytes", text)

    def test_lines_that_are_none_are_counted(self):
        text = self.report(FAKE_LINES="strata-report 2 pid=@ program=x|noise||" + line())
        self.assertIn("\ntool (pid ", text)
        self.assertIn("\n2 lines of the report could not be read.\n", text)

    def test_the_peak_of_several_spaces_is_called_a_sum(self):
        for spaces, words in ((1, "as seen when"), (2, "the sum of the spaces' own peaks")):
            text = self.report(FAKE_LINES=line(live_peak=2048, spaces=spaces))
            self.assertRegex(text, r"(?m)^  peak live +2\.0 KiB  2,048 bytes; in blocks.*" + words)

    def test_size_mismatches_are_told_if_there_were(self):
        self.assertNotIn("mismatches", self.report())
        self.assertIn("size mismatches               3  sized frees with a wrong size\n",
                      self.report(FAKE_LINES=line(size_mismatches=3)))

    def test_a_closed_pipe_leaves_no_file_and_keeps_the_status(self):
        end = os.pipe()
        os.close(end[0])
        done = subprocess.run([COMMAND, "run", "--library", FAKE, "--stats", "sh", "-c",
                               "exit 9"], env=self.environment(), stderr=end[1], check=False)
        os.close(end[1])
        self.assertEqual(done.returncode, 9)
        self.assertEqual(os.listdir(self.temporary), [])

    def test_no_place_for_the_file(self):
        missing = os.path.join(self.place, "missing")
        self.expect_refusal(125, "run: no temporary file can be made in '%s': No such file or "
                            "directory." % missing, "run", "--library", FAKE, "--stats", "true",
                            TMPDIR=missing)


class Silence(CommandTest):
    OS_LINE = r"\n  peak memory +[\d.]+ MiB  [\d,]+ bytes; wait4, which also counts its children"

    def expect_silence(self, sentence, *program, **changes):
        text = self.run_fake("--stats", *program, **changes).stderr
        self.assertIn("\nThe program left no report: " + sentence + "\n", text)
        self.assertRegex(text, self.OS_LINE)
        self.assertNotIn("footprint", text)

    def test_killed(self):
        self.expect_silence("signal 9 (Killed) ended it before it could.",
                            "sh", "-c", "kill -9 $$")

    def test_ended_without_exit_handlers(self):
        self.expect_silence("it ended by _exit or the like, cleared its environment, or was not "
                            "loaded with strata.", "true", FAKE_LINES="")

    def test_static(self):
        self.expect_silence("%s is statically linked, so strata was not preloaded."
                            % STATIC_PROGRAM, STATIC_PROGRAM)

    def test_its_children_are_shown_all_the_same(self):
        text = self.run_fake("--stats", "sh", "-c", "ls / >/dev/null; kill -9 $$").stderr
        self.assertIn("The program left no report: signal 9", text)
        self.assertRegex(text, r"\nls \(pid \d+\):\n  peak memory")


class Json(CommandTest):
    def test_standard_output_has_it(self):
        done = self.run_fake("--json", "--", "bash", "-c", "ls / >/dev/null; exit 4",
                             "\udcff\n\"é", "\udcc3x", "\udcc0\udc80", "\udced\udca0\udc80€😀")
        self.assertEqual((done.returncode, done.stderr), (4, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["format"], "strata-run 1")
        self.assertEqual(report["program"], ["bash", "-c", "ls / >/dev/null; exit 4",
                                             "\ufffd\n\"é", "\ufffdx", "\ufffd" * 2,
                                             "\ufffd" * 3 + "€😀"])
        self.assertEqual(report["library"], os.path.realpath(FAKE))
        self.assertEqual((report["exit_status"], report["signal"]), (4, None))
        self.assertIsNone(report["no_report_because"])
        self.assertGreater(report["wall_s"], 0)
        self.assertGreater(report["os_peak_rss"], 1 << 19)
        self.assertEqual(sorted(process["program"] for process in report["processes"]),
                         ["bash", "ls"])
        first = report["processes"][0]
        self.assertEqual((first["allocations"], first["footprint"]), (1234567, 1310720))
        self.assertEqual(len(first), 22)

    def test_a_file_has_it(self):
        path = os.path.join(self.place, "report.json")
        done = self.run_fake("--json", "--output", path, "sh", "-c", "kill -9 $$")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (137, "", ""))
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual((report["exit_status"], report["signal"]), (None, 9))
        self.assertIn("signal 9 (Killed)", report["no_report_because"])
        self.assertEqual(report["processes"], [])

    def test_output_alone_is_text(self):
        path = os.path.join(self.place, "report.txt")
        done = self.run_fake("--output", path, "true")
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        with open(path, encoding="utf-8") as file:
            self.assertIn("peak footprint", file.read())

    def test_what_a_line_lacks_is_left_out(self):
        done = self.run_fake("--json", "true", FAKE_LINES="junk|" + line(live=7, program="a b=c"))
        report = json.loads(done.stdout)
        self.assertEqual(report["processes"],
                         [{"pid": report["pid"], "live": 7, "program": "a b=c"}])
        self.assertEqual(report["unread_lines"], 1)


if __name__ == "__main__":
    unittest.main()
