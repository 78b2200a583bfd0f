/* SPDX-License-Identifier: MIT-0
 *
 * The statistics of traces put together here, against figures worked out by hand; and the tables
 * under them.
 */
#include "trace_bytes.h"

#include "trace_stats.h"

static trace_bytes bytes;
static trace_stats stats;

/* Counts what was put. */
static void count(void)
{
    trace_op op;
    trace_error error;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_non_null(reader);
    assert_true(trace_stats_init(&stats, trace_get_header(reader)));
    int got;
    while ((got = trace_next(reader, &op, &error)) > 0)
        assert_true(trace_stats_add(&stats, &op));
    if (got < 0) fail_msg("the trace %s", error.text);
    trace_close(reader);
}

static void expect_bin(const trace_stats_bin *bins, uint64_t value, uint64_t bin_count,
                       uint64_t size)
{
    const trace_stats_bin *bin = &bins[trace_stats_find_bin(value)];
    assert_int_equal(bin->count, bin_count);
    assert_int_equal(bin->size, size);
}

static void expect_moment(trace_stats_moment moment, uint64_t op, uint64_t live_count,
                          uint64_t live_size)
{
    assert_int_equal(moment.op, op);
    assert_int_equal(moment.live_count, live_count);
    assert_int_equal(moment.live_size, live_size);
}

static uint64_t sum_bins(const trace_stats_bin *bins)
{
    uint64_t sum = 0;
    for (int i = 0; i < trace_stats_bin_count; i++) sum += bins[i].count;
    return sum;
}

/* ---- bars ---- */

static void a_bar_has_the_values_of_its_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(trace_stats_find_bin(0), 0);
    assert_int_equal(trace_stats_bin_start(0), 0);
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t start = (uint64_t)1 << shift;
        assert_int_equal(trace_stats_find_bin(start), shift + 1);
        assert_int_equal(trace_stats_find_bin(start | (start - 1)), shift + 1);
        assert_int_equal(trace_stats_bin_start(shift + 1), start);
    }
}

/* ---- counting ---- */

static void nothing_counts_as_nothing(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    count();
    assert_int_equal(stats.op_count, 0);
    assert_int_equal(stats.column_count, 0);
    assert_int_equal(trace_stats_count_threads(&stats), 0);
    expect_moment(stats.peak_size, 0, 0, 0);
    trace_stats_fini(&stats);
}

static void kinds_and_sizes_are_counted(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    bytes.header.flags = trace_flag_cut;
    trace_bytes_malloc(&bytes, 0);
    trace_bytes_malloc(&bytes, 24);
    trace_bytes_put(&bytes, trace_kind_calloc, 24);
    trace_bytes_aligned(&bytes, 100, 5);
    trace_bytes_aligned(&bytes, 100, 12);
    trace_bytes_aligned(&bytes, 100, 6);
    trace_bytes_realloc(&bytes, 0, 101);
    trace_bytes_realloc(&bytes, 0, 24);
    trace_bytes_realloc(&bytes, 0, 24);
    trace_bytes_realloc(&bytes, 0, 25);
    trace_bytes_free(&bytes, 5);
    count();
    assert_true(stats.is_cut);
    assert_false(stats.has_times);
    assert_int_equal(stats.op_count, 11);
    assert_int_equal(stats.kind_count[trace_kind_malloc], 2);
    assert_int_equal(stats.kind_count[trace_kind_calloc], 1);
    assert_int_equal(stats.kind_count[trace_kind_realloc], 4);
    assert_int_equal(stats.kind_count[trace_kind_free], 1);
    assert_int_equal(stats.kind_count[trace_kind_aligned], 3);
    assert_int_equal(stats.grow_count, 2);
    assert_int_equal(stats.shrink_count, 1);
    assert_int_equal(stats.same_count, 1);
    assert_int_equal(stats.aligned_max, 4096);
    assert_int_equal(stats.request_count, 10);
    assert_int_equal(stats.request_size, 0 + 24 + 24 + 300 + 101 + 24 + 24 + 25);
    assert_int_equal(stats.size_max, 101);
    assert_int_equal(stats.sizes.count, 5);
    expect_bin(stats.size_bins, 0, 1, 0);
    expect_bin(stats.size_bins, 16, 5, 4 * 24 + 25);
    expect_bin(stats.size_bins, 64, 4, 401);
    trace_tally_entry top[trace_stats_top_max];
    assert_int_equal(trace_tally_find_top(&stats.sizes, top, trace_stats_top_max), 5);
    assert_int_equal(top[0].key, 24);
    assert_int_equal(top[0].count, 4);
    assert_int_equal(top[1].key, 100);
    assert_int_equal(top[4].key, 101);
    trace_stats_fini(&stats);
}

static void the_peaks_are_found_where_they_are(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_malloc(&bytes, 1000);
    trace_bytes_realloc(&bytes, 0, 5000); /* op 2: the most bytes */
    trace_bytes_realloc(&bytes, 0, 10);
    trace_bytes_malloc(&bytes, 20);
    trace_bytes_malloc(&bytes, 30); /* op 5: the most objects */
    trace_bytes_free(&bytes, 1);
    trace_bytes_malloc(&bytes, 4960); /* op 7: as many of both, but later */
    trace_bytes_free(&bytes, 1);
    count();
    expect_moment(stats.peak_size, 2, 1, 5000);
    expect_moment(stats.peak_count, 5, 3, 60);
    expect_moment(stats.now, 8, 2, 4970);
    trace_stats_fini(&stats);
}

static void lifetimes_go_by_three_clocks(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    trace_bytes_time(&bytes, 1000);
    trace_bytes_malloc(&bytes, 100); /* op 1 */
    trace_bytes_malloc(&bytes, 7);   /* op 2 */
    trace_bytes_time(&bytes, 50);
    trace_bytes_realloc(&bytes, 1, 3); /* op 3; the lifetime goes on */
    trace_bytes_free(&bytes, 0);       /* op 4: 2 ops, 3 bytes, 50 ns */
    trace_bytes_time(&bytes, 1000);
    trace_bytes_free(&bytes, 1);   /* op 5: 4 ops, 10 bytes, 1050 ns */
    trace_bytes_malloc(&bytes, 9); /* op 6 */
    trace_bytes_free(&bytes, 0);   /* op 7: 1 op, 0 bytes, 0 ns */
    trace_bytes_malloc(&bytes, 9); /* op 8; never freed */
    count();
    assert_true(stats.has_times);
    expect_bin(stats.op_bins, 1, 1, 9);
    expect_bin(stats.byte_bins, 0, 1, 9);
    expect_bin(stats.time_bins, 0, 1, 9);
    expect_bin(stats.op_bins, 2, 1, 7);
    expect_bin(stats.op_bins, 4, 1, 3);
    expect_bin(stats.byte_bins, 3, 1, 7);
    expect_bin(stats.byte_bins, 10, 1, 3);
    expect_bin(stats.time_bins, 50, 1, 7);
    expect_bin(stats.time_bins, 1050, 1, 3);
    assert_int_equal(sum_bins(stats.op_bins), 3);
    assert_int_equal(sum_bins(stats.byte_bins), 3);
    assert_int_equal(sum_bins(stats.time_bins), 3);
    assert_int_equal(stats.now.time_ns, 2050);
    trace_stats_fini(&stats);
}

static void crossings_go_from_the_owner_to_who_acts(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    bytes.header.thread_count = 10;
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_malloc(&bytes, 1);
    trace_bytes_free(&bytes, 0); /* its own */
    trace_bytes_thread(&bytes, 3);
    trace_bytes_free(&bytes, 1);       /* from 0 to 3 */
    trace_bytes_realloc(&bytes, 2, 9); /* from 0 to 3, and 3 owns it then */
    trace_bytes_realloc(&bytes, 2, 10);
    trace_bytes_thread(&bytes, 9);
    trace_bytes_free(&bytes, 2); /* from 3 to 9 */
    count();
    assert_int_equal(trace_stats_count_threads(&stats), 3);
    assert_int_equal(stats.thread[0].allocation_count, 3);
    assert_int_equal(stats.thread[0].free_count, 1);
    assert_int_equal(stats.thread[3].realloc_count, 2);
    assert_int_equal(stats.thread[3].free_count, 1);
    assert_int_equal(stats.thread[9].free_count, 1);
    assert_int_equal(stats.cross_free_count, 2);
    assert_int_equal(stats.cross_realloc_count, 1);
    trace_tally_entry top[3];
    assert_int_equal(trace_tally_find_top(&stats.crossings, top, 3), 2);
    assert_int_equal(top[0].key, 3);
    assert_int_equal(top[0].count, 2);
    assert_int_equal(top[1].key, (uint64_t)3 << 32 | 9);
    trace_stats_fini(&stats);
}

static void sums_stop_at_the_end(void **state)
{
    (void)state;
    trace_bytes_begin(&bytes);
    for (int i = 0; i < 1 << 17; i++) {
        trace_bytes_put(&bytes, trace_kind_malloc, TRACE_SIZE_MAX);
        trace_bytes_free(&bytes, 0);
    }
    trace_bytes_malloc(&bytes, 5);
    count();
    assert_true(stats.request_size == UINT64_MAX);
    assert_true(stats.size_bins[48].size == UINT64_MAX);
    expect_moment(stats.now, (1 << 18) + 1, 1, 5);
    trace_stats_fini(&stats);
}

/* More operations than columns: each column has the most that was live in it, and all are there. */
static void columns_cover_all_operations(void **state)
{
    (void)state;
    enum { op_count = 10007 };
    trace_bytes_begin(&bytes);
    for (int i = 0; i < op_count; i++) trace_bytes_malloc(&bytes, 1);
    count();
    assert_int_equal(stats.column_ops, op_count / trace_stats_column_max + 1);
    assert_int_equal(stats.column_count, (op_count + stats.column_ops - 1) / stats.column_ops);
    assert_in_range(stats.column_count, trace_stats_column_max / 2, trace_stats_column_max);
    for (size_t i = 0; i + 1 < stats.column_count; i++) {
        const uint64_t last = (i + 1) * stats.column_ops;
        expect_moment(stats.column[i], last, last, last);
    }
    expect_moment(stats.column[stats.column_count - 1], op_count, op_count, op_count);
    trace_stats_fini(&stats);
}

/* Too few operations are found out at the end only; until then there are more columns than fit. */
static void a_wrong_count_does_no_harm(void **state)
{
    trace_op op;
    trace_error error;
    (void)state;
    trace_bytes_begin(&bytes);
    for (int i = 0; i < 5000; i++) trace_bytes_malloc(&bytes, 1);
    bytes.header.op_count = 1;
    trace_reader *reader = trace_bytes_open(&bytes, &error);
    assert_non_null(reader);
    assert_true(trace_stats_init(&stats, trace_get_header(reader)));
    while (trace_next(reader, &op, &error) > 0) assert_true(trace_stats_add(&stats, &op));
    assert_int_equal(stats.op_count, 5000);
    assert_int_equal(stats.column_count, trace_stats_column_max);
    trace_stats_fini(&stats);
    trace_close(reader);
}

/* ---- tables ---- */

static void a_tally_counts_many_keys(void **state)
{
    (void)state;
    enum { key_count = 5000 };
    trace_tally tally;
    trace_tally_entry top[4];
    trace_tally_init(&tally);
    assert_int_equal(trace_tally_find_top(&tally, top, 4), 0);
    for (uint64_t i = 0; i < key_count; i++) assert_true(trace_tally_add(&tally, i << 40));
    for (uint64_t i = 0; i < key_count; i += 1000) {
        for (uint64_t j = 0; j <= i; j++) assert_true(trace_tally_add(&tally, i << 40));
    }
    assert_int_equal(tally.count, key_count);
    assert_int_equal(trace_tally_find_top(&tally, top, 4), 4);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(top[i].key, (4000 - 1000 * i) << 40);
        assert_int_equal(top[i].count, 4002 - 1000 * i);
    }
    trace_tally_fini(&tally);
}

/* Pages go when all of theirs are dead, in whatever order that happens, and not before. */
static void a_table_keeps_what_lives(void **state)
{
    (void)state;
    enum { page_size = trace_table_page_entries, entry_count = 5 * page_size + 100 };
    trace_table table;
    trace_table_init(&table, 2);
    for (uint64_t i = 0; i < entry_count; i++) {
        uint64_t *entry = trace_table_add(&table);
        assert_int_equal(entry[0] | entry[1], 0);
        entry[0] = i;
        entry[1] = ~i;
        /* Each third dies at once, when its page is not yet full. */
        if (i % 3 == 0) trace_table_drop(&table, i);
    }
    for (uint64_t i = entry_count; i-- > 0;) {
        if (i % 3 == 0) continue;
        const uint64_t *entry = trace_table_find(&table, i);
        assert_non_null(entry);
        assert_int_equal(entry[0], i);
        assert_int_equal(entry[1], ~i);
        trace_table_drop(&table, i);
    }
    for (uint64_t i = 0; i < 5; i++) assert_null(trace_table_find(&table, i * page_size));
    assert_int_equal(table.count, entry_count);
    /* The last page is not full: it stays for those to come, which are clean. */
    assert_non_null(trace_table_find(&table, entry_count - 1));
    for (int i = 0; i < 2 * page_size; i++) {
        uint64_t *entry = trace_table_add(&table);
        assert_int_equal(entry[0] | entry[1], 0);
        entry[0] = entry[1] = UINT64_MAX;
    }
    trace_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_has_the_values_of_its_power_of_two),
        cmocka_unit_test(nothing_counts_as_nothing),
        cmocka_unit_test(kinds_and_sizes_are_counted),
        cmocka_unit_test(the_peaks_are_found_where_they_are),
        cmocka_unit_test(lifetimes_go_by_three_clocks),
        cmocka_unit_test(crossings_go_from_the_owner_to_who_acts),
        cmocka_unit_test(sums_stop_at_the_end),
        cmocka_unit_test(columns_cover_all_operations),
        cmocka_unit_test(a_wrong_count_does_no_harm),
        cmocka_unit_test(a_tally_counts_many_keys),
        cmocka_unit_test(a_table_keeps_what_lives),
    };
    return TRACE_BYTES_RUN(tests);
}
