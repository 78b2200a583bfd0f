# SPDX-License-Identifier: MIT-0
#
# `strata run` as a launcher: which library and program it takes, what the program finds in its
# environment, and that exit statuses and signals pass through.

import os
import pty
import shutil
import signal
import subprocess
import sys
import unittest

from command_harness import COMMAND, FAKE, STATIC_PROGRAM, CommandTest

COUNT_SIGNALS = """
import signal, sys
count = 0
def handler(number, frame):
    global count
    count += 1
    print("got", number, count, flush=True)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, handler)
print("ready", flush=True)
sys.stdin.readline()
sys.exit(40 + count)
"""


class ExitStatus(CommandTest):
    def test_that_of_the_program(self):
        for status in (0, 1, 2, 77, 125, 255):
            done = self.run_fake("--", "sh", "-c", "exit %d" % status)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (status, "", ""))

    def test_that_of_a_program_with_a_report(self):
        self.assertEqual(self.run_fake("--stats", "sh", "-c", "exit 77").returncode, 77)

    def test_128_and_the_signal(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            done = self.run_fake("sh", "-c", "ulimit -c 0; kill -%d $$" % number)
            self.assertEqual((done.returncode, done.stderr), (128 + number, ""))

    def test_arguments_arrive_as_they_are(self):
        odd = ["", "a b", "--", "--stats", "-x", "\udcff\n'\"$"]
        done = self.run_fake("--", sys.executable, "-c", "import sys; print(sys.argv[1:])", *odd)
        self.assertEqual(done.stdout, "%r\n" % odd)
        done = self.run_fake("printf", "%s.", "--stats")
        self.assertEqual(done.stdout, "--stats.")

    def test_standard_input_is_the_programs(self):
        done = subprocess.run([COMMAND, "run", "--library", FAKE, "--stats", "cat"],
                              input="abc", capture_output=True, text=True, check=False,
                              env=self.environment())
        self.assertEqual(done.stdout, "abc")


class Program(CommandTest):
    def file(self, name, text, mode):
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_one_that_is_not_there(self):
        for arguments in (("nonesuch-program",), ("--stats", "--", "nonesuch-program")):
            self.expect_refusal(127, "run: there is no program 'nonesuch-program'.",
                                "run", "--library", FAKE, *arguments)
        self.expect_refusal(127, "run: there is no program '/nonesuch/program'.",
                            "run", "--library", FAKE, "/nonesuch/program")
        self.expect_refusal(127, "run: there is no program ''.", "run", "--library", FAKE, "")

    def test_one_that_cant_be_executed(self):
        path = self.file("plain", "text\n", 0o644)
        for program in (path, self.place):
            self.expect_refusal(126, "run: '%s' can't be executed: it is no program, or not ours "
                                "to run." % program, "run", "--library", FAKE, program)

    def test_one_in_no_known_format(self):
        path = self.file("plain", "text\n", 0o755)
        self.expect_refusal(126, "run: '%s' is in no format that can be executed here." % path,
                            "run", "--library", FAKE, "--stats", path)

    def test_a_script_whose_interpreter_is_missing(self):
        path = self.file("script", "#!/nonesuch/interpreter\n", 0o755)
        self.expect_refusal(127, "run: what '%s' needs to start (the interpreter in its first "
                            "line or its dynamic linker) is missing." % path,
                            "run", "--library", FAKE, path)

    def test_path_is_searched_as_the_shell_does(self):
        first, second = os.path.join(self.place, "1"), os.path.join(self.place, "2")
        os.mkdir(first)
        os.mkdir(second)
        self.file("1/tool", "no program\n", 0o644)
        self.file("2/tool", "#!/bin/sh\necho second\n", 0o755)
        path = "%s:%s:%s" % (first, second, os.environ["PATH"])
        self.assertEqual(self.run_fake("tool", PATH=path).stdout, "second\n")
        self.expect_refusal(126, "run: 'tool' can't be executed: it is no program, or not ours "
                            "to run.", "run", "--library", FAKE, "tool", PATH=first)


class Library(CommandTest):
    def preloaded(self, *arguments, command=COMMAND, **changes):
        done = subprocess.run([command, "run", *arguments, "--", "printenv", "LD_PRELOAD"],
                              env=self.environment(**changes), capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.rstrip("\n")

    def install(self, command, *libraries):
        """A private tree with the command and copies of the library."""
        for name in (command, *libraries):
            os.makedirs(os.path.dirname(os.path.join(self.place, name)), exist_ok=True)
        shutil.copy(COMMAND, os.path.join(self.place, command))
        for name in libraries:
            shutil.copy(FAKE, os.path.join(self.place, name))
        return os.path.join(self.place, command)

    def test_it_is_found_from_where_the_command_lies(self):
        for name in ("bin/libstrata.so", "bin/libstrata.so.0", "lib/libstrata.so",
                     "lib/some-triplet/libstrata.so.1.2.3", "lib64/libstrata.so"):
            command = self.install("bin/strata", name)
            self.assertEqual(self.preloaded(command=command), os.path.join(self.place, name))
            os.remove(os.path.join(self.place, name))

    def test_beside_the_command_comes_first(self):
        command = self.install("a[b]*/strata", "lib/libstrata.so", "a[b]*/libstrata.so")
        self.assertEqual(self.preloaded(command=command),
                         os.path.join(self.place, "a[b]*/libstrata.so"))

    def test_one_for_another_processor_is_passed_over(self):
        command = self.install("bin/strata", "bin/libstrata.so", "lib/libstrata.so")
        with open(os.path.join(self.place, "bin/libstrata.so"), "r+b") as file:
            file.seek(18)
            file.write(b"\x7f\x7f")
        self.assertEqual(self.preloaded(command=command),
                         os.path.join(self.place, "lib/libstrata.so"))

    def test_none_to_be_found(self):
        command = self.install("bin/strata")
        done = subprocess.run([command, "run", "true"], env=self.environment(),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "strata: run: libstrata.so is neither beside the command "
                         "nor in ../lib from there; --library says where it is.\n")
        self.assertEqual(done.returncode, 125)

    def test_library_is_made_absolute(self):
        relative = os.path.relpath(FAKE)
        self.assertEqual(self.preloaded("--library", relative), os.path.realpath(FAKE))

    def test_what_was_preloaded_before_stays_behind(self):
        other = os.path.join(self.place, "other.so")
        shutil.copy(FAKE, other)
        self.assertEqual(self.preloaded("--library", FAKE, LD_PRELOAD=other),
                         "%s:%s" % (os.path.realpath(FAKE), other))
        self.assertEqual(self.preloaded("--library", FAKE, LD_PRELOAD=""),
                         os.path.realpath(FAKE))

    def test_what_is_no_library_is_refused(self):
        plain = os.path.join(self.place, "plain")
        with open(plain, "w", encoding="ascii") as file:
            file.write("text\n")
        self.expect_refusal(2, "run: the library '/nonesuch.so' can't be used: No such file or "
                            "directory.", "run", "--library", "/nonesuch.so", "true")
        self.expect_refusal(2, "run: '%s' is no shared library." % plain,
                            "run", "--library", plain, "true")

    def test_a_path_that_cant_be_preloaded_is_refused(self):
        for name in ("a b.so", "a:b.so"):
            path = os.path.join(self.place, name)
            shutil.copy(FAKE, path)
            self.expect_refusal(2, "run: '%s' can't be preloaded, for it has a space or a colon "
                                "in its path." % path, "run", "--library", path, "true")


class Obstacles(CommandTest):
    def test_static_program_is_told_and_run(self):
        done = self.run_fake(STATIC_PROGRAM)
        self.assertEqual(done.stderr, "strata: run: %s is statically linked; strata can't be "
                         "preloaded into it.\n" % STATIC_PROGRAM)
        self.assertEqual(done.returncode, 5)

    def test_script_with_a_static_interpreter(self):
        path = os.path.join(self.place, "script")
        with open(path, "w", encoding="ascii") as file:
            file.write("#! %s -x\n" % STATIC_PROGRAM)
        os.chmod(path, 0o755)
        done = self.run_fake(path)
        self.assertEqual(done.stderr, "strata: run: %s is statically linked; strata can't be "
                         "preloaded into it.\n" % STATIC_PROGRAM)

    def test_set_user_id_program(self):
        path = "/bin/su"
        if os.geteuid() == 0:
            path = os.path.join(self.place, "gains")
            os.chmod(self.place, 0o755)
            shutil.copy(STATIC_PROGRAM, path)
            os.chown(path, 65534, 65534)
            os.chmod(path, 0o4755)
        done = self.run_fake(path, "--version")
        self.assertEqual(done.stderr, "strata: run: %s runs with more rights than its caller "
                         "(set-user-ID, set-group-ID or capabilities); strata can't be preloaded "
                         "into it.\n" % path)

    def test_library_for_another_processor(self):
        path = os.path.join(self.place, "other.so")
        with open(FAKE, "rb") as file:
            image = bytearray(file.read())
        image[18:20] = b"\x7f\x7f"
        with open(path, "wb") as file:
            file.write(image)
        true = os.path.realpath(shutil.which("true"))
        done = self.strata("run", "--library", path, true)
        self.assertIn("strata: run: %s is made for another kind of processor than %s; strata "
                      "can't be preloaded into it.\n" % (true, path), done.stderr)


class Signals(CommandTest):
    def start(self, *arguments, **more):
        program = [COMMAND, "run", "--library", FAKE, *arguments, sys.executable, "-c",
                   COUNT_SIGNALS]
        process = subprocess.Popen(program, env=self.environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, **more)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_those_sent_to_the_command_reach_the_program(self):
        process = self.start()
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
        for count, number in enumerate(numbers):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), "got %d %d\n" % (number, count + 1))
        process.stdin.close()
        self.assertEqual(process.wait(), 44)

    def test_one_that_kills_the_program_still_gives_the_report(self):
        output = os.path.join(self.place, "report")
        process = subprocess.Popen([COMMAND, "run", "--library", FAKE, "--output", output, "sh",
                                    "-c", "echo ready; exec sleep 1000"], text=True,
                                   env=self.environment(), stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 128 + signal.SIGTERM)
        with open(output, encoding="utf-8") as file:
            self.assertIn("signal 15 (Terminated) ended it", file.read())
        self.assertEqual(os.listdir(self.temporary), [])

    def test_the_terminals_interrupt_arrives_once(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(COMMAND, [COMMAND, "run", "--library", FAKE, sys.executable, "-c",
                                COUNT_SIGNALS], self.environment())
        with os.fdopen(terminal, "r+b", buffering=0) as stream:
            self.read_until(stream, b"ready")
            stream.write(b"\x03")
            self.read_until(stream, b"got 2 1")
            stream.write(b"\n")
            status = os.waitpid(pid, 0)[1]
        self.assertEqual(os.WEXITSTATUS(status), 41, "one signal was counted")

    def test_what_the_terminal_sends_is_not_passed_on(self):
        # Ctrl-C goes to the process group in the foreground: to the command, for this program
        # has left it. The echo says that it was sent, SIGUSR1 that it was handled.
        program = "import os; os.setpgid(0, 0)\n" + COUNT_SIGNALS.replace(
            "sys.stdin.readline()", "import time\nwhile count == 0: time.sleep(0.01)")
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(COMMAND, [COMMAND, "run", "--library", FAKE, sys.executable, "-c",
                                program], self.environment())
        with os.fdopen(terminal, "r+b", buffering=0) as stream:
            self.read_until(stream, b"ready")
            stream.write(b"\x03")
            self.read_until(stream, b"^C")
            os.kill(pid, signal.SIGUSR1)
            self.assertNotIn(b"got 2 ", self.read_until(stream, b"got 10 "))
            os.waitpid(pid, 0)

    def read_until(self, stream, wanted):
        seen = b""
        while wanted not in seen:
            part = stream.read(1024)
            self.assertNotEqual(part, b"", seen)
            seen += part
        return seen

    def test_the_programs_own_signal_state_is_its_callers(self):
        def ignore():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

        probe = ["grep", "^Sig[BIC]", "/proc/self/status"]
        # Signals 32 and 33 are the C library's own: its posix_spawn ignores them, in the command
        # or in whatever started us (make, for one).
        def without_own(line):
            name, value = line.split(":\t")
            return "%s:\t%016x\n" % (name, int(value, 16) & ~0x180000000)

        outputs = []
        for front in ([], [COMMAND, "run", "--library", FAKE, "--stats"]):
            done = subprocess.run(front + probe, env=self.environment(), capture_output=True,
                                  text=True, check=True, preexec_fn=ignore)
            outputs.append("".join(map(without_own, done.stdout.splitlines())))
        self.assertEqual(outputs[0], outputs[1])
        self.assertIn("SigIgn:\t0000000000000001\n", outputs[0])

    def test_no_file_of_ours_is_open_in_the_program(self):
        output = os.path.join(self.place, "report")
        done = self.run_fake("--output", output, sys.executable, "-c",
                             "import os; print(sorted(os.listdir('/proc/self/fd')))")
        self.assertEqual(done.stdout, "['0', '1', '2', '3']\n")


if __name__ == "__main__":
    unittest.main()
