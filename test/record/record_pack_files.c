/* SPDX-License-Identifier: MIT-0
 *
 * Packing: what a recorder may leave, and what it must not be able to do to the trace made of it.
 * Every trace is read again with the reader.
 */
#define _GNU_SOURCE
#include "trace/trace_bytes.h"

#include "trace_pack.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static trace_bytes bytes;
static char place[] = "/tmp/strata-test-XXXXXX";
static char raw_path[64], out_path[64];

/* ---- files ---- */

static int make_place(void **state)
{
    (void)state;
    strcpy(place + sizeof place - 7, "XXXXXX");
    if (mkdtemp(place) == NULL) return 1;
    snprintf(raw_path, sizeof raw_path, "%s/raw", place);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    unlink(raw_path);
    unlink(out_path);
    return rmdir(place);
}

static void write_raw(size_t size, size_t zeros)
{
    FILE *file = fopen(raw_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, size, file), size);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(ftruncate(fileno(file), (off_t)(size + zeros)), 0);
    assert_int_equal(fclose(file), 0);
}

/* What was put, with `header` in front, and zeros behind. */
static void write_recording(const trace_header *header)
{
    trace_put_header(bytes.data, header);
    write_raw(trace_header_size + bytes.size, 1 << 20);
}

static trace_pack_status pack(const char *name, trace_pack_result *result, trace_error *error)
{
    snprintf(out_path, sizeof out_path, "%s/%s", place, name);
    return trace_pack(raw_path, out_path, NULL, result, error);
}

/* Packs, and checks that the trace has these counts and is sound. */
static void expect_packed(const char *name, const trace_header *expected)
{
    trace_error error;
    trace_pack_result result;
    struct stat status;
    if (pack(name, &result, &error) != trace_pack_done) fail_msg("it %s", error.text);
    assert_memory_equal(&result.header, expected, sizeof *expected);
    assert_int_equal(stat(out_path, &status), 0);
    assert_int_equal(result.file_size, status.st_size);
    trace_reader *reader = trace_open(out_path, &error);
    if (reader == NULL) fail_msg("it %s", error.text);
    assert_memory_equal(trace_get_header(reader), expected, sizeof *expected);
    assert_int_equal(trace_bytes_read_all(reader), expected->op_count);
    trace_close(reader);
    unlink(out_path);
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *directory = opendir(place);
    assert_non_null(directory);
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count - 2; /* "." and ".." */
}

/* Records of all kinds, `count` objects of them. */
static void put_records(unsigned count)
{
    unsigned seed = 7;
    trace_bytes_begin(&bytes);
    for (unsigned i = 0; i < count; i++) {
        seed = seed * 1103515245 + 12345;
        if (i % 50 == 1) {
            trace_bytes_thread(&bytes, i / 50 % 8);
            if (bytes.header.thread_count < i / 50 % 8 + 1) bytes.header.thread_count++;
        }
        if (i % 7 == 3) {
            trace_bytes_aligned(&bytes, seed % 5000, seed >> 28);
        } else {
            trace_bytes_malloc(&bytes, (uint64_t)(seed & 0xffff) << (i % 16));
        }
        if (i % 3 == 1) trace_bytes_realloc(&bytes, 1, seed % 100 + 1);
        if (i % 2 == 1) trace_bytes_free(&bytes, 1);
    }
}

/* ---- tests ---- */

static void each_packing_keeps_everything(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 400000; count *= 67) {
        put_records(count);
        write_recording(&bytes.header);
        expect_packed("x.tr", &bytes.header);
        expect_packed("x.tr.xz", &bytes.header);
        expect_packed("x.tr.zst", &bytes.header);
    }
    assert_true(bytes.size > (1 << 19));
}

static void notes_are_kept(void **state)
{
    char text[trace_program_max];
    (void)state;
    memset(text, 'p', sizeof text);
    trace_bytes_begin(&bytes);
    trace_bytes_note(&bytes, trace_note_program, text, sizeof text);
    for (unsigned i = 0; i < 100000; i++) {
        trace_bytes_malloc(&bytes, i);
        if (i % 10 == 0) trace_bytes_time(&bytes, 1000000 + i);
    }
    write_recording(&bytes.header);
    expect_packed("x.tr.zst", &bytes.header);
}

static void counts_that_are_off_are_mended(void **state)
{
    (void)state;
    put_records(1000);
    for (int off = -1; off <= 1; off++) {
        trace_header header = bytes.header;
        header.op_count += (uint64_t)off;
        header.id_count -= (uint64_t)off;
        header.thread_count += (uint64_t)off;
        write_recording(&header);
        expect_packed("x.tr", &bytes.header);
    }
}

static void the_cut_flag_is_kept(void **state)
{
    (void)state;
    put_records(10);
    bytes.header.flags |= trace_flag_cut;
    write_recording(&bytes.header);
    expect_packed("x.tr.xz", &bytes.header);
    /* Even when it was cut before the first operation. */
    trace_bytes_begin(&bytes);
    bytes.header = (trace_header){.flags = trace_flag_cut};
    write_recording(&bytes.header);
    expect_packed("x.tr", &bytes.header);
}

/* A program that writes where it must not may hit its recording. */
static void what_is_overwritten_ends_the_trace(void **state)
{
    trace_pack_result result;
    trace_error error;
    (void)state;
    for (size_t hit = 0; hit < 3000; hit += 7) {
        put_records(1000);
        memset(bytes.data + trace_header_size + hit, hit % 2 == 0 ? 0xff : 0x7f, 40);
        write_recording(&bytes.header);
        assert_int_equal(pack("x.tr", &result, &error), trace_pack_done);
        assert_true(result.header.byte_count + result.lost_bytes == bytes.size);
        assert_true(result.lost_bytes == 0 || (result.header.flags & trace_flag_cut) != 0);
        assert_true(result.header.byte_count + 2 * trace_record_max >= hit);
        trace_reader *reader = trace_open(out_path, &error);
        assert_non_null(reader);
        trace_close(reader);
    }
}

static void a_recording_that_is_too_short_is_cut(void **state)
{
    trace_pack_result result;
    trace_error error;
    (void)state;
    put_records(1000);
    trace_put_header(bytes.data, &bytes.header);
    for (size_t size = trace_header_size; size < trace_header_size + bytes.size; size += 31) {
        write_raw(size, 0);
        assert_int_equal(pack("x.tr", &result, &error), trace_pack_done);
        assert_int_equal(result.header.flags, trace_flag_cut);
        assert_true(result.header.byte_count <= size - trace_header_size);
        assert_true(result.header.byte_count + trace_record_max > size - trace_header_size);
        trace_reader *reader = trace_open(out_path, &error);
        assert_non_null(reader);
        assert_int_equal(trace_bytes_read_all(reader), result.header.op_count);
        trace_close(reader);
    }
}

static void where_nothing_was_recorded_no_file_is_made(void **state)
{
    trace_pack_result result;
    trace_error error;
    (void)state;
    trace_bytes_begin(&bytes);
    write_raw(0, 0);
    assert_int_equal(pack("x.tr", &result, &error), trace_pack_nothing);
    write_raw(0, 1 << 16);
    assert_int_equal(pack("x.tr", &result, &error), trace_pack_nothing);
    write_recording(&bytes.header);
    assert_int_equal(pack("x.tr", &result, &error), trace_pack_nothing);
    assert_int_equal(count_files(), 1);
}

static void what_is_no_recording_is_refused(void **state)
{
    trace_pack_result result;
    trace_error error;
    (void)state;
    strcpy((char *)bytes.data, "MTRACE2");
    write_raw(48, 0);
    assert_int_equal(pack("x.tr", &result, &error), trace_pack_failed);
    assert_string_equal(error.text, "can't be made: what is there is no recording");
    unlink(raw_path);
    assert_int_equal(pack("x.tr", &result, &error), trace_pack_failed);
    assert_string_equal(
        error.text, "can't be made: the recording can't be read: No such file or directory");
    assert_int_equal(count_files(), 0);
}

static bool stop_at_once(void *context, uint64_t done, uint64_t all)
{
    assert_true(done <= all);
    return --*(int *)context > 0;
}

/* Neither interruption nor a place that can't be written to changes what was there. */
static void failure_leaves_the_old_file(void **state)
{
    trace_pack_result result;
    trace_error error;
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1);
    write_recording(&bytes.header);
    assert_int_equal(pack("x.tr.zst", &result, &error), trace_pack_done);
    put_records(300000);
    write_recording(&bytes.header);
    for (int steps = 1; steps < 8; steps++) {
        int left = steps;
        const trace_pack_watch watch = {stop_at_once, &left};
        assert_int_equal(trace_pack(raw_path, out_path, &watch, &result, &error),
                         trace_pack_failed);
        assert_string_equal(error.text, "is not written: packing was interrupted");
        assert_int_equal(count_files(), 2);
        trace_reader *reader = trace_open(out_path, &error);
        assert_int_equal(trace_bytes_read_all(reader), 1);
        trace_close(reader);
    }
    unlink(out_path);
    assert_int_equal(pack("nonesuch/x.tr", &result, &error), trace_pack_failed);
    assert_string_equal(error.text, "can't be written: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_packing_keeps_everything, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(notes_are_kept, make_place, remove_place),
        cmocka_unit_test_setup_teardown(counts_that_are_off_are_mended, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(the_cut_flag_is_kept, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_is_overwritten_ends_the_trace, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_recording_that_is_too_short_is_cut, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(where_nothing_was_recorded_no_file_is_made, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(what_is_no_recording_is_refused, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(failure_leaves_the_old_file, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
