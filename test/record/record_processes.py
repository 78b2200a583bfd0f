# SPDX-License-Identifier: MIT-0
#
# Processes that fork, execute other programs, end in all ways, or do not end.

import os
import re
import signal
import subprocess
import unittest

from record_harness import PROGRAM, REFUSE, RecordTest

LIFE = PROGRAM["life"]


class Children(RecordTest):
    def check_fork(self, *program):
        trace = self.record_quietly(*program)
        self.assertEqual(trace.sizes(), ["malloc 2001", "malloc 2003", "free 2001"])
        self.assertEqual(self.only_child().sizes(), ["malloc 2002"])

    def test_fork(self):
        self.check_fork(LIFE, "fork")

    def test_fork_where_the_kernel_wipes_no_pages(self):
        self.check_fork(REFUSE, "wipe_on_fork", "22", "--", LIFE, "fork")

    def test_clone_without_the_c_library(self):
        self.check_fork(LIFE, "clone")

    def test_vfork_shares_its_parents_recording(self):
        trace = self.record_quietly(LIFE, "vfork")
        self.assertEqual(trace.sizes(), ["malloc 2001", "malloc 2002", "malloc 2003"])
        self.assertEqual(self.only_child().sizes(), ["malloc 2005"])

    def test_grandchildren(self):
        trace = self.record_quietly(LIFE, "nested")
        self.assertEqual(trace.sizes(), ["malloc 2001"])
        self.assertEqual(sorted(child.sizes() for child in self.children().values()),
                         [["malloc 2002"], ["malloc 2004"]])

    def test_fork_while_others_hold_the_lock(self):
        count = 60
        self.record(LIFE, "fork_busy", str(count))
        children = self.children()
        self.assertEqual(len(children), count)
        for child in children.values():
            self.assertEqual(child.sizes(), 100 * ["malloc 3000", "free 3000"])

    def test_what_the_files_are_called(self):
        trace = self.record_quietly("/bin/sh", "-c", "exec %s fork_exec" % LIFE)
        self.assertEqual(trace.sizes(), ["malloc 2001"])
        program = os.path.basename(LIFE)[:15]
        self.assertEqual(
            {re.sub(r"\.\d{2,}\.", ".PID.", name): child.sizes()
             for name, child in self.children().items()},
            {"x.PID.sh.tr.zst": [], "x.PID.%s.tr.zst" % program: ["malloc 2002"],
             "x.PID.1.%s.tr.zst" % program: ["malloc 2005"]})

    def test_each_program_that_a_process_executes(self):
        trace = self.record_quietly(LIFE, "exec")
        self.assertEqual(trace.sizes(), ["malloc 2005"])
        self.assertEqual(self.only_child().sizes(), ["malloc 2001"])


class Ends(RecordTest):
    def check_end(self, how, status):
        done = self.record("/bin/sh", "-c", "ulimit -c 0; exec %s end %s" % (LIFE, how),
                           status=status)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(self.read().sizes(), ["malloc 2001", "malloc 2002", "free 2002"])

    def test_exit(self):
        for how in ("exit", "_exit", "quick_exit"):
            self.check_end(how, 7)

    def test_signals(self):
        for how, number in (("abort", signal.SIGABRT), ("kill", signal.SIGKILL),
                            ("crash", signal.SIGSEGV), ("wild", signal.SIGSEGV)):
            self.check_end(how, 128 + number)

    def test_killed_while_it_records(self):
        for _ in range(20):
            process = self.start(LIFE, "endless")
            self.assertEqual(process.stdout.readline(), "ready\n")
            pid = self.child_of(process.pid)
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(process.wait(), 128 + signal.SIGKILL)
            trace = self.read()
            self.assertEqual(trace.flags, 0)
            live = {op.id for op in trace.ops if op.kind != "free"} - {
                op.id for op in trace.ops if op.kind == "free"}
            self.assertLessEqual(len(live), 256)

    def child_of(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return int(file.read())

    def test_signals_sent_to_the_command_are_the_programs(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start(LIFE, "wait")
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(number)
            self.assertEqual(process.wait(), 128 + number)
            self.assertEqual(process.stderr.read(), "")
            self.assertEqual(self.read().sizes(), ["malloc 2001", "malloc 2002", "free 2002"])
            self.assertEqual(self.files(), ["x.tr.zst"])


class Survivors(RecordTest):
    def test_one_that_outlives_the_program(self):
        pipe = os.path.join(self.temporary, "pipe")
        later = os.path.join(self.place, "later.tr.xz")
        os.mkfifo(pipe)
        # When the child is waiting to read, opening the pipe here does not wait.
        process = self.start(LIFE, "orphan", pipe, "150000")
        self.assertEqual(process.wait(), 0)
        said = process.stderr.readline() # the child has it open, too
        found = re.fullmatch(
            r"strata: record: process (\d+) \((.*)\) still runs, and records into '(.*)'; `strata "
            r"record --pack` makes a trace of it, best when it has ended\.\n", said)
        self.assertIsNotNone(found, said)
        pid, recording = int(found.group(1)), found.group(3)
        self.assertEqual(os.path.dirname(recording), self.output + ".recording")
        self.assertEqual(self.read().sizes(), ["malloc 2001"])
        self.let_go(pid, pipe)
        os.remove(pipe)
        done = self.strata("record", "-o", later, "--pack", recording)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        trace = self.read(later)
        self.assertEqual(trace.sizes()[0], "malloc 2002")
        self.assertEqual(trace.sizes()[1:], 150000 * ["malloc 2003", "free 2003"])
        self.assertTrue(os.path.exists(recording), "it is kept")

    def let_go(self, pid, pipe):
        """Lets the child go on, and waits for its end, though it is nobody's child here."""
        handle = os.pidfd_open(pid)
        with open(pipe, "w", encoding="ascii") as file:
            file.write("x")
        import select
        select.select([handle], [], [])
        os.close(handle)

    def test_a_directory_that_is_still_used_is_left_alone(self):
        os.mkdir(self.output + ".recording")
        self.record_quietly(LIFE, "fork")
        self.assertTrue(os.path.isdir(self.output + ".recording"))
        self.assertFalse(os.path.exists(self.output + ".recording.2"))


class Descriptors(RecordTest):
    def test_no_descriptor_of_ours_is_open_in_the_program(self):
        done = self.record("/bin/sh", "-c", "exec ls -l /proc/self/fd")
        names = re.findall(r" (\d+) -> (.*)", done.stdout)
        self.assertEqual([number for number, _ in names], ["0", "1", "2", "3"])
        self.assertEqual([name for _, name in names if "recording" in name], [])

    def test_a_closed_standard_stream_stays_closed(self):
        done = self.record("/bin/sh", "-c", "exec ls -l /proc/self/fd 0<&- 2>&-")
        names = dict(re.findall(r" (\d+) -> (.*)", done.stdout))
        self.assertNotIn("recording", " ".join(names.values()))
        self.assertNotIn("2", names)


if __name__ == "__main__":
    unittest.main()
