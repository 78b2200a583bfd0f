# SPDX-License-Identifier: MIT-0
#
# What is recorded of each call, by which thread, and when.

import os
import unittest

from record_harness import CUT, NOTES, PROGRAM, REFUSE, RecordTest

# What program_calls.c does.
GOLDEN = """\
malloc 0: 1001
calloc 1: 1010
malloc 2: 1002
realloc 0: 500000 was 1001
realloc 0: 100 was 500000
realloc 1: 2000 was 1010
free 2: 1002
free 0: 100
free 1: 2000
aligned 3: 1003 at 64
aligned 4: 1024 at 128
aligned 5: 1005 at 4096
aligned 6: 4096 at 4096
aligned 7: 1004 at 4096
free 3: 1003
free 4: 1024
free 5: 1005
free 6: 4096
realloc 7: 1007 was 1004
free 7: 1007
malloc 8: 1008
realloc 8: 1009 was 1008
free 8: 1009
malloc 9: 0
free 9: 0
malloc 10: 314572800
realloc 10: 419430400 was 314572800
free 10: 419430400
malloc 11: 1010
free 11: 1010
malloc 12: 1011
free 12: 1011
malloc 13: 1012
free 13: 1012
aligned 14: 1088 at 64
free 14: 1088
""".split("\n")[:-1]


class Calls(RecordTest):
    def test_each_is_recorded_as_it_should(self):
        trace = self.record_quietly(PROGRAM["calls"])
        self.assertEqual(trace.between(1001, 1999), GOLDEN)
        self.assertEqual((trace.thread_count, trace.flags, trace.program), (1, 0, ""))

    def test_what_happens_before_and_after_main(self):
        for bind_now in (None, "1"):
            trace = self.record_quietly(PROGRAM["early"], os.environ["RECORD_EARLY_PLUGIN"],
                                        LD_BIND_NOW=bind_now)
            # Not 3001, which is before the C library has begun. What the resolver got from the
            # arena is new when it is resized.
            self.assertEqual(trace.sizes(3000, 3999), [
                "malloc 3002", "malloc 3010", "malloc 3003", "malloc 3004", "free 3004",
                "malloc 3005", "malloc 3008", "free 3008", "malloc 3006", "malloc 3007"])


class Threads(RecordTest):
    def test_many_at_once(self):
        count, rounds = 4, 20000
        done = self.record(PROGRAM["threads"], "busy", str(count), str(rounds))
        trace = self.read()
        allocs, frees = map(int, done.stdout.split())
        self.assertEqual((allocs, frees), (count * rounds, count * rounds))
        ours = [op for op in trace.ops if op.kind in ("malloc", "calloc") and op.size >= 10000]
        self.assertEqual(len(ours), allocs)
        self.assertEqual(sum(op.kind == "calloc" for op in ours), allocs // 16)
        self.assertEqual(sum(op.kind == "realloc" for op in trace.ops), allocs // 8)
        self.assertEqual(sum(op.kind == "free" and op.size >= 10000 for op in trace.ops), frees)
        # Each thread has its own sizes.
        self.assertEqual({(op.thread, op.size // 1000) for op in ours}.__len__(), count)
        self.assertEqual(trace.thread_count, count + 1)
        others = [op for op in trace.ops if op.kind == "free" and op.size >= 10000]
        homes = {op.size // 1000: op.thread for op in ours}
        self.assertTrue(any(homes[op.size // 1000] != op.thread for op in others))

    def test_numbers_are_in_the_order_of_appearance(self):
        trace = self.record_quietly(PROGRAM["threads"], "in_turn", "5")
        ours = [(op.thread, op.kind, op.size) for op in trace.ops if op.size % 1000 == 0
                and 1000 <= op.size <= 5000 and op.thread > 0]
        self.assertEqual(ours, [(i, kind, 1000 * i) for i in range(1, 6)
                                for kind in ("malloc", "free")])
        self.assertEqual(trace.thread_count, 6)

    def test_more_than_a_trace_may_have_share_the_last_number(self):
        trace = self.record_quietly(PROGRAM["threads"], "in_turn", "65540")
        self.assertEqual(trace.thread_count, 65536)
        last = [op.thread for op in trace.ops if op.size >= 1000 * 65534 and op.kind == "malloc"]
        self.assertEqual(last, [65534, 65535, 65535, 65535, 65535, 65535, 65535])

    def record_over(self, allocator, *arguments):
        """Records program_threads with another allocator behind the recorder. Not behind the
        command's, whose sanitizer may have one of its own."""
        preload = "LD_PRELOAD=%s:%s" % (os.environ["STRATA_RECORDER"],
                                        os.environ["RECORD_" + allocator])
        return self.record_quietly("env", preload, PROGRAM["threads"], *arguments)

    def test_a_block_that_others_get_before_the_call_returns(self):
        trace = self.record_over("HANDOVER_ALLOCATOR", "handover")
        ours = [op for op in trace.ops if op.size in (5001, 5003)]
        first, second, third = [op.id for op in ours if op.kind == "malloc"]
        self.assertEqual([(op.thread, op.kind, op.id, op.size) for op in ours],
                         [(0, "malloc", first, 5001), (0, "free", first, 5001),
                          (1, "malloc", second, 5001), (0, "malloc", third, 5001),
                          (1, "realloc", second, 5003)])

    def test_a_thread_that_forks_is_the_childs_first(self):
        trace = self.record_quietly(PROGRAM["threads"], "fork")
        self.assertEqual([op.thread for op in trace.ops if op.size in (6000, 6001)], [0, 0, 1, 1])
        child = self.only_child()
        self.assertEqual([(op.thread, op.size) for op in child.ops], [(0, 6002), (0, 6002)])
        self.assertEqual(child.thread_count, 1)

    def test_a_thread_is_not_canceled_in_the_recorder(self):
        # Where space is secured with calls that the C library makes a cancellation point.
        trace = self.record_quietly(REFUSE, "populate", "22", "--", PROGRAM["threads"], "cancel",
                                    "100000")
        ours = ["malloc 7000", "free 7000"] * 100000 + ["malloc 7001", "free 7001"]
        self.assertEqual(trace.sizes(7000, 7001), ours)

    def test_signal_handlers_that_allocate(self):
        rounds = 300000
        trace = self.record_over("SAFE_ALLOCATOR", "signals", str(rounds))
        mallocs = sum(op.kind == "malloc" and 50 <= op.size < 100 for op in trace.ops)
        self.assertEqual(mallocs, rounds)


class Limit(RecordTest):
    def test_recording_stops_and_the_program_goes_on(self):
        for options, count in ((["--limit", "500"], 500), (["--limit=1k"], 1000)):
            done = self.record(PROGRAM["disk"], "nothing", "200000", options=options)
            self.assertEqual((done.stdout, done.stderr), ("went on\n", ""))
            trace = self.read()
            self.assertEqual((trace.op_count, trace.flags), (count, CUT))

    def test_one_that_is_not_reached_cuts_nothing(self):
        whole = self.record_quietly(PROGRAM["calls"])
        for more, flags in ((0, 0), (-1, CUT), (1, 0)):
            trace = self.record_quietly(PROGRAM["calls"],
                                        options=["--limit", str(whole.op_count + more)])
            self.assertEqual((trace.op_count, trace.flags),
                             (whole.op_count + min(more, 0), flags))

    def test_each_process_has_its_own(self):
        trace = self.record_quietly(PROGRAM["life"], "fork", options=["--limit", "1"])
        self.assertEqual((trace.sizes(), trace.flags), (["malloc 2001"], CUT))
        child = self.only_child()
        self.assertEqual((child.sizes(), child.flags), (["malloc 2002"], 0))


class Times(RecordTest):
    def test_notes_tell_the_time_and_the_program(self):
        trace = self.record_quietly(PROGRAM["times"], options=["--times"])
        self.assertEqual((trace.flags, trace.program), (NOTES, os.path.realpath(PROGRAM["times"])))
        when = {op.size: op.time for op in trace.ops if op.kind == "malloc"}
        self.assertGreaterEqual(when[4003] - when[4002], 30 * 10**6 - 10**6)
        self.assertGreaterEqual(when[4002], when[4001])
        times = [op.time for op in trace.ops]
        self.assertEqual(times, sorted(times))
        steps = {right - left for left, right in zip(times, times[1:])} - {0}
        self.assertGreaterEqual(min(steps), 10**6, "at most once a millisecond")

    def test_children_begin_anew(self):
        self.record_quietly(PROGRAM["life"], "fork", options=["--times"])
        self.assertEqual(self.only_child().program, os.path.realpath(PROGRAM["life"]))


if __name__ == "__main__":
    unittest.main()
