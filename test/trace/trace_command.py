# SPDX-License-Identifier: MIT-0
#
# `strata trace`: the text, table, JSON and pictures of golden traces and of some made here; and
# its sentences about files that can't be told.

import json
import os
import pty
import shutil
import stat
import subprocess
import unittest
import xml.etree.ElementTree

from command_harness import COMMAND, CommandTest

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
KINDS = {"malloc": 0, "calloc": 1, "realloc": 2, "free": 3, "aligned": 4, "thread": 5, "note": 6}


def golden(name):
    return os.path.join(GOLDEN, name)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def make_trace(records, threads=1, flags=0):
    """The bytes of a trace; a record is (kind, number, what follows as bytes...)."""
    body = b"".join(varint(number << 3 | KINDS[kind]) + b"".join(rest)
                    for kind, number, *rest in records)
    kinds = [record[0] for record in records]
    objects = sum(kind in ("malloc", "calloc", "aligned") for kind in kinds)
    operations = objects + sum(kind in ("realloc", "free") for kind in kinds)
    counts = (len(body), operations, objects, threads, flags)
    return b"MTRACE1\0" + b"".join(count.to_bytes(8, "little") for count in counts) + body


class TraceTest(CommandTest):
    def write(self, name, data):
        path = os.path.join(self.place, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def told(self, *arguments, **changes):
        """What `strata trace` writes about files that are good."""
        done = self.strata("trace", *arguments, **changes)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def told_json(self, *arguments, **changes):
        report = json.loads(self.told("--json", *arguments, **changes))
        self.assertEqual(report["format"], "strata-trace 1")
        return report["traces"]


class Golden(TraceTest):
    def expect(self, name, text, path):
        with open(golden(name), encoding="utf-8") as file:
            self.assertEqual(text, file.read().replace("GOLDEN", path))

    def test_bytes_are_those_written_by_hand(self):
        with open(golden("small.hex"), encoding="utf-8") as file:
            digits = "".join(line.split("#")[0] for line in file)
        with open(golden("small.tr"), "rb") as file:
            self.assertEqual(file.read(), bytes.fromhex(digits))

    def test_text(self):
        for name in ("small.tr", "small.tr.xz", "small.tr.zst"):
            self.expect("small.txt", self.told(golden(name)), golden(name))

    def test_json(self):
        for name in ("small.tr", "small.tr.xz", "small.tr.zst"):
            text = self.told("--json", golden(name))
            self.expect("small.json", text, golden(name))
            json.loads(text)

    def test_table(self):
        paths = [golden(name) for name in ("small.tr", "small.tr.xz", "small.tr.zst")]
        self.expect("table.txt", self.told(*paths), "")

    def test_table_of_what_is_cut_or_has_no_name(self):
        paths = [self.write("one.tr", make_trace([("malloc", 5)], 1, 1)),
                 self.write("two.tr.xz", make_trace([])),
                 self.write("a_name_that_is_too_long", make_trace([]))]
        self.assertEqual(self.told(*paths).split("\n")[1:], [
            "one                            1       1        5 B       5 B   0.0 %   0.0 %        "
            "5 B  (cut)",
            "two                            0       0        0 B       0 B   0.0 %   0.0 %        "
            "0 B",
            "a_name_that_is_too             0       0        0 B       0 B   0.0 %   0.0 %        "
            "0 B", ""])


class Text(TraceTest):
    def test_lines_fit_into_96_columns(self):
        sizes = [1 << i for i in range(47)]
        records = [("note", 1, varint(9), b"/bin/demo")]
        for thread in range(40):
            records += [("thread", thread)] + [("malloc", size * 9 // 8) for size in sizes]
            records += [("note", 0, varint(5), varint(1 << 33))]
            records += [("thread", (thread * 7 + 1) % 40)]
            records += [("free", i) for i in range(len(sizes) - 1)]
        text = self.told(self.write("wide.tr", make_trace(records, 40, 3)))
        self.assertLessEqual(max(map(len, text.split("\n"))), 96)
        self.assertEqual([line for line in text.split("\n") if line.endswith(" ")], [])
        self.assertIn(": /bin/demo (recording cut at its limit)\n", text)
        self.assertIn("and 30 other pairs\n", text)
        self.assertIn("and 28 other threads\n", text)

    def test_an_empty_trace_is_told(self):
        text = self.told(self.write("empty.tr", make_trace([])))
        self.assertIn("  operations                       0\n", text)
        self.assertIn("  peak live                      0 B  in 0 objects\n", text)
        self.assertNotIn("Lifetimes", text)
        self.assertNotIn("nan", text)

    def test_a_name_can_not_write_on_the_terminal(self):
        name = b"/bin/\x1b[m\x7f\x9b\xc2\x9b\xc3\xa9"
        data = make_trace([("note", 1, varint(len(name)), name)], 1, 2)
        path = self.write("evil.tr", data)
        self.assertIn("evil.tr: /bin/?[m???\xe9\n", self.told(path))
        self.assertIn(" ?[m???\xe9\n", self.told(path, path))

    def test_reading_from_a_pipe(self):
        with open(golden("small.tr.xz"), "rb") as file:
            done = subprocess.run([COMMAND, "trace", "/dev/stdin"], stdin=file,
                                  env=self.environment(), capture_output=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"/bin/demo", done.stdout)

    def test_progress_is_shown_to_a_terminal_only(self):
        records = [("malloc", 8), ("free", 0)] * (1 << 20)
        path = self.write("long.tr", make_trace(records))
        self.told(path)
        terminal, end = pty.openpty()
        with subprocess.Popen([COMMAND, "trace", path], stdout=subprocess.DEVNULL, stderr=end,
                              env=self.environment()) as process:
            os.close(end)
            seen = b""
            try:
                while part := os.read(terminal, 4096):
                    seen += part
            except OSError:  # the other end is closed
                pass
        os.close(terminal)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(seen, b"\rstrata: long: 50 % read \rstrata: long: 100 % read \r\x1b[K")


class Json(TraceTest):
    def test_many_files_are_one_document(self):
        traces = self.told_json(golden("small.tr"), golden("small.tr.xz"))
        self.assertEqual([trace["file"] for trace in traces],
                         [golden("small.tr"), golden("small.tr.xz")])
        del traces[0]["file"], traces[1]["file"]
        self.assertEqual(traces[0], traces[1])

    def test_what_a_trace_does_not_tell(self):
        (trace,) = self.told_json(self.write("plain.tr", make_trace([("malloc", 5)], 1, 1)))
        self.assertIsNone(trace["program"])
        self.assertTrue(trace["cut"])
        self.assertFalse(trace["has_times"])
        self.assertNotIn("time", trace["peak"])
        self.assertNotIn("time", trace["lifetimes"])
        self.assertEqual(trace["left"], {"bytes": 5, "objects": 1})

    def test_an_empty_trace(self):
        (trace,) = self.told_json(self.write("empty.tr", make_trace([])))
        self.assertEqual(trace["operations"]["all"], 0)
        self.assertEqual(trace["live"], [])

    def test_a_name_of_any_bytes(self):
        name = b"/bin/\xff\"\\\n"
        records = [("note", 1, varint(len(name)), name)]
        (trace,) = self.told_json(self.write("odd.tr", make_trace(records, 1, 2)))
        self.assertEqual(trace["program"], "/bin/\ufffd\"\\\n")


class Refusals(TraceTest):
    def test_command_line(self):
        self.expect_refusal(2, "trace: a file is missing; `strata help trace` shows how.", "trace")
        self.expect_refusal(2, "trace: there is no option '--walk'; `strata help trace` lists them.",
                            "trace", "--walk")
        self.expect_refusal(2, "trace: --plot needs a value, DIR.", "trace", "--plot")

    def expect_bad(self, name, data, sentence, *options):
        path = self.write(name, data)
        self.expect_refusal(2, "trace: '%s' %s" % (path, sentence), "trace", *options, path)

    def test_files_that_are_no_sound_trace(self):
        good = make_trace([("malloc", 1000), ("free", 0)])
        for options in ((), ("--json",)):
            self.expect_bad("empty", b"", "is empty.", *options)
            self.expect_bad("text", b"hello, world\n", "is no trace: it does not begin with "
                            "MTRACE1.", *options)
            self.expect_bad("new", b"MTRACE2" + good[7:],
                            "is a trace of the format MTRACE2; this strata reads MTRACE1 only.",
                            *options)
            self.expect_bad("short", good[:-1], "is cut short: it has 2 bytes of records, and its "
                            "header counts 3.", *options)
            self.expect_bad("twice", make_trace([("malloc", 1), ("free", 0), ("free", 0)]),
                            "is damaged: record 3 (at byte 50) frees object 0, which was freed "
                            "before.", *options)
        with open(golden("small.tr.xz"), "rb") as file:
            data = file.read()
        self.expect_bad("cut.xz", data[:100], "is cut short: its xz data ends too early, after "
                        "100 bytes.")

    def test_files_that_can_not_be_read(self):
        self.expect_refusal(2, "trace: '%s' is a directory." % self.place, "trace", self.place)
        path = os.path.join(self.place, "none")
        self.expect_refusal(2, "trace: '%s' can't be read: No such file or directory." % path,
                            "trace", path)

    def test_an_unreadable_file(self):
        path = self.write("secret", make_trace([]))
        os.chmod(path, 0)
        os.chmod(self.place, 0o755)
        if os.geteuid() != 0:
            self.expect_refusal(2, "trace: '%s' can't be read: Permission denied." % path, "trace",
                                path)
            return
        # Root may read anything; nobody may not.
        done = subprocess.run([COMMAND, "trace", path], env=self.environment(), user=65534,
                              group=65534, extra_groups=[], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stderr, "strata: trace: '%s' can't be read: Permission denied.\n"
                         % path)
        self.assertEqual(done.returncode, 2)

    def test_the_good_ones_are_told_all_the_same(self):
        bad = os.path.join(self.place, "bad")
        sentence = "strata: trace: '%s' can't be read: No such file or directory.\n" % bad
        for paths in ((bad, golden("small.tr")), (golden("small.tr"), bad)):
            done = self.strata("trace", *paths)
            self.assertEqual((done.returncode, done.stderr), (2, sentence))
            self.assertEqual(done.stdout.count("\n"), 2)
            done = self.strata("trace", "--json", *paths)
            self.assertEqual((done.returncode, done.stderr), (2, sentence))
            self.assertEqual(len(json.loads(done.stdout)["traces"]), 1)

    def test_full_standard_output_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([COMMAND, "trace", golden("small.tr")], stdout=full, text=True,
                                  stderr=subprocess.PIPE, check=False, env=self.environment())
        self.assertEqual(done.stderr, "strata: standard output can't be written: No space left on "
                         "device.\n")
        self.assertEqual(done.returncode, 125)


class Pictures(TraceTest):
    def setUp(self):
        super().setUp()
        self.pictures = os.path.join(self.place, "pictures")

    def test_three_for_each_trace(self):
        self.told("--plot", self.pictures, golden("small.tr"), golden("small.tr.xz"))
        self.assertEqual(sorted(os.listdir(self.pictures)),
                         ["small%s-%s.svg" % (number, what) for number in ("-2", "")
                          for what in ("lifetimes", "live", "sizes")])
        for name in os.listdir(self.pictures):
            tree = xml.etree.ElementTree.parse(os.path.join(self.pictures, name))
            self.assertTrue(tree.getroot().tag.endswith("svg"))
            self.assertTrue(any("demo: " in (text or "") for text in tree.getroot().itertext()))

    def test_a_long_name_is_cut(self):
        paths = [self.write("n" * 200 + end, make_trace([])) for end in (".tr", ".tr.x")]
        self.told("--plot", self.pictures, *paths)
        self.assertEqual(sorted(os.listdir(self.pictures))[3:],
                         ["n" * 60 + "-%s.svg" % what for what in ("lifetimes", "live", "sizes")])
        self.assertIn("n" * 60 + "-2-live.svg", os.listdir(self.pictures))

    def test_the_text_is_the_same(self):
        self.assertEqual(self.told("--plot", self.pictures, golden("small.tr")),
                         self.told(golden("small.tr")))

    def test_traces_of_nothing_and_of_much_are_drawn(self):
        much = [("malloc", 1 << i) for i in range(47)] * 30 + [("free", i) for i in range(1000)]
        for name, records in (("nothing", []), ("one", [("malloc", 0)]), ("much", much)):
            self.told("--plot", self.pictures, self.write(name, make_trace(records)))
        self.assertEqual(len(os.listdir(self.pictures)), 9)

    def test_a_name_is_no_command(self):
        for name in (b"`touch mark`", b"'; system 'touch mark'; a='", b"a\nsystem 'touch mark'\n",
                     b"'.system('touch mark').'", b"\"; system 'touch mark'; a=\"",
                     b"''''; system 'touch mark'", b"x\\", b"\xff\xfe<&>\x7f]]>", b"a @b $c % d"):
            data = make_trace([("note", 1, varint(len(name)), name)], 1, 2)
            path = self.write("evil.tr", data)
            done = subprocess.run([COMMAND, "trace", "--plot", self.pictures, path],
                                  cwd=self.place, env=self.environment(), capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn("mark", os.listdir(self.place))
            xml.etree.ElementTree.parse(os.path.join(self.pictures, "evil-sizes.svg"))

    def test_settings_of_the_user_do_not_matter(self):
        self.write(".gnuplot", b"exit status 7\n")
        self.told("--plot", self.pictures, golden("small.tr"), HOME=self.place)

    def expect_undrawn(self, sentence, **changes):
        done = self.strata("trace", "--plot", self.pictures, golden("small.tr"),
                           golden("small.tr.xz"), **changes)
        self.assertEqual(done.stderr, "strata: trace: " + sentence + "\n")
        self.assertEqual(done.returncode, 125)
        self.assertEqual(done.stdout, self.told(golden("small.tr"), golden("small.tr.xz")))

    def write_gnuplot(self, script):
        path = self.write("gnuplot", ("#!/bin/sh\n" + script).encode())
        os.chmod(path, stat.S_IRWXU)
        return self.place + ":" + os.environ["PATH"]

    def test_gnuplot_is_missing(self):
        self.expect_undrawn("pictures need gnuplot, which is not installed (Debian: gnuplot-nox).",
                            PATH=self.place)
        self.assertEqual(os.listdir(self.pictures), [])

    def test_gnuplot_fails(self):
        target = os.path.join(self.pictures, "small-sizes.svg")
        said = "'%s' can't be drawn, gnuplot failed: " % target
        self.expect_undrawn(said + "line 7: no such thing.",
                            PATH=self.write_gnuplot("echo 'line 7: no such thing' >&2; exit 1\n"))
        # Without reading what it is sent, and having drawn something.
        self.expect_undrawn(said + "it does not say why.",
                            PATH=self.write_gnuplot("echo '<svg/>'; kill -9 $$\n"))
        self.expect_undrawn(said + "it does not say why.", PATH=self.write_gnuplot("exit 0\n"))
        self.assertEqual(os.listdir(self.pictures), [])

    def test_the_directory_can_not_be_made(self):
        for place, reason in ((os.path.join(self.place, "a", "b"), "No such file or directory"),
                              (golden("small.tr"), "Not a directory")):
            self.expect_refusal(2, "trace: the directory '%s' can't be made: %s."
                                % (place, reason), "trace", "--plot", place, golden("small.tr"))

    def test_a_picture_can_not_be_written(self):
        target = os.path.join(self.pictures, "small-sizes.svg")
        os.makedirs(target)
        self.expect_undrawn("'%s' can't be written: Is a directory." % target)
        shutil.rmtree(self.pictures)


if __name__ == "__main__":
    unittest.main()
