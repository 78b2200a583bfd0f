/* SPDX-License-Identifier: MIT-0
 *
 * What is told of heaps: statistics, walks, checks; and the footprint of the process's heap with its cap.
 */
#include "fake/front_start.h"
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>

static _Alignas(128) unsigned char memory[64 * 1024];

typedef struct seen {
    size_t used, used_size, free_size, top;
} seen;

static int visit(void *context, const strata_region *region)
{
    seen *sum = context;
    if (region->kind == strata_region_used) {
        sum->used++;
        sum->used_size += region->size + ST_CHUNK_OVERHEAD;
    } else {
        sum->free_size += region->size + ST_CHUNK_OVERHEAD;
    }
    if (region->kind == strata_region_top) sum->top++;
    return 0;
}

static int visit_once(void *context, const strata_region *region)
{
    (void)region;
    ++*(int *)context;
    return 17;
}

static void expect_figures_agree(strata_heap *heap, size_t blocks)
{
    strata_stats stats;
    seen sum = {0};
    strata_heap_stats_get(heap, &stats);
    assert_int_equal(strata_heap_walk(heap, visit, &sum), 0);
    assert_int_equal(sum.used, blocks);
    assert_int_equal(sum.top, 1);
    assert_int_equal(sum.used_size, stats.live);
    assert_int_equal(sum.free_size, stats.free);
    assert_true(stats.footprint - stats.live - stats.free < 1200 + 64 * stats.segments);
    assert_int_equal(stats.footprint, strata_heap_footprint(heap));
    assert_int_equal(stats.footprint_peak, strata_heap_footprint_peak(heap));
    assert_int_equal(stats.footprint_limit, strata_heap_footprint_limit(heap));
    assert_true(stats.reserved >= stats.footprint);
    assert_int_equal(stats.segments, little_heap_segments(heap));
    if (STRATA_STATS) assert_int_equal(stats.allocations - stats.frees, blocks);
    assert_true(stats.live_peak >= stats.live);
}

static void statistics_agree_with_the_walk(void **state)
{
    (void)state;
    const strata_heap_config configs[] = {
        {.name = "host"}, {.base = memory, .base_size = sizeof memory},
        {.base = memory + 1, .base_size = sizeof memory - 1, .is_fixed = 1, .limit = 1}};
    for (size_t i = 0; i < TESTING_COUNT(configs); i++) {
        strata_heap *heap = little_heap_new(&configs[i]);
        expect_figures_agree(heap, 0);
        void *mem[100];
        size_t count = 0;
        while (count < 100 && (mem[count] = strata_heap_malloc(heap, count * 50)) != NULL) count++;
        assert_true(count > 20);
        expect_figures_agree(heap, count);
        for (size_t k = 0; k < count; k += 2) strata_heap_free(heap, mem[k]);
        expect_figures_agree(heap, count / 2);
        int calls = 0;
        assert_int_equal(strata_heap_walk(heap, visit_once, &calls), 17);
        assert_int_equal(calls, 1);
        strata_heap_reset(heap);
        expect_figures_agree(heap, 0);
        strata_heap_destroy(heap);
    }
}

static void a_check_finds_what_is_broken(void **state)
{
    (void)state;
    const char *first = NULL;
    strata_heap *heap = little_heap_new(NULL);
    char *mem = strata_heap_malloc(heap, 100);
    assert_non_null(strata_heap_malloc(heap, 100));
    assert_int_equal(strata_heap_check(heap, &first), 0);
    size_t head = chunk_of(mem)->head;
    chunk_of(mem)->head = head + ST_CHUNK_GRAIN;
    assert_true(strata_heap_check(heap, &first) > 0);
    assert_true(strncmp(first, "INV-SPACE-", 10) == 0);
    chunk_of(mem)->head = head;
    heap->space.footprint += ST_GRANULE;
    assert_true(strata_heap_check(heap, &first) > 0);
    assert_string_equal(first, "INV-SPACE-18");
    heap->space.footprint -= ST_GRANULE;
    strata_heap_destroy(heap);
}

static void a_trim_gives_pages_back(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    void *mem = strata_heap_malloc(heap, 3000000);
    void *wall = strata_heap_malloc(heap, 30);
    memset(mem, 1, 3000000);
    assert_non_null(wall);
    strata_heap_free(heap, mem);
    assert_int_equal(strata_heap_trim(heap, 0), 1);
    assert_int_equal(strata_heap_trim(heap, 0), 0);
    little_heap_expect_sound(heap);
    char *zeros = strata_heap_calloc(heap, 1, 2000000);
    assert_true(little_heap_is(zeros, 2000000, 0));
    strata_heap_destroy(heap);
}

/* ---- the process's heap ---- */

static void expect_account_agrees(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    assert_int_equal(stats.footprint, strata_footprint());
    assert_int_equal(stats.footprint_peak, strata_footprint_peak());
    assert_int_equal(strata_heap_footprint(NULL), strata_footprint());
    assert_int_equal(strata_heap_footprint_peak(NULL), strata_footprint_peak());
    assert_int_equal(stats.footprint_limit, strata_heap_footprint_limit(NULL));
    assert_true(stats.footprint <= stats.footprint_peak);
}

static void the_account_is_what_the_parts_hold(void **state)
{
    (void)state;
    static void *mem[3000];
    expect_account_agrees();
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < TESTING_COUNT(mem); i++) {
            size_t size = i % 1000 == 999 ? 40000000 : i * i % 5000;
            mem[i] = strata_malloc(size);
            assert_non_null(mem[i]);
        }
        expect_account_agrees();
        mem[999] = strata_realloc(mem[999], 60000000);
        mem[1999] = strata_realloc(mem[1999], 35000000);
        mem[2999] = strata_realloc(mem[2999], 100);
        expect_account_agrees();
        for (size_t i = 0; i < TESTING_COUNT(mem); i++) strata_free(mem[i]);
        expect_account_agrees();
        strata_trim(0);
        expect_account_agrees();
    }
    little_heap_trim_process();
}

static void heaps_are_not_in_the_account(void **state)
{
    (void)state;
    size_t before = strata_footprint();
    strata_heap *heap = little_heap_new(NULL);
    assert_non_null(strata_heap_malloc(heap, 10000000));
    assert_int_equal(strata_footprint(), before);
    strata_heap_destroy(heap);
    assert_int_equal(strata_footprint(), before);
}

static void the_process_is_capped(void **state)
{
    (void)state;
    static void *mem[20000];
    for (size_t size = 16; size < 3000000; size = size * 20) {
        size_t limit = strata_heap_set_footprint_limit(NULL, strata_footprint() + 3000001);
        assert_int_equal(limit % ST_GRANULE, 0);
        size_t count = 0;
        errno = 0;
        while (count < TESTING_COUNT(mem) && (mem[count] = strata_malloc(size)) != NULL) count++;
        if (count < TESTING_COUNT(mem)) assert_int_equal(errno, ENOMEM);
        assert_true(count == TESTING_COUNT(mem) || count * size > 1000000);
        assert_true(strata_footprint() <= limit);
        assert_null(strata_malloc(400000000));
        assert_int_equal(errno, ENOMEM);
        assert_null(strata_realloc(mem[0], 400000000));
        expect_account_agrees();
        for (size_t i = 0; i < count; i++) strata_free(mem[i]);
        mem[0] = strata_malloc(size);
        assert_non_null(mem[0]);
        strata_free(mem[0]);
    }
    assert_int_equal(strata_heap_set_footprint_limit(NULL, 0), 0);
    assert_null(strata_malloc(400000000));
    assert_int_equal(strata_heap_set_footprint_limit(NULL, SIZE_MAX), SIZE_MAX);
    void *large = strata_malloc(50000000);
    assert_non_null(large);
    strata_free(large);
    little_heap_trim_process();
}

/* Small blocks, large ones, and those that grow; more of them in each round, the small ones not in all. */
static void use_the_process(size_t round)
{
    size_t small_count = round % 10 != 0 ? round * 1000 : 0;
    static void *small[60000];
    void *mem[60];
    for (size_t i = 0; i < small_count; i++) small[i] = strata_malloc(1000);
    for (size_t i = 0; i < TESTING_COUNT(mem); i++)
        mem[i] = strata_malloc(i % 20 == 19 ? 40000000 : i * 1000 * round);
    for (size_t i = 9; i < TESTING_COUNT(mem); i += 10) {
        void *moved = strata_realloc(mem[i], i * 1000000);
        if (moved != NULL) mem[i] = moved;
    }
    expect_account_agrees();
    for (size_t i = 0; i < TESTING_COUNT(mem); i++) strata_free(mem[i]);
    for (size_t i = 0; i < small_count; i++) strata_free(small[i]);
    strata_trim(0);
}

static void failures_of_the_host_leave_the_account_right(void **state)
{
    (void)state;
    os_fake_config host = os_fake_usual;
    for (size_t nth = 1; nth <= 60; nth++) {
        host.refuses_resize = host.refuses_move = nth % 2 == 0;
        os_fake_configure(&host);
        os_fake_fail(nth % 5 == 0 ? OS_FAKE_ONLY(commit) : OS_FAKE_ANY, nth % 5 == 0 ? 1 : nth, false);
        use_the_process(nth);
        os_fake_fail(OS_FAKE_ANY, 0, false);
        expect_account_agrees();
    }
    little_heap_trim_process();
}

/* What the host refuses counts for nothing. */
static void what_is_refused_was_never_held(void **state)
{
    (void)state;
    void *mem = strata_malloc(40000000);
    size_t peak = strata_footprint_peak();
    os_fake_fail(OS_FAKE_ANY, 1, true);
    for (size_t size = 100; size < 400000000; size *= 3) strata_free(strata_malloc(size));
    assert_null(strata_malloc(1000000000));
    assert_null(strata_realloc(mem, 1000000000));
    assert_int_equal(strata_footprint_peak(), peak);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    expect_account_agrees();
    strata_free(mem);
    little_heap_trim_process();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(statistics_agree_with_the_walk),
        LITTLE_HEAP_TEST(a_check_finds_what_is_broken),
        LITTLE_HEAP_TEST(a_trim_gives_pages_back),
        LITTLE_HEAP_TEST(the_account_is_what_the_parts_hold),
        LITTLE_HEAP_TEST(heaps_are_not_in_the_account),
        LITTLE_HEAP_TEST(the_process_is_capped),
        LITTLE_HEAP_TEST(failures_of_the_host_leave_the_account_right),
        LITTLE_HEAP_TEST(what_is_refused_was_never_held),
    };
    assert_int_equal(front_start(), STRATA_SLABS);
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
