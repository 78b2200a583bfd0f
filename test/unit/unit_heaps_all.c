/* SPDX-License-Identifier: MIT-0
 *
 * All heaps at once: the process's check, walk and statistics know them, a fork waits for whoever is in
 * one, and a heap whose memory was put to another use is none.
 */
#include "fake/front_start.h"
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <pthread.h>
#include <stdio.h>

#include "api/stats.h"
#include "heaps/heaps.h"

static _Alignas(128) unsigned char memory[64 * 1024];

typedef struct seen {
    const strata_heap *heap; /* whose blocks are counted; NULL: the process's */
    size_t used, others;
    int ends_at; /* blocks until the walk is ended */
} seen;

static int visit(void *context, const strata_region *region)
{
    seen *sum = context;
    bool is_used = region->kind == strata_region_used || region->kind == strata_region_direct;
    if (region->heap != sum->heap) {
        sum->others++;
        return 0;
    }
    if (is_used) sum->used++;
    return sum->ends_at != 0 && --sum->ends_at == 0 ? 33 : 0;
}

static size_t count_used(const strata_heap *heap)
{
    seen sum = {.heap = heap};
    assert_int_equal(strata_walk(visit, &sum), 0);
    return sum.used;
}

static void the_walk_tells_whose_a_block_is(void **state)
{
    (void)state;
    size_t own = count_used(NULL);
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory};
    strata_heap *one = little_heap_new(NULL);
    strata_heap *two = little_heap_new(&config);
    strata_range *range = strata_range_create((void *)(uintptr_t)0x100000, 1000000, 0, "range");
    assert_non_null(strata_range_allocate(range, 1000, 0));
    for (size_t i = 0; i < 3; i++) assert_non_null(strata_heap_malloc(one, 100));
    for (size_t i = 0; i < 5; i++) assert_non_null(strata_heap_malloc(two, 100));
    assert_int_equal(count_used(one), 3);
    assert_int_equal(count_used(two), 5);
    assert_int_equal(count_used(NULL), own);
    seen sum = {.heap = two, .ends_at = 2};
    assert_int_equal(strata_walk(visit, &sum), 33);
    assert_int_equal(sum.used, 2);
    sum = (seen){.heap = two};
    assert_int_equal(strata_heap_walk(two, visit, &sum), 0);
    assert_int_equal(sum.used, 5);
    assert_int_equal(sum.others, 0);
    sum = (seen){.heap = NULL};
    assert_int_equal(st_stats_walk_process(visit, &sum), 0);
    assert_int_equal(sum.others, 0);
    strata_range_destroy(range);
    strata_heap_destroy(one);
    strata_heap_destroy(two);
    assert_int_equal(count_used(NULL), own);
}

static void the_check_finds_what_is_broken_in_any_heap(void **state)
{
    (void)state;
    const char *first = NULL;
    strata_heap *sound = little_heap_new(NULL);
    strata_heap *heap = little_heap_new(NULL);
    assert_int_equal(strata_check(&first), 0);
    heap->space.footprint += ST_GRANULE;
    assert_int_equal(strata_check(&first), 1);
    assert_string_equal(first, "INV-SPACE-18");
    heap->space.footprint -= ST_GRANULE;
    strata_heap_destroy(heap);
    strata_heap_destroy(sound);
    strata_range *range = strata_range_create((void *)(uintptr_t)0x100000, 1000000, 0, NULL);
    assert_int_equal(strata_check(&first), 0);
    strata_heap *shadow = NULL;
    for (uint32_t number = 0; shadow == NULL; number++) shadow = st_heaps_at(number);
    assert_true(shadow->is_shadow);
    shadow->space.footprint += ST_GRANULE;
    assert_true(strata_check(&first) > 0);
    shadow->space.footprint -= ST_GRANULE;
    strata_range_destroy(range);
    assert_int_equal(strata_check(&first), 0);
}

/* Only that thread may look into it. */
static void heaps_of_one_thread_are_passed_over(void **state)
{
    (void)state;
    const strata_heap_config config = {.has_one_thread = 1};
    strata_heap *heap = little_heap_new(&config);
    assert_non_null(strata_heap_malloc(heap, 100));
    heap->space.footprint += ST_GRANULE;
    assert_int_equal(strata_check(NULL), 0);
    heap->space.footprint -= ST_GRANULE;
    assert_int_equal(count_used(heap), 0);
    strata_heap_destroy(heap);
}

/* ---- statistics ---- */

static void expect_lines(const char *words, const char *line)
{
    os_fake_clear_output();
    strata_stats_print(2);
    const char *found = strstr(os_fake_output(), "\n  heap              ");
    assert_non_null(found);
    assert_string_equal(found + 1, words);
    assert_null(strstr(words, "range"));
    st_text text;
    os_fake_clear_output();
    int descriptor = 2;
    st_text_init(&text, st_stats_to_descriptor, &descriptor);
    st_stats_line(&text);
    st_text_flush(&text);
    assert_non_null(strstr(os_fake_output(), line));
    os_fake_clear_output();
}

static void statistics_have_a_line_for_each_heap(void **state)
{
    (void)state;
    char words[400], line[60];
    const strata_heap_config first = {.name = "first one", .tag = 42, .limit = 1000000};
    const strata_heap_config second = {.has_one_thread = 1, .granularity = ST_GRANULE};
    strata_heap *one = little_heap_new(&first);
    strata_range *range = strata_range_create((void *)(uintptr_t)0x100000, 1000000, 0, "range");
    strata_heap *two = little_heap_new(&second);
    void *mem = strata_heap_malloc(one, 300000);
    assert_non_null(strata_heap_malloc(one, 1000));
    strata_heap_free(one, mem);
    strata_stats stats;
    strata_heap_stats_get(one, &stats);
    snprintf(words, sizeof words,
             "  heap              first one: tag 42, live %zu, footprint %zu, peak %zu, cap 1048576\n"
             "  heap              (no name): tag 0, footprint 65536, peak 65536\n",
             stats.live, stats.footprint, stats.footprint_peak);
    snprintf(line, sizeof line, " heaps=2 heaps_footprint=%zu ", stats.footprint + 65536);
    expect_lines(words, line);
    strata_range_destroy(range);
    strata_heap_destroy(one);
    strata_heap_destroy(two);
    os_fake_clear_output();
    strata_stats_print(2);
    assert_null(strstr(os_fake_output(), "heap  "));
    os_fake_clear_output();
}

/* ---- heaps that were forgotten ---- */

/* Their memory has other contents: nobody looks for a lock there. */
static void a_heap_that_was_written_over_is_none(void **state)
{
    (void)state;
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory, .is_fixed = 1};
    uint32_t number = st_owner_idx_of(little_heap_new(&config)->space.owner);
    assert_non_null(strata_heap_next(NULL));
    memset(memory, 0x55, sizeof memory);
    st_heap_lock_all();
    st_heap_unlock_all();
    assert_int_equal(strata_check(NULL), 0);
    assert_int_equal(count_used(NULL), count_used(NULL));
    assert_null(strata_heap_next(NULL));
    assert_true(little_heap_is(memory, sizeof memory, 0x55));
    strata_heap *heap = little_heap_new(&config); /* the number is free, too */
    assert_int_equal(st_owner_idx_of(heap->space.owner), number);
    strata_heap_destroy(heap);
}

/* ---- functions that give pages ---- */

#if STRATA_THREADS

static ST_ATOMIC(int) stage;

static void *take_slowly(void *context, size_t size)
{
    (void)size;
    if (st_load_relaxed(&stage) != 1) return NULL; /* relaxed: this thread sets what follows 1. */
    st_store_release(&stage, 2);
    while (st_load_acquire(&stage) == 2) st_os_yield(); /* until somebody looks at all heaps */
    strata_heap *other = strata_heap_create(NULL);      /* needs the list that he holds */
    if (other != NULL) strata_heap_destroy(other);
    (void)context;
    return NULL;
}

static void *grow(void *context)
{
    assert_null(strata_heap_malloc(context, 5000000));
    return NULL;
}

static void let_go_on(void) { st_store_release(&stage, 3); }

static void *look(void *context)
{
    (void)context;
    let_go_on();
    assert_int_equal(strata_check(NULL), 0);
    assert_true(st_heaps_total(&(size_t){0}) >= 1);
    st_heap_lock_all();
    st_heap_unlock_all();
    return NULL;
}

/* A function that gives pages, with its heap's lock held, makes a heap, while somebody else wants all locks:
 * neither waits for the other for ever. */
static void whoever_takes_all_locks_lets_others_finish(void **state)
{
    (void)state;
    pthread_t grower, looker;
    const strata_pages pages = {.take = take_slowly};
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory, .pages = &pages};
    strata_heap *heap = little_heap_new(&config);
    st_store_release(&stage, 1);
    assert_int_equal(pthread_create(&grower, NULL, grow, heap), 0);
    while (st_load_acquire(&stage) != 2) st_os_yield();
    assert_int_equal(pthread_create(&looker, NULL, look, NULL), 0);
    pthread_join(grower, NULL);
    pthread_join(looker, NULL);
    strata_heap_destroy(heap);
    little_heap_trim_process();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(the_walk_tells_whose_a_block_is),
        LITTLE_HEAP_TEST(the_check_finds_what_is_broken_in_any_heap),
        LITTLE_HEAP_TEST(heaps_of_one_thread_are_passed_over),
        LITTLE_HEAP_TEST(statistics_have_a_line_for_each_heap),
        LITTLE_HEAP_TEST(a_heap_that_was_written_over_is_none),
#if STRATA_THREADS
        LITTLE_HEAP_TEST(whoever_takes_all_locks_lets_others_finish),
#endif
    };
    assert_int_equal(front_start(), STRATA_SLABS);
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
