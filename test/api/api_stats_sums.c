/* SPDX-License-Identifier: MIT-0
 *
 * Statistics, the walk and the check agree with each other and with what was allocated.
 */
#include "api/names.h"

#include <stdio.h>
#include <unistd.h>

enum { block_count = 400 };
static void *blocks[block_count];

static size_t block_size(size_t idx) { return idx % 50 == 49 ? 5000000 : idx * idx % 9000; }

static int allocate_blocks(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < block_count; idx++) {
        blocks[idx] = api_malloc(block_size(idx));
        if (blocks[idx] == NULL) return -1;
    }
    for (size_t idx = 0; idx < block_count; idx += 3) {
        api_free(blocks[idx]);
        blocks[idx] = NULL;
    }
    return 0;
}

static int free_blocks(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < block_count; idx++) {
        api_free(blocks[idx]);
        blocks[idx] = NULL;
    }
    return 0;
}

static void the_parts_add_up(void **state)
{
    (void)state;
    strata_stats stats;
    strata_stats_get(&stats);
    size_t asked = 0;
    for (size_t idx = 0; idx < block_count; idx++) {
        if (blocks[idx] != NULL) asked += block_size(idx);
    }
    assert_true(stats.footprint > 0);
    assert_true(stats.footprint >= stats.free + stats.cached);
    assert_true(stats.footprint <= stats.footprint_peak);
    assert_true(stats.footprint <= stats.reserved);
    assert_true(stats.footprint_peak <= stats.footprint_limit);
    assert_true(stats.quick + stats.top <= stats.free);
    assert_true(stats.largest_free <= stats.free);
    assert_true(stats.free_chunks > 0);
    assert_true(stats.spaces >= 1);
    assert_true(stats.segments >= stats.spaces || STRATA_TINY);
    assert_int_equal(stats.slabs > 0, STRATA_SLABS);
    assert_int_equal(stats.slabs % 65536, 0);
    assert_true(stats.slabs <= stats.footprint);
    assert_int_equal(stats.kept > 0, STRATA_SLABS);
    if (!STRATA_STATS) return;
    assert_true(stats.live >= asked);
    assert_true(stats.live <= stats.live_peak || stats.live_peak == 0);
    size_t known = stats.live + stats.free + stats.cached + stats.kept;
    assert_true(stats.footprint >= known);
    /* Records and segment headers are all that is left; and what slabs are made of: the tables of
     * a run (9 slices of 64 KiB), a few slices in stock, and the rest of each that no block fits. */
    size_t slices = STRATA_SLABS ? 40 * 65536 + stats.slabs / 4 : 0;
    assert_true(stats.footprint - known <= stats.footprint / 50 + 65536 + slices);
    assert_true(stats.direct <= stats.live);
    assert_true(stats.allocations >= stats.frees);
}

static void calls_are_counted(void **state)
{
    (void)state;
    strata_stats before, after;
    strata_stats_get(&before);
    void *a = api_malloc(100);
    void *b = api_calloc(10, 10);
    void *c = api_malloc((size_t)9 << 20);
    api_free(b);
    strata_stats_get(&after);
    if (STRATA_STATS) {
        assert_int_equal(after.allocations - before.allocations, 3);
        assert_int_equal(after.frees - before.frees, 1);
        assert_true(after.live >= before.live + 100 + ((size_t)9 << 20));
    }
    api_free(a);
    api_free(c);
    strata_stats_get(&after);
    assert_int_equal(after.live, before.live);
}

typedef struct walk_sums {
    size_t used, free, cached, top, direct;
    size_t used_blocks, free_chunks, direct_blocks;
    size_t found;
    size_t calls;
} walk_sums;

static int sum_region(void *context, const strata_region *region)
{
    walk_sums *sums = context;
    sums->calls++;
    switch (region->kind) {
    case strata_region_used:
        sums->used += region->size;
        sums->used_blocks++;
        break;
    case strata_region_free:
        sums->free += region->size;
        sums->free_chunks++;
        break;
    case strata_region_cached: sums->cached += region->size; break;
    case strata_region_top: sums->top += region->size; break;
    case strata_region_direct:
        sums->direct += region->size;
        sums->direct_blocks++;
        break;
    }
    if (region->kind != strata_region_used && region->kind != strata_region_direct) return 0;
    for (size_t idx = 0; idx < block_count; idx++) {
        if (blocks[idx] != region->start) continue;
        sums->found += region->size >= block_size(idx);
    }
    return 0;
}

static void the_walk_sees_every_block(void **state)
{
    (void)state;
    walk_sums sums = {0};
    assert_int_equal(strata_walk(sum_region, &sums), 0);
    size_t expected = 0;
    for (size_t idx = 0; idx < block_count; idx++) expected += blocks[idx] != NULL;
    assert_int_equal(sums.found, expected);
    strata_stats stats;
    strata_stats_get(&stats);
    if (STRATA_STATS) {
        assert_true(sums.used + sums.direct <= stats.live);
        assert_int_equal(sums.direct_blocks, stats.direct_blocks);
    }
    /* A chunk's head is part of `free` and `kept`, not of what can be used of it. */
    size_t heads = 16 * (stats.free_chunks + stats.kept / 1024 + 64);
    assert_true(sums.free + sums.cached + sums.top <= stats.free + stats.kept);
    assert_true(stats.free + stats.kept - sums.free - sums.cached - sums.top <= heads);
    assert_true(sums.top <= stats.top);
    assert_true(sums.cached <= stats.quick + stats.kept);
    assert_true(stats.quick + stats.kept - sums.cached <= heads);
}

static int stop_at_third(void *context, const strata_region *region)
{
    (void)region;
    size_t *calls = context;
    return ++*calls == 3 ? 42 : 0;
}

static void the_walk_ends_when_told(void **state)
{
    (void)state;
    size_t calls = 0;
    assert_int_equal(strata_walk(stop_at_third, &calls), 42);
    assert_int_equal(calls, 3);
    /* And leaves no lock behind. */
    void *mem = api_malloc(10);
    assert_non_null(mem);
    api_free(mem);
}

static void footprint_agrees_with_the_statistics(void **state)
{
    (void)state;
    strata_stats stats;
    strata_stats_get(&stats);
    assert_int_equal(strata_footprint(), stats.footprint);
    assert_int_equal(strata_footprint_peak(), stats.footprint_peak);
}

static void trim_gives_back_and_says_so(void **state)
{
    (void)state;
    enum { large_count = 20 };
    void *large[large_count];
    for (size_t idx = 0; idx < large_count; idx++) {
        large[idx] = api_malloc(300000);
        assert_non_null(large[idx]);
        memset(large[idx], 1, 300000);
    }
    for (size_t idx = 0; idx < large_count; idx++) api_free(large[idx]);
    assert_int_equal(strata_trim(0), 1);
    assert_int_equal(strata_trim(0), 0);
    assert_sound();
    strata_stats stats;
    strata_stats_get(&stats);
    assert_int_equal(stats.cached, 0);
    assert_int_equal(strata_trim(SIZE_MAX), 0);
}

static void the_report_is_text(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    strata_stats_print(fileno(file));
    static char text[65536];
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(size > 100);
    assert_int_equal(text[size - 1], '\n');
    for (size_t idx = 0; idx < size; idx++) {
        assert_true(text[idx] == '\n' || (text[idx] >= ' ' && text[idx] <= '~'));
    }
    errno = 0;
    strata_stats_print(-1);
    assert_sound();
}

static void the_check_tells_nothing_of_a_whole_heap(void **state)
{
    (void)state;
    const char *first = "untouched";
    assert_int_equal(strata_check(&first), 0);
    assert_int_equal(strata_check(NULL), 0);
}

#define WITH_BLOCKS(test) cmocka_unit_test_setup_teardown(test, allocate_blocks, free_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BLOCKS(the_parts_add_up),
        WITH_BLOCKS(calls_are_counted),
        WITH_BLOCKS(the_walk_sees_every_block),
        WITH_BLOCKS(the_walk_ends_when_told),
        WITH_BLOCKS(footprint_agrees_with_the_statistics),
        WITH_BLOCKS(trim_gives_back_and_says_so),
        WITH_BLOCKS(the_report_is_text),
        WITH_BLOCKS(the_check_tells_nothing_of_a_whole_heap),
    };
    return API_RUN(tests);
}
