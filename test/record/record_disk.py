# SPDX-License-Identifier: MIT-0
#
# The place for recordings, and what becomes of a program when there is none, or no longer:
# it goes on. System calls are made to fail by refuse.c and program_disk.c, in processes that
# have the recorder as it is shipped.

import os
import re
import subprocess
import unittest

from record_harness import CUT, PROGRAM, REFUSE, RecordTest

DISK = PROGRAM["disk"]
EINVAL, ENOSPC, EOPNOTSUPP = "22", "28", "95"
MANY = 150000


class DiskTest(RecordTest):
    def files(self):
        """But for the shell's that starts the program."""
        return [name for name in super().files() if ".sh." not in name]


class Room(DiskTest):
    """Where there is room, everything is recorded."""

    def check_all(self, *program):
        done = self.record(*program)
        self.assertEqual((done.stdout, done.stderr), ("went on\n", ""))
        trace = self.read()
        ours = trace.sizes(20000, 20099)
        self.assertEqual(len(ours), 2 * (MANY + 1000))
        self.assertEqual(trace.flags, 0)
        self.assertEqual(self.files(), ["x.tr.zst"])

    def test_plainly(self):
        self.check_all(DISK, "nothing", str(MANY))

    def test_without_any_descriptor(self):
        self.check_all(DISK, "limit_files", str(MANY))

    def test_in_another_root_as_another_user(self):
        self.check_all(DISK, "confine", str(MANY), self.temporary)

    def test_where_the_address_space_is_limited(self):
        self.check_all("/bin/sh", "-c", "ulimit -v 400000; exec %s nothing %d" % (DISK, MANY))

    def test_where_the_kernel_secures_no_space_in_mappings(self):
        self.check_all(REFUSE, "populate", EINVAL, "--", DISK, "nothing", str(MANY))

    def test_where_the_file_system_secures_none_either(self):
        self.check_all(REFUSE, "populate", EINVAL, "fallocate", EOPNOTSUPP, "--", DISK, "nothing",
                       str(MANY))


class NoRoom(DiskTest):
    def check_cut(self, done, why, least):
        self.assertEqual(done.stdout, "went on\n")
        found = re.fullmatch(
            r"strata: record: '(.*)' can't be continued: %s; process \d+ \((.*)\) is recorded no "
            r"further, and goes on\.\n" % re.escape(why), done.stderr)
        self.assertIsNotNone(found, done.stderr)
        self.assertIn("x.tr.zst.recording/", found.group(1))
        self.assertEqual(found.group(2), os.path.basename(DISK)[:15])
        trace = self.read()
        self.assertEqual(trace.flags, CUT)
        self.assertGreaterEqual(len(trace.sizes(20000, 20099)), least)
        self.assertLess(trace.op_count, 2 * MANY)
        self.assertEqual(self.files(), ["x.tr.zst"])

    def test_a_disk_that_gets_full(self):
        self.check_cut(self.record(DISK, "fill_disk", str(MANY)),
                       "no space is left on the device", 2000)

    def test_a_full_disk_indeed(self):
        place = os.path.join(self.place, "small")
        os.mkdir(place)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", place],
                                 stderr=subprocess.DEVNULL, check=False).returncode == 0
        if not mounted:
            # Not ours to do; a limit of the process has to stand in for it.
            os.rmdir(place)
            done = self.record("/bin/sh", "-c", "ulimit -f 200; exec %s nothing %d" % (DISK, MANY))
            self.check_cut(done, "the process may not write so large a file", 2000)
            return
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        self.place, outside = place, self.place
        self.output = os.path.join(place, "x.tr.zst")
        done = self.record(DISK, "nothing", str(MANY))
        self.check_cut(done, "no space is left on the device", 2000)
        self.place = outside


    def test_a_limited_file_size(self):
        done = self.record("/bin/sh", "-c", "ulimit -f 200; exec %s nothing %d" % (DISK, MANY))
        self.check_cut(done, "the process may not write so large a file", 2000)

    def test_no_room_to_begin(self):
        done = self.record(REFUSE, "populate", EINVAL, "fallocate", ENOSPC, "--", DISK, "nothing",
                           "10")
        self.assertEqual(done.stdout, "went on\n")
        self.assertRegex(done.stderr, r"^strata: record: '.*x\.tr\.zst\.recording' can't take the "
                         r"recording: no space is left on the device; process \d+ \(.*\) is not "
                         r"recorded\.\n")

    def test_what_was_opened_as_standard_error_is_not_written_to(self):
        place = os.path.join(self.temporary, "taken")
        # On the same file system as what it was before.
        with open(os.path.join(self.place, "errors"), "wb") as errors:
            done = subprocess.run(
                [os.environ["STRATA_COMMAND"], "record", "-q", "-o", self.output, DISK,
                 "fill_disk_silently", str(MANY), place], env=self.environment(),
                stdout=subprocess.PIPE, stderr=errors, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"went on\n"))
        self.assertEqual((os.path.getsize(place), os.path.getsize(errors.name)), (0, 0))
        os.remove(place)
        self.assertEqual(self.read().flags, CUT)

    def test_a_reader_of_standard_error_that_is_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [os.environ["STRATA_COMMAND"], "record", "-q", "-o", self.output, DISK, "fill_disk",
             str(MANY)], env=self.environment(), stdout=subprocess.PIPE, stderr=writer,
            text=True, check=False)
        os.close(writer)
        self.assertEqual((done.returncode, done.stdout), (0, "went on\n"))
        self.assertEqual(self.read().flags, CUT)


class NoPlace(RecordTest):
    def check_refused(self, output, why, status=2):
        witness = os.path.join(self.temporary, "witness")
        done = self.strata("record", "-o", output, "--", "touch", witness)
        self.assertEqual(done.stderr,
                         "strata: record: '%s' can't be written: %s.\n" % (output, why))
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertFalse(os.path.exists(witness), "the program was not started")

    def test_there_is_none(self):
        self.check_refused(os.path.join(self.place, "nonesuch", "x.tr"),
                           "No such file or directory")
        self.check_refused("", "it has no name")
        with open(self.output, "w", encoding="ascii"):
            pass
        self.check_refused(os.path.join(self.output, "x.tr"), "Not a directory")
        self.check_refused(os.path.join(self.place, 250 * "x"), "File name too long")

    def test_what_is_there_is_no_file(self):
        self.check_refused(self.place, "it is there, and is no file")
        self.check_refused("/dev/null", "it is there, and is no file")
        link = os.path.join(self.place, "link")
        os.symlink("nonesuch", link)
        self.check_refused(link, "it is a link that leads nowhere")

    def test_nobody_may_write_there(self):
        # /proc lets nobody make files, root neither.
        self.check_refused("/proc/x.tr", "No such file or directory")
        if os.geteuid() != 0:
            os.chmod(self.place, 0o500)
            self.check_refused(self.output, "Permission denied")
            os.chmod(self.place, 0o700)


if __name__ == "__main__":
    unittest.main()
