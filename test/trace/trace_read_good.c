/* SPDX-License-Identifier: MIT-0
 *
 * Sound traces: every kind of record gives the operation that it should, at every size, across
 * the reader's window, and plain or compressed alike.
 */
#include "trace_bytes.h"

static trace_bytes bytes;

/* ---- the golden trace: test/trace/golden/small.hex says what is in it ---- */

static void expect_op(trace_reader *reader, trace_op expected)
{
    trace_op op;
    trace_error error;
    assert_int_equal(trace_next(reader, &op, &error), 1);
    assert_int_equal(op.kind, expected.kind);
    assert_int_equal(op.thread, expected.thread);
    assert_int_equal(op.id, expected.id);
    assert_int_equal(op.align_log2, expected.align_log2);
    assert_int_equal(op.size, expected.size);
    assert_int_equal(op.old_size, expected.old_size);
    assert_int_equal(op.time_ns, expected.time_ns);
}

static void expect_golden(const char *name)
{
    char path[1024];
    trace_op op;
    trace_error error;
    snprintf(path, sizeof path, "%s/%s", TRACE_GOLDEN_DIRECTORY, name);
    trace_reader *reader = trace_open(path, &error);
    if (reader == NULL) fail_msg("'%s' %s", path, error.text);
    const trace_header *header = trace_get_header(reader);
    assert_int_equal(header->byte_count, 40);
    assert_int_equal(header->op_count, 6);
    assert_int_equal(header->id_count, 3);
    assert_int_equal(header->thread_count, 2);
    assert_int_equal(header->flags, trace_flag_notes);
    expect_op(reader, (trace_op){trace_kind_malloc, 0, 0, 0, 100, 0, 0});
    assert_string_equal(trace_get_program(reader), "/bin/demo");
    assert_int_equal(trace_get_position(reader), 13);
    expect_op(reader, (trace_op){trace_kind_calloc, 0, 1, 0, 32, 0, 0});
    expect_op(reader, (trace_op){trace_kind_realloc, 0, 0, 0, 200, 100, 1500});
    expect_op(reader, (trace_op){trace_kind_aligned, 1, 2, 6, 64, 0, 1500});
    expect_op(reader, (trace_op){trace_kind_free, 1, 0, 0, 200, 0, 1500});
    expect_op(reader, (trace_op){trace_kind_free, 0, 2, 0, 64, 0, 1001500});
    assert_int_equal(trace_next(reader, &op, &error), 0);
    assert_int_equal(trace_next(reader, &op, &error), 0);
    assert_int_equal(trace_get_position(reader), 40);
    trace_close(reader);
}

static void the_golden_trace_reads_as_written(void **state)
{
    (void)state;
    expect_golden("small.tr");
    expect_golden("small.tr.xz");
    expect_golden("small.tr.zst");
}

/* ---- traces made here ---- */

static void an_empty_trace_has_no_operation(void **state)
{
    (void)state;
    trace_op op;
    trace_error error;
    for (uint64_t thread_count = 0; thread_count < 2; thread_count++) {
        trace_bytes_begin(&bytes);
        bytes.header.thread_count = thread_count;
        trace_reader *reader = trace_bytes_open(&bytes, &error);
        assert_non_null(reader);
        assert_int_equal(trace_next(reader, &op, &error), 0);
        assert_string_equal(trace_get_program(reader), "");
        trace_close(reader);
    }
}

static void every_size_up_to_the_limit_is_read(void **state)
{
    (void)state;
    trace_error error;
    trace_op op;
    trace_bytes_begin(&bytes);
    for (unsigned shift = 0; shift <= 47; shift++) {
        trace_bytes_malloc(&bytes, ((uint64_t)1 << shift) - 1);
        trace_bytes_malloc(&bytes, (uint64_t)1 << shift);
    }
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    for (unsigned shift = 0; shift <= 47; shift++) {
        assert_int_equal(trace_next(reader, &op, &error), 1);
        assert_int_equal(op.size, ((uint64_t)1 << shift) - 1);
        assert_int_equal(trace_next(reader, &op, &error), 1);
        assert_int_equal(op.size, (uint64_t)1 << shift);
    }
    assert_int_equal(trace_next(reader, &op, &error), 0);
    trace_close(reader);
}

static void limits_themselves_are_allowed(void **state)
{
    (void)state;
    trace_error error;
    char name[trace_program_max];
    memset(name, 'x', sizeof name);
    trace_bytes_begin(&bytes);
    bytes.header.thread_count = TRACE_THREAD_MAX;
    trace_bytes_note(&bytes, trace_note_program, name, sizeof name);
    trace_bytes_thread(&bytes, TRACE_THREAD_MAX - 1);
    trace_bytes_time(&bytes, UINT64_MAX);
    trace_bytes_aligned(&bytes, 0, trace_align_log2_max);
    for (int i = 0; i < 512; i++) trace_bytes_malloc(&bytes, TRACE_SIZE_MAX); /* 2^56 live */
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_int_equal(trace_bytes_read_all(reader), 513);
    assert_int_equal(strlen(trace_get_program(reader)), sizeof name);
    trace_close(reader);
}

static void numbers_may_be_longer_than_needed(void **state)
{
    (void)state;
    trace_error error;
    trace_op op;
    trace_bytes_begin(&bytes);
    /* malloc(1) in ten bytes. */
    trace_bytes_put_text(&bytes, "\x88\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10);
    bytes.header.op_count = bytes.header.id_count = 1;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_int_equal(trace_next(reader, &op, &error), 1);
    assert_int_equal(op.size, 1);
    assert_int_equal(trace_next(reader, &op, &error), 0);
    trace_close(reader);
}

/* Records of changing length, so that each lies across the window's end at some time; and notes
 * that are longer than the window. */
static void records_across_the_window_are_whole(void **state)
{
    (void)state;
    enum { note_size = 100000, round_count = 9 };
    static char text[note_size];
    trace_error error;
    trace_op op;
    trace_bytes_begin(&bytes);
    uint64_t expected_count = 0;
    for (int round = 0; round < round_count; round++) {
        for (uint64_t i = 0; i < 2000; i++, expected_count += 3) {
            trace_bytes_malloc(&bytes, i * i * i);
            trace_bytes_realloc(&bytes, 0, i + 1);
            trace_bytes_free(&bytes, 0);
        }
        trace_bytes_note(&bytes, 77, text, round % 2 == 0 ? note_size : (size_t)round);
    }
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    for (uint64_t i = 0; i < expected_count; i++) {
        const uint64_t size = i / 3 % 2000;
        assert_int_equal(trace_next(reader, &op, &error), 1);
        assert_int_equal(op.id, i / 3);
        assert_int_equal(op.size, i % 3 == 0 ? size * size * size : size + 1);
    }
    assert_int_equal(trace_next(reader, &op, &error), 0);
    trace_close(reader);
}

/* The oldest object is freed last: its page of the table must have stayed, the others not. */
static void an_old_object_is_found_behind_many(void **state)
{
    (void)state;
    trace_error error;
    trace_op op;
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 4711);
    for (int i = 0; i < 50000; i++) {
        trace_bytes_malloc(&bytes, 8);
        trace_bytes_free(&bytes, 0);
    }
    trace_bytes_free(&bytes, 50000);
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    for (int i = 0; i < 100001; i++) assert_int_equal(trace_next(reader, &op, &error), 1);
    assert_int_equal(trace_next(reader, &op, &error), 1);
    assert_int_equal(op.id, 0);
    assert_int_equal(op.size, 4711);
    assert_int_equal(trace_next(reader, &op, &error), 0);
    trace_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_trace_reads_as_written),
        cmocka_unit_test(an_empty_trace_has_no_operation),
        cmocka_unit_test(every_size_up_to_the_limit_is_read),
        cmocka_unit_test(limits_themselves_are_allowed),
        cmocka_unit_test(numbers_may_be_longer_than_needed),
        cmocka_unit_test(records_across_the_window_are_whole),
        cmocka_unit_test(an_old_object_is_found_behind_many),
    };
    return TRACE_BYTES_RUN(tests);
}
