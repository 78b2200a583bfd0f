# SPDX-License-Identifier: MIT-0
#
# `strata record` as a command: its arguments, its files, its table, its exit status.

import os
import pty
import re
import shutil
import subprocess
import unittest

from command_harness import COMMAND, STATIC_PROGRAM
from record_harness import PROGRAM, RecordTest

LIFE = PROGRAM["life"]


class Arguments(RecordTest):
    def test_help_is_shown(self):
        done = self.strata("record", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("--output=FILE", "--limit=N", "--times", "--library=PATH", "--quiet",
                     "--pack=RECORDING", "Exit status:"):
            self.assertIn(word, done.stdout)
        self.assertEqual(self.strata("help", "record").stdout, done.stdout)

    def test_something_is_missing(self):
        self.expect_refusal(2, "record: -o FILE is missing, which says where the trace goes.",
                            "record", "true")
        self.expect_refusal(2, "record: a program is missing; `strata help record` shows how.",
                            "record", "-o", self.output)
        self.expect_refusal(2, "record: a program is missing; `strata help record` shows how.",
                            "record", "-o", self.output, "--")

    def test_what_is_no_limit(self):
        for text in ("0", "-1", "x", "1g", "10kk", "99999999999999999999", "99999999999999999m",
                     ""):
            self.expect_refusal(2, "record: --limit needs a number of operations such as 500, "
                                "10k or 2m, not '%s'." % text, "record", "-o", self.output,
                                "--limit=" + text, "true")

    def test_pack_runs_no_program(self):
        self.expect_refusal(2, "record: --pack runs no program; 'true' is too much.",
                            "record", "-o", self.output, "--pack", "x", "true")

    def test_an_option_there_is_not(self):
        self.expect_refusal(2, "record: there is no option '--nonesuch'; `strata help record` "
                            "lists them.", "record", "-o", self.output, "--nonesuch", "true")

    def test_a_program_there_is_not(self):
        done = self.record("nonesuch-program", status=127, quiet=False, PATH="/usr/bin:/bin")
        self.assertRegex(done.stderr, r"^strata: record: there is no program 'nonesuch-program'\.\n$")
        plain = os.path.join(self.temporary, "plain")
        with open(plain, "w", encoding="ascii") as file:
            file.write("text\n")
        os.chmod(plain, 0o755)
        done = subprocess.run([COMMAND, "record", "-o", self.output, plain], text=True,
                              env=self.environment(), capture_output=True, check=False)
        os.remove(plain)
        self.assertEqual(done.returncode, 126)
        self.assertRegex(done.stderr, r"^strata: record: '.*' is in no format that can be executed "
                         r"here\.\n$")
        self.assertEqual(self.files(), [], "nothing is left behind")

    def test_library(self):
        other = os.path.join(self.place, "other.so")
        shutil.copy(os.environ["STRATA_RECORDER"], other)
        done = self.record("printenv", "LD_PRELOAD", options=["--library", other])
        self.assertEqual(done.stdout, other + "\n")
        done = self.record("printenv", "LD_PRELOAD", LD_PRELOAD=other)
        self.assertEqual(done.stdout, "%s:%s\n" % (os.environ["STRATA_RECORDER"], other))
        done = self.record("true", options=["--library", "/nonesuch.so"], status=2)
        self.assertIn("the library '/nonesuch.so' can't be used", done.stderr)

    def test_a_recorder_that_can_t_be_found(self):
        command = os.path.join(self.place, "strata")
        shutil.copy(COMMAND, command)
        done = subprocess.run([command, "record", "-o", self.output, "true"], text=True,
                              env=self.environment(), capture_output=True, check=False)
        self.assertEqual(done.stderr, "strata: libstrata_record.so is neither beside the command "
                         "nor in ../libexec/strata from there.\n")
        self.assertEqual(done.returncode, 125)


class Files(RecordTest):
    def test_the_name_says_how_they_are_compressed(self):
        magics = (("x.tr", b"MTRACE1\0"), ("x.tr.xz", b"\xfd7zXZ\0"), ("x.xz", b"\xfd7zXZ\0"),
                  ("x.tr.zst", b"\x28\xb5\x2f\xfd"), ("x", b"MTRACE1\0"))
        sizes = set()
        for name, magic in magics:
            self.output = os.path.join(self.place, name)
            sizes.add(tuple(self.record_quietly(PROGRAM["calls"]).between(1001, 1999)))
            with open(self.output, "rb") as file:
                self.assertEqual(file.read(len(magic)), magic)
        self.assertEqual(len(sizes), 1)

    def test_those_of_other_processes_end_alike(self):
        for name, pattern in (("x", r"x\.\d+\.\w+\.tr"), ("x.tr", r"x\.\d+\.\w+\.tr"),
                              ("x.xz", r"x\.\d+\.\w+\.tr\.xz"),
                              ("x.tr.zst", r"x\.\d+\.\w+\.tr\.zst"),
                              (".tr", r"\.tr\.\d+\.\w+\.tr")):
            self.output = os.path.join(self.place, name)
            self.record_quietly(LIFE, "fork")
            (other,) = set(self.files()) - {name}
            self.assertRegex(other, "^%s$" % pattern)
            os.remove(os.path.join(self.place, other))
            os.remove(self.output)

    def test_one_that_is_there_is_replaced(self):
        target = os.path.join(self.place, "target")
        link = os.path.join(self.place, "link.tr")
        with open(target, "w", encoding="ascii") as file:
            file.write("before")
        os.symlink("target", link)
        self.output = link
        self.record_quietly(LIFE, "target")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(self.read(target).sizes(), ["malloc 2005"])

    def test_their_rights_are_those_of_new_files(self):
        old = os.umask(0o027)
        self.addCleanup(os.umask, old)
        self.record_quietly(LIFE, "target")
        self.assertEqual(os.stat(self.output).st_mode & 0o777, 0o640)

    def test_relative_to_where_we_are(self):
        done = subprocess.run([COMMAND, "record", "-q", "-o", "here.tr", "--", "/bin/sh", "-c",
                               "cd /; exec %s fork" % LIFE], cwd=self.place, check=False,
                              env=self.environment(), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(re.sub(r"\.\d+\.", ".PID.", name) for name in self.files()),
                         ["here.PID.%s.tr" % os.path.basename(LIFE)[:15], "here.PID.sh.tr",
                          "here.tr"])


class Table(RecordTest):
    def test_what_it_shows(self):
        done = self.record(LIFE, "fork", quiet=False)
        head, main, child = done.stderr.split("\n")[:-1]
        self.assertEqual(head.split(), ["operations", "size", "program", "file"])
        name = re.escape(os.path.basename(LIFE)[:15])
        self.assertRegex(main, r"^ *\d+ +\d+ B  %s +%s$" % (name, re.escape(self.output)))
        self.assertRegex(child, r"^ *1 +\d+ B  %s +.*/x\.\d+\.%s\.tr\.zst$" % (name, name))
        self.assertEqual(int(main.split()[0]), self.read().op_count)
        self.assertEqual(int(main.split()[1]), os.path.getsize(self.output))

    def test_what_was_cut_is_marked(self):
        done = self.record(LIFE, "target", options=["--limit=1"], quiet=False)
        self.assertNotIn("(cut)", done.stderr)
        done = self.record(LIFE, "fork", options=["--limit=1"], quiet=False)
        self.assertEqual([line.endswith("x.tr.zst (cut)") for line in done.stderr.split("\n")],
                         [False, True, False, False])

    def test_many_are_summed_up(self):
        done = self.record(LIFE, "fork_busy", "30", quiet=False)
        lines = done.stderr.split("\n")[:-1]
        self.assertEqual(len(lines), 22)
        self.assertRegex(lines[-1], r"^ +2,\d00 .* in 11 more files, .*/x\.\*$")

    def test_exit_statuses_are_the_programs(self):
        for status in (0, 1, 77, 255):
            self.record("sh", "-c", "exit %d" % status, status=status)


class Progress(RecordTest):
    def test_is_shown_on_a_terminal_and_erased(self):
        shown, terminal = pty.openpty()
        done = subprocess.run([COMMAND, "record", "-q", "-o", self.output, PROGRAM["disk"],
                               "nothing", "100000"], env=self.environment(), stderr=terminal,
                              stdout=subprocess.PIPE, check=False)
        os.close(terminal)
        text = self.read_all(shown)
        self.assertEqual(done.returncode, 0)
        self.assertIn("\rstrata: record: packing '%s' " % self.output, text)
        self.assertTrue(text.endswith("\r\033[K"), text)

    def read_all(self, descriptor):
        """What was written to the terminal before its last user closed it."""
        parts = []
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            try:
                while not parts or parts[-1]:
                    parts.append(stream.read(4096))
            except OSError:
                pass
        return b"".join(parts).decode()


class Nothing(RecordTest):
    def test_a_static_program(self):
        done = self.record(STATIC_PROGRAM, status=5)
        self.assertEqual(done.stderr.split("\n")[:-1], [
            "strata: record: %s is statically linked; nothing can be preloaded into it, and what "
            "it allocates itself is not recorded." % STATIC_PROGRAM,
            "strata: record: '%s' is not written: %s allocated nothing that could be recorded."
            % (self.output, STATIC_PROGRAM)])
        self.assertEqual(self.files(), [])

    def test_a_program_that_allocates_nothing(self):
        done = self.record(PROGRAM["life"], "", status=99)
        self.assertEqual(done.stderr, "strata: record: '%s' is not written: %s allocated nothing "
                         "that could be recorded.\n" % (self.output, PROGRAM["life"]))

    def test_the_library_without_the_command(self):
        done = subprocess.run([LIFE, "target"], env=self.environment(
            LD_PRELOAD=os.environ["STRATA_RECORDER"]), capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


class Pack(RecordTest):
    def pack(self, content, status, sentence):
        recording = os.path.join(self.place, "recording")
        with open(recording, "wb") as file:
            file.write(content)
        done = self.strata("record", "-o", self.output, "--pack", recording)
        self.assertEqual((done.returncode, done.stderr),
                         (status, sentence and "strata: record: '%s' %s\n" % (
                             self.output, sentence.replace("RECORDING", recording))))

    def header(self, *words):
        return b"MTRACE1\0" + b"".join(word.to_bytes(8, "little") for word in words)

    def test_what_is_sound(self):
        self.pack(self.header(2, 9, 9, 9, 0) + b"\x50\x03" + bytes(5000), 0, "")
        trace = self.read()
        self.assertEqual((trace.op_count, trace.id_count, trace.thread_count), (2, 1, 1))

    def test_what_is_not(self):
        self.pack(b"text", 2, "can't be made: what is there is no recording.")
        self.pack(bytes(5000), 2, "is not written: nothing was recorded in 'RECORDING'.")
        done = self.strata("record", "-o", self.output, "--pack", "/nonesuch")
        self.assertEqual(done.stderr, "strata: record: '%s' can't be made: the recording can't be "
                         "read: No such file or directory.\n" % self.output)
        self.assertEqual(self.files(), ["recording"])

    def test_what_was_overwritten_in_part(self):
        self.pack(self.header(6, 3, 2, 1, 0) + b"\x50\x03\x58\xff\xff\x07", 0,
                  "is cut: what came next in its recording (3 bytes) was overwritten by the "
                  "program.")
        self.assertEqual((self.read().op_count, self.read().flags), (3, 1))


if __name__ == "__main__":
    unittest.main()
