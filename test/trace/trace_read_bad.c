/* SPDX-License-Identifier: MIT-0
 *
 * Traces that are not sound: each fault has its sentence, which is the same when asked again, and
 * what came before it was read. The faults of files are in trace_unpack_files.c.
 */
#include "trace_bytes.h"

static trace_bytes bytes;

/* Opening what was put is refused with this sentence. */
static void expect_unopened(const char *sentence)
{
    trace_error error;
    assert_null(trace_bytes_open(&bytes, &error));
    assert_string_equal(error.text, sentence);
    assert_false(error.is_ours);
}

/* Reading it gives so many operations, then this sentence, again and again. */
static void expect_error(int op_count, const char *sentence)
{
    trace_error error;
    trace_op op;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_non_null(reader);
    for (int i = 0; i < op_count; i++) assert_int_equal(trace_next(reader, &op, &error), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(trace_next(reader, &op, &error), -1);
        assert_string_equal(error.text, sentence);
        assert_false(error.is_ours);
    }
    trace_close(reader);
}

/* ---- the header ---- */

static void expect_refused_bytes(const char *data, size_t size, const char *sentence)
{
    trace_error error;
    assert_null(trace_open_memory(data, size, &error));
    assert_string_equal(error.text, sentence);
}

static void what_is_no_trace_is_refused(void **state)
{
    (void)state;
    const char *const no_trace = "is no trace: it does not begin with MTRACE1";
    expect_refused_bytes("", 0, "is empty");
    expect_refused_bytes("MTR", 3, "is no trace: it has only 3 bytes");
    expect_refused_bytes("MTRACE1", 7, "is no trace: it has only 7 bytes");
    expect_refused_bytes("\x7f"
                         "ELF\2\1\1\0\0\0\0\0",
                         12, no_trace);
    expect_refused_bytes("mtrace1\0\0\0\0\0", 12, no_trace);
    expect_refused_bytes("MTRACE", 6, "is no trace: it has only 6 bytes");
    expect_refused_bytes("MTRACY", 6, no_trace);
    expect_refused_bytes("x\n", 2, "is no trace: it has only 2 bytes");
}

static void another_version_is_told(void **state)
{
    (void)state;
    expect_refused_bytes("MTRACE2\0\0\0\0\0", 12,
                         "is a trace of the format MTRACE2; this strata reads MTRACE1 only");
    expect_refused_bytes("MTRACE10\0\0\0\0", 12,
                         "is a trace of an unknown format; this strata reads MTRACE1 only");
    expect_refused_bytes("MTRACE\x1b\0\0\0\0\0", 12,
                         "is a trace of an unknown format; this strata reads MTRACE1 only");
}

static void a_header_that_is_cut_is_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_put_header(bytes.data, &bytes.header);
    for (size_t size = trace_magic_size; size < trace_header_size; size++) {
        char sentence[80];
        snprintf(sentence, sizeof sentence,
                 "is cut short: it ends in its header, after %zu bytes", size);
        expect_refused_bytes((const char *)bytes.data, size, sentence);
    }
}

static void counts_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    bytes.header.id_count = TRACE_ID_MAX + 1;
    expect_unopened("counts 4294967297 objects; no trace may have over 4294967296");
    trace_bytes_begin(&bytes);
    bytes.header.thread_count = TRACE_THREAD_MAX + 1;
    expect_unopened("counts 65537 threads; no trace may have over 65536");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    bytes.header.thread_count = 0;
    expect_unopened("is damaged: its header counts no thread");
}

static void unknown_flags_are_refused(void **state)
{
    (void)state;
    for (unsigned bit = 2; bit < 64; bit++) {
        char sentence[120];
        trace_bytes_begin(&bytes);
        bytes.header.flags = trace_flag_cut | trace_flag_notes | (uint64_t)1 << bit;
        snprintf(
            sentence, sizeof sentence,
            "has flags that this strata does not know (0x%llx): it was made by a newer one",
            1ull << bit);
        expect_unopened(sentence);
    }
}

/* ---- counts ---- */

static void put_four_ops(void)
{
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1000);     /* 2 bytes */
    trace_bytes_malloc(&bytes, 10);       /* 1 byte, at 50 */
    trace_bytes_free(&bytes, 1);          /* 1 byte, at 51 */
    trace_bytes_realloc(&bytes, 0, 1000); /* 3 bytes, at 52 */
}

static void counts_that_disagree_are_told(void **state)
{
    (void)state;
    put_four_ops();
    bytes.header.op_count = 5;
    expect_error(4, "is damaged: it has 4 operations, and its header counts 5");
    put_four_ops();
    bytes.header.op_count = 0;
    expect_error(4, "is damaged: it has 4 operations, and its header counts 0");
    put_four_ops();
    bytes.header.id_count = 3;
    expect_error(4, "is damaged: it has 2 objects, and its header counts 3");
    put_four_ops();
    bytes.header.id_count = 1;
    expect_error(1, "is damaged: record 2 (at byte 50) allocates one object more than the 1 of "
                    "the header's count");
}

static void too_many_and_too_few_bytes_are_told(void **state)
{
    (void)state;
    put_four_ops();
    bytes.header.byte_count = 8;
    expect_error(4, "is cut short: it has 7 bytes of records, and its header counts 8");
    put_four_ops();
    bytes.header.byte_count = UINT64_MAX;
    expect_error(4, "is cut short: it has 7 bytes of records, and its header counts "
                    "18446744073709551615");
    put_four_ops();
    bytes.header.byte_count = 4;
    expect_error(3,
                 "is damaged: it goes on behind the 4 bytes of records that its header counts");
    put_four_ops();
    bytes.header.byte_count = 6;
    expect_error(3,
                 "is damaged: record 4 (at byte 52) goes on behind the 6 bytes of the header's "
                 "count");
    put_four_ops();
    bytes.header.byte_count = 0;
    expect_error(0,
                 "is damaged: it goes on behind the 0 bytes of records that its header counts");
}

/* Cut anywhere, what is whole is read. */
static void a_trace_cut_inside_of_a_record_is_told(void **state)
{
    (void)state;
    put_four_ops();
    bytes.size = 6;
    expect_error(3, "is cut short: it ends in the middle of record 4 (at byte 52)");
    bytes.size = 1;
    expect_error(0, "is cut short: it ends in the middle of record 1 (at byte 48)");
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_program, "/bin/true", 9);
    bytes.size = 7;
    expect_error(0, "is cut short: it ends in the middle of record 1 (at byte 48)");
    bytes.size = 1;
    expect_error(0, "is cut short: it ends in the middle of record 1 (at byte 48)");
    trace_bytes_begin(&bytes);
    trace_bytes_time(&bytes, 300);
    bytes.size = 3;
    expect_error(0, "is cut short: it ends in the middle of record 1 (at byte 48)");
    trace_bytes_begin(&bytes);
    trace_bytes_aligned(&bytes, 8, 3);
    bytes.size = 1;
    expect_error(0, "is cut short: it ends in the middle of record 1 (at byte 48)");
}

/* ---- records ---- */

static void references_to_nothing_are_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_free(&bytes, 0);
    expect_error(0, "is damaged: record 1 (at byte 48) frees an object that does not exist: 0 "
                    "before the newest, of 0");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_realloc(&bytes, 1, 5);
    expect_error(1,
                 "is damaged: record 2 (at byte 49) resizes an object that does not exist: 1 "
                 "before the newest, of 1");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_free(&bytes, UINT64_MAX >> 3);
    expect_error(1, "is damaged: record 2 (at byte 49) frees an object that does not exist: "
                    "2305843009213693951 before the newest, of 1");
}

static void references_to_freed_objects_are_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_free(&bytes, 0);
    trace_bytes_free(&bytes, 0);
    expect_error(2, "is damaged: record 3 (at byte 50) frees object 0, which was freed before");
    /* The same where the object's page of the table is gone. */
    trace_bytes_begin(&bytes);
    for (int i = 0; i < 5000; i++) {
        trace_bytes_malloc(&bytes, 1);
        trace_bytes_free(&bytes, 0);
    }
    trace_bytes_realloc(&bytes, 4999, 7);
    expect_error(10000, "is damaged: record 10001 (at byte 10048) resizes object 0, which was "
                        "freed before");
}

static void sizes_beyond_the_limit_are_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, TRACE_SIZE_MAX + 1);
    expect_error(0,
                 "is damaged: record 1 (at byte 48) asks for 140737488355329 bytes; no trace "
                 "may ask for over 140737488355328");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_realloc(&bytes, 0, UINT64_MAX);
    expect_error(1, "is damaged: record 2 (at byte 49) asks for 18446744073709551615 bytes; no "
                    "trace may ask for over 140737488355328");
    trace_bytes_begin(&bytes);
    for (int i = 0; i < 512; i++) trace_bytes_malloc(&bytes, TRACE_SIZE_MAX);
    trace_bytes_malloc(&bytes, 1);
    expect_error(512,
                 "is damaged: record 513 (at byte 4144) makes 72057594037927937 bytes live; "
                 "no trace may have over 72057594037927936");
}

static void other_values_that_can_not_be_are_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_aligned(&bytes, 1, 41);
    expect_error(0, "is damaged: record 1 (at byte 48) asks for an alignment of 2^41; at most "
                    "2^40 is allowed");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_realloc(&bytes, 0, 0);
    expect_error(
        1, "is damaged: record 2 (at byte 49) resizes to 0 bytes, which has to be a free");
    trace_bytes_begin(&bytes);
    bytes.header.thread_count = 2;
    trace_bytes_thread(&bytes, 2);
    expect_error(0,
                 "is damaged: record 1 (at byte 48) is of thread 2; the header counts 2, from "
                 "0 on");
    trace_bytes_begin(&bytes);
    trace_bytes_put_number(&bytes, 7);
    expect_error(0, "is damaged: record 1 (at byte 48) is of kind 7, which there is not");
}

static void numbers_over_64_bits_are_told(void **state)
{
    (void)state;
    const char *const sentence =
        "is damaged: record 1 (at byte 48) has a number of over 64 bits";
    trace_bytes_begin(&bytes);
    trace_bytes_put_text(&bytes, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    expect_error(0, sentence);
    trace_bytes_begin(&bytes);
    trace_bytes_put_text(&bytes, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11);
    expect_error(0, sentence);
}

static void notes_that_are_wrong_are_told(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, 99, "", 0);
    bytes.header.flags = 0;
    expect_error(0,
                 "is damaged: record 1 (at byte 48) is a note, and the header's flags say that "
                 "there are none");
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_note(&bytes, trace_note_program, "late", 4);
    expect_error(1, "is damaged: record 2 (at byte 49) names the program too late, or again");
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_program, "one", 3);
    trace_bytes_note(&bytes, trace_note_program, "two", 3);
    expect_error(0, "is damaged: record 2 (at byte 53) names the program too late, or again");
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_program, "a\0b", 3);
    expect_error(0, "is damaged: record 1 (at byte 48) names a program with a zero byte in it");
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_program, "", 0);
    expect_error(0, "is damaged: record 1 (at byte 48) names a program with 0 bytes; 1 to 4096 "
                    "are allowed");
    trace_bytes_begin(&bytes);
    trace_bytes_put(&bytes, trace_kind_note, trace_note_program);
    trace_bytes_put_number(&bytes, UINT64_MAX);
    expect_error(0, "is damaged: record 1 (at byte 48) names a program with "
                    "18446744073709551615 bytes; 1 to 4096 are allowed");
    trace_bytes_begin(&bytes);
    trace_bytes_put(&bytes, trace_kind_note, 99);
    trace_bytes_put_number(&bytes, UINT64_MAX);
    expect_error(
        0, "is damaged: record 1 (at byte 48) goes on behind the 12 bytes of the header's "
           "count");
}

static void times_that_are_wrong_are_told(void **state)
{
    (void)state;
    const char *const unfit =
        "is damaged: record 1 (at byte 48) is a time note of 3 bytes, which "
        "does not fit its number";
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_time, "\x05\x00\x00", 3);
    expect_error(0, unfit);
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_time, "\x85\x80\x80\x00", 3);
    trace_bytes_put_text(&bytes, "\x00", 1);
    expect_error(0, unfit);
    trace_bytes_begin(&bytes);
    trace_bytes_time(&bytes, UINT64_MAX);
    trace_bytes_time(&bytes, 1);
    expect_error(0, "is damaged: record 2 (at byte 60) is later than 64 bits of nanoseconds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(another_version_is_told),
        cmocka_unit_test(a_header_that_is_cut_is_told),
        cmocka_unit_test(counts_beyond_the_limits_are_refused),
        cmocka_unit_test(unknown_flags_are_refused),
        cmocka_unit_test(counts_that_disagree_are_told),
        cmocka_unit_test(too_many_and_too_few_bytes_are_told),
        cmocka_unit_test(a_trace_cut_inside_of_a_record_is_told),
        cmocka_unit_test(references_to_nothing_are_told),
        cmocka_unit_test(references_to_freed_objects_are_told),
        cmocka_unit_test(sizes_beyond_the_limit_are_told),
        cmocka_unit_test(other_values_that_can_not_be_are_told),
        cmocka_unit_test(numbers_over_64_bits_are_told),
        cmocka_unit_test(notes_that_are_wrong_are_told),
        cmocka_unit_test(times_that_are_wrong_are_told),
    };
    return TRACE_BYTES_RUN(tests);
}
