/* SPDX-License-Identifier: MIT-0
 *
 * Every allocation of the reader and of the statistics fails once, and in another run it and all
 * after it: that gives the sentence about memory, nothing is lost, and what was told before is
 * right. And what is allocated follows the objects that live. The linker hands the calls of malloc, calloc, realloc and free to this file (--wrap).
 */
#include "trace_bytes.h"

#include "trace_stats.h"

static struct {
    int left;       /* so many allocations succeed; -1: all */
    bool only_once; /* those after the one that failed succeed again */
    bool has_failed;
    int live_count; /* blocks */
    int peak_count;
} oom;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static bool oom_strikes(void)
{
    if (oom.left < 0 || (oom.has_failed && oom.only_once)) return false;
    if (oom.left-- > 0) return false;
    oom.left = 0;
    oom.has_failed = true;
    return true;
}

static void *oom_count(void *block)
{
    if (block != NULL && ++oom.live_count > oom.peak_count) oom.peak_count = oom.live_count;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return oom_strikes() ? NULL : oom_count(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return oom_strikes() ? NULL : oom_count(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (oom_strikes()) return NULL;
    void *moved = __real_realloc(block, size);
    return block == NULL ? oom_count(moved) : moved;
}

void __wrap_free(void *block)
{
    if (block != NULL) oom.live_count--;
    __real_free(block);
}

/* ---- a trace that needs all tables to grow ---- */

static trace_bytes bytes;

enum { object_count = 280000, kept_step = 20000, thread_count = 30 };

static bool is_kept(uint64_t id) { return id % kept_step == 0; }

/* Most objects die at once, so that their pages come and go and only the directory grows. */
static void put_trace(void)
{
    trace_bytes_begin(&bytes);
    bytes.header.thread_count = thread_count;
    for (uint64_t i = 0; i < object_count; i++) {
        trace_bytes_malloc(&bytes, i < 1000 ? i : 8);
        if (i < thread_count) trace_bytes_thread(&bytes, i);
        if (!is_kept(i)) trace_bytes_free(&bytes, 0);
    }
}

static void expect_no_memory(const trace_error *error)
{
    assert_true(error->is_ours);
    assert_string_equal(error->text, "can't be read: there is no memory");
}

/* Reads and counts all; true if nothing failed. */
static bool read_and_count(trace_reader *reader, trace_stats *stats)
{
    trace_op op;
    trace_error error;
    int got = 0;
    bool counted = trace_stats_init(stats, trace_get_header(reader));
    while (counted && (got = trace_next(reader, &op, &error)) > 0) {
        counted = trace_stats_add(stats, &op);
    }
    if (got < 0) expect_no_memory(&error);
    if (counted && got == 0) {
        assert_int_equal(stats->now.live_count, object_count / kept_step);
    }
    trace_stats_fini(stats);
    return counted && got == 0;
}

static bool run_with_failure(int at, bool only_once)
{
    static trace_stats stats;
    trace_error error;
    oom.left = at;
    oom.only_once = only_once;
    oom.has_failed = false;
    oom.live_count = 0;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    const bool done = reader != NULL && read_and_count(reader, &stats);
    if (reader == NULL) expect_no_memory(&error);
    trace_close(reader);
    assert_int_equal(oom.live_count, 0);
    assert_true(done != oom.has_failed);
    oom.left = -1;
    return done;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    put_trace();
    for (int only_once = 0; only_once < 2; only_once++) {
        int at = 0;
        while (!run_with_failure(at, only_once != 0)) at++;
        /* The two tables of objects need a page each for what is kept, and more is needed; so the
         * loop has been everywhere. */
        assert_in_range(at, 2 * (object_count / kept_step), 100);
    }
}

/* The states of the libraries, which are allocated by us, at least. */
static void opening_compressed_files_may_fail(void **state)
{
    static const char *const names[] = {"small.tr.xz", "small.tr.zst"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", TRACE_GOLDEN_DIRECTORY, names[i]);
        for (int at = 0; at < 3; at++) {
            trace_error error;
            oom.left = at;
            oom.only_once = true;
            oom.has_failed = false;
            oom.live_count = 0;
            trace_reader *reader = trace_open(path, &error);
            assert_true(oom.has_failed);
            oom.left = -1;
            assert_null(reader);
            expect_no_memory(&error);
            assert_int_equal(oom.live_count, 0);
        }
    }
}

/* A block for each page with something kept, and a few; not one for each page that was. */
static void what_died_takes_no_memory(void **state)
{
    static trace_stats stats;
    trace_error error;
    (void)state;
    put_trace();
    oom.live_count = oom.peak_count = 0;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_int_equal(trace_bytes_read_all(reader), 2 * object_count - object_count / kept_step);
    trace_close(reader);
    assert_in_range(oom.peak_count, object_count / kept_step, object_count / kept_step + 10);
    reader = trace_bytes_open(&bytes, &error);
    assert_true(read_and_count(reader, &stats));
    trace_close(reader);
    assert_in_range(oom.peak_count, 2 * object_count / kept_step,
                    2 * (object_count / kept_step) + 20);
}

int main(void)
{
    oom.left = -1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(opening_compressed_files_may_fail),
        cmocka_unit_test(what_died_takes_no_memory),
    };
    return TRACE_BYTES_RUN(tests);
}
