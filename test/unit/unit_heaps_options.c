/* SPDX-License-Identifier: MIT-0
 *
 * What a heap's config may ask for besides memory: by how much it grows, when memory goes back, no lock,
 * freed contents overwritten, a name that the host shows; and that all of it can be read back.
 */
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>

static _Alignas(128) unsigned char memory[64 * 1024];

/* ---- growing ---- */

static void a_heap_grows_by_its_granularity(void **state)
{
    (void)state;
    for (size_t unit = ST_GRANULE; unit <= 4 * ST_MIB; unit *= 4) {
        const strata_heap_config config = {.granularity = unit};
        strata_heap *heap = little_heap_new(&config);
        assert_int_equal(strata_heap_footprint(heap), unit);
        size_t before = unit;
        for (size_t i = 0; i < 200; i++) {
            assert_non_null(strata_heap_malloc(heap, 40000));
            size_t now = strata_heap_footprint(heap);
            assert_true(now == before || now == before + unit);
            before = now;
        }
        assert_true(before < 200 * 40016 + 2 * unit + 2000);
        assert_non_null(strata_heap_malloc(heap, 3 * unit));
        assert_int_equal(strata_heap_footprint(heap) % unit, 0);
        little_heap_expect_sound(heap);
        strata_heap_destroy(heap);
    }
}

/* A cap lets it have whole units only. */
static void a_capped_heap_takes_no_part_of_a_unit(void **state)
{
    (void)state;
    const strata_heap_config config = {.granularity = 4 * ST_GRANULE, .limit = 10 * ST_GRANULE};
    strata_heap *heap = little_heap_new(&config);
    while (strata_heap_malloc(heap, 10000) != NULL) continue;
    assert_int_equal(strata_heap_footprint(heap), 8 * ST_GRANULE);
    strata_heap_destroy(heap);
}

static void what_is_no_granularity_is_refused(void **state)
{
    (void)state;
    static const size_t wrong[] = {1, 4096, ST_GRANULE - 1, ST_GRANULE + 1, 3 * ST_GRANULE, (size_t)1 << 31,
                                   SIZE_MAX};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        const strata_heap_config config = {.granularity = wrong[i]};
        errno = 0;
        assert_null(strata_heap_create(&config));
        assert_int_equal(errno, EINVAL);
    }
    strata_heap_config config = {.name = NULL};
    for (size_t i = 0; i < TESTING_COUNT(config.spare); i++) {
        config.spare[i] = 1;
        errno = 0;
        assert_null(strata_heap_create(&config));
        assert_int_equal(errno, EINVAL);
        config.spare[i] = 0;
    }
}

/* ---- giving back ---- */

static size_t committed_now(void)
{
    os_fake_counts counts;
    os_fake_count(&counts);
    return counts.committed;
}

static size_t purges_now(void)
{
    os_fake_counts counts;
    os_fake_count(&counts);
    return counts.calls[os_fake_call_purge];
}

/* The host's pages at the end of the heap go at once, whatever the options say, and others never. */
static void free_memory_goes_back_at_the_heaps_threshold(void **state)
{
    (void)state;
    static const size_t thresholds[] = {0, 100000, 1000000, SIZE_MAX};
    st_option_set(st_option_id_purge_delay, SIZE_MAX);
    for (size_t i = 0; i < TESTING_COUNT(thresholds); i++) {
        const strata_heap_config config = {.trim_threshold = thresholds[i]};
        strata_heap *heap = little_heap_new(&config);
        char *mem = strata_heap_malloc(heap, 500000);
        memset(mem, 1, 500000);
        size_t before = purges_now();
        strata_heap_free(heap, mem);
        assert_int_equal(purges_now() - before, thresholds[i] == 100000);
        mem = strata_heap_calloc(heap, 1, 2000000);
        assert_true(little_heap_is(mem, 2000000, 0));
        before = purges_now();
        void *blocks[] = {mem};
        assert_int_equal(strata_heap_free_batch(heap, blocks, 1), 0);
        assert_int_equal(purges_now() - before, i == 1 || i == 2);
        little_heap_expect_sound(heap);
        strata_heap_destroy(heap);
    }
}

/* By themselves: 0 is at once for those that are not told when. */
static void a_heap_that_keeps_its_pages_is_not_trimmed_by_time(void **state)
{
    (void)state;
    st_option_set(st_option_id_purge_delay, 0);
    st_option_set(st_option_id_trim_threshold, 0);
    for (int keeps = 0; keeps < 2; keeps++) {
        const strata_heap_config config = {.trim_threshold = keeps ? SIZE_MAX : 0};
        strata_heap *heap = little_heap_new(&config);
        char *mem = strata_heap_malloc(heap, 3000000);
        memset(mem, 1, 3000000);
        size_t before = purges_now();
        strata_heap_free(heap, mem);
        assert_int_equal(purges_now() - before, STRATA_RETURN && !keeps);
        assert_int_equal(strata_heap_trim(heap, 0), 1);
        strata_heap_destroy(heap);
    }
}

static void whole_segments_go_back_at_the_threshold(void **state)
{
    (void)state;
    const strata_heap_config config = {.trim_threshold = 1000000, .reserve = ST_GRANULE, .granularity = ST_GRANULE};
    os_fake_config host = os_fake_usual;
    host.refuses_reserve_at = true; /* so that there are many segments */
    os_fake_configure(&host);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    strata_heap *heap = little_heap_new(&config);
    char *large = strata_heap_malloc(heap, 2000000);
    assert_non_null(strata_heap_malloc(heap, 5000000));
    assert_true(little_heap_segments(heap) >= 2);
    size_t before = committed_now();
    strata_heap_free(heap, large);
    assert_true(before - committed_now() >= 2000000);
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

/* ---- contents ---- */

/* There are words of strata's in free memory; but not these. */
static void expect_erased(const void *mem, size_t size)
{
    const unsigned char *at = mem;
    for (size_t i = 0; i + 4 <= size; i++) assert_int_not_equal(memcmp(at + i, "wwww", 4), 0);
}

static void what_is_freed_is_overwritten(void **state)
{
    (void)state;
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory, .is_fixed = 1, .erases_freed = 1};
    strata_heap *heap = little_heap_new(&config);
    unsigned char *mem = strata_heap_malloc(heap, 5000);
    void *wall = strata_heap_malloc(heap, 200);
    memset(mem, 'w', 5000);
    memset(wall, 'w', 200);
    assert_ptr_equal(strata_heap_realloc(heap, mem, 1000), mem); /* in place */
    assert_true(little_heap_is(mem, 1000, 'w'));
    expect_erased(mem + 1008, 5000 - 1008);
    unsigned char *moved = strata_heap_realloc(heap, mem, 6000);
    assert_ptr_not_equal(moved, mem);
    assert_true(little_heap_is(moved, 1000, 'w'));
    expect_erased(mem, 5000);
    memset(moved, 'w', 6000);
    void *blocks[] = {moved, wall};
    assert_int_equal(strata_heap_free_batch(heap, blocks, 2), 0);
    expect_erased(memory, sizeof memory);
    memset(strata_heap_malloc(heap, 30000), 'w', 30000);
    strata_heap_reset(heap);
    expect_erased(memory, sizeof memory);
    memset(strata_heap_malloc(heap, 30000), 'w', 30000);
    strata_heap_destroy(heap);
    expect_erased(memory, sizeof memory);
}

/* ---- no lock ---- */

#if STRATA_THREADS
/* The lock is taken by somebody, and nobody waits for it. */
static void a_heap_of_one_thread_takes_no_lock(void **state)
{
    (void)state;
    const strata_heap_config config = {.has_one_thread = 1};
    strata_heap *heap = little_heap_new(&config);
    st_store_relaxed(&heap->space.lock.word, 1); /* relaxed: there is one thread. */
    void *mem = strata_heap_malloc(heap, 100);
    mem = strata_heap_realloc(heap, mem, 10000);
    void *aligned = strata_heap_memalign(heap, 4096, 100);
    void *blocks[10];
    strata_stats stats;
    assert_int_equal(strata_heap_malloc_batch(heap, 10, blocks, 10), 10);
    assert_int_equal(strata_heap_free_batch(heap, blocks, 10), 0);
    assert_true(strata_heap_usable_size(heap, mem) >= 10000);
    strata_heap_stats_get(heap, &stats);
    assert_true(stats.live > 10000);
    assert_int_equal(strata_heap_check(heap, NULL), 0);
    strata_free(mem);
    strata_heap_free(heap, aligned);
    strata_heap_trim(heap, 0);
    strata_heap_reset(heap);
    assert_int_equal(st_load_relaxed(&heap->space.lock.word), 1); /* relaxed: as above. */
    st_store_relaxed(&heap->space.lock.word, 0);                  /* relaxed: as above. */
    strata_heap_destroy(heap);
}
#endif

/* ---- names ---- */

static void the_host_is_told_the_name_of_each_segment(void **state)
{
    (void)state;
    size_t size, named_before, size_before;
    const char *name;
    const strata_heap_config config = {.name = "maps and \n files"};
    named_before = os_fake_named(&size_before, &name);
    strata_heap *heap = little_heap_new(&config);
    assert_int_equal(os_fake_named(&size, &name), named_before + 1);
    assert_string_equal(name, "maps and \n files");
    assert_int_equal(size - size_before, heap->space.reserved);
    assert_non_null(strata_heap_malloc(heap, 2 * heap->space.reserved)); /* there, or in another segment */
    assert_true(os_fake_named(&size, &name) > named_before + 1);
    assert_int_equal(size - size_before, heap->space.reserved);
    strata_heap_destroy(heap);
}

static void memory_of_others_is_not_named(void **state)
{
    (void)state;
    size_t size;
    const char *name;
    const strata_heap_config configs[] = {
        {.tag = 1}, {.name = "mine", .base = memory, .base_size = sizeof memory, .is_fixed = 1}};
    size_t before = os_fake_named(&size, &name);
    for (size_t i = 0; i < TESTING_COUNT(configs); i++) {
        strata_heap *heap = little_heap_new(&configs[i]);
        assert_int_equal(strata_heap_malloc(heap, 1000000) == NULL, configs[i].is_fixed);
        strata_heap_destroy(heap);
    }
    assert_int_equal(os_fake_named(&size, &name), before);
}

/* ---- reading back ---- */

static void *take_pages(void *context, size_t size) { return size <= sizeof memory ? context : NULL; }

static void a_config_can_be_read_back(void **state)
{
    (void)state;
    strata_heap_config back;
    strata_pages pages = {.is_zero = 7};
    strata_heap *heap = little_heap_new(NULL);
    strata_heap_config_get(heap, &back, &pages);
    assert_string_equal(back.name, "");
    assert_int_equal(back.tag + back.limit + back.reserve + back.base_size + back.granularity + back.trim_threshold, 0);
    assert_true(back.base == NULL && back.pages == NULL && pages.is_zero == 7);
    assert_false(back.is_fixed || back.has_one_thread || back.erases_freed);
    strata_heap_destroy(heap);

    const strata_heap_config full = {.name = "full", .tag = 77, .limit = 100000, .granularity = 1 << 20,
                                     .trim_threshold = 5000, .has_one_thread = 1, .erases_freed = 2};
    heap = strata_heap_create(&full);
    assert_null(heap); /* one unit is more than the cap */
    strata_heap_config fits = full;
    fits.limit = (size_t)3 << 20;
    heap = little_heap_new(&fits);
    strata_heap_config_get(heap, &back, NULL);
    assert_string_equal(back.name, "full");
    assert_int_equal(back.tag, 77);
    assert_int_equal(back.limit, (size_t)3 << 20);
    assert_int_equal(back.granularity, 1 << 20);
    assert_int_equal(back.trim_threshold, 8192);
    assert_true(back.has_one_thread == 1 && back.erases_freed == 1 && back.is_fixed == 0);
    strata_heap_set_footprint_limit(heap, SIZE_MAX);
    strata_heap_config_get(heap, &back, NULL);
    assert_int_equal(back.limit, 0);
    strata_heap *twin = little_heap_new(&back); /* what is told can be asked for */
    strata_heap_destroy(twin);
    strata_heap_destroy(heap);

    const strata_heap_config fixed = {.base = memory + 3, .base_size = 9000, .is_fixed = 1, .trim_threshold = SIZE_MAX};
    heap = little_heap_new(&fixed);
    strata_heap_config_get(heap, &back, &pages);
    assert_ptr_equal(back.base, memory + ST_CHUNK_GRAIN);
    assert_int_equal(back.base_size, st_round_down(9003 - ST_CHUNK_GRAIN, ST_CHUNK_GRAIN));
    assert_true(back.is_fixed && back.pages == NULL && back.trim_threshold == SIZE_MAX);
    strata_heap_destroy(heap);
}

static void pages_can_be_read_back(void **state)
{
    (void)state;
    strata_heap_config back;
    strata_pages told;
    const size_t size = sizeof memory;
    char *granule = st_os_map(size, size);
    const strata_pages pages = {.take = take_pages, .context = granule, .is_zero = 1};
    const strata_heap_config config = {.pages = &pages, .reserve = size};
    strata_heap *heap = little_heap_new(&config);
    strata_heap_config_get(heap, &back, &told);
    assert_ptr_equal(back.pages, &told);
    assert_true(told.take == take_pages && told.give == NULL && told.context == granule && told.is_zero == 1);
    strata_heap_config_get(heap, &back, NULL);
    assert_null(back.pages);
    strata_heap_destroy(heap);
    st_os_release(granule, size);
}

/* ---- no memory ---- */

#if STRATA_PAGEMAP
/* What the process's heap keeps of freed mappings is given back when a heap needs memory that the host has
 * not. */
static void a_heap_gets_what_the_process_keeps(void **state)
{
    (void)state;
    st_option_set(st_option_id_direct_cache, SIZE_MAX);
    strata_heap *heap = little_heap_new(NULL);
    strata_free(strata_malloc(50000000));
    strata_stats stats;
    strata_stats_get(&stats);
    assert_true(stats.cached >= 50000000);
    os_fake_counts counts;
    os_fake_count(&counts);
    os_fake_config host = os_fake_usual;
    host.memory_limit = counts.committed + 1000000;
    os_fake_configure(&host);
    void *mem = strata_heap_malloc(heap, 40000000);
    assert_non_null(mem);
    strata_stats_get(&stats);
    assert_int_equal(stats.cached, 0);
    assert_null(strata_heap_malloc(heap, 40000000));
    os_fake_configure(&os_fake_usual);
    strata_heap_destroy(heap);
    little_heap_trim_process();
}

/* It does not help against a cap. */
static void a_capped_heap_leaves_the_process_alone(void **state)
{
    (void)state;
    const strata_heap_config config = {.limit = 1000000};
    st_option_set(st_option_id_direct_cache, SIZE_MAX);
    strata_heap *heap = little_heap_new(&config);
    strata_free(strata_malloc(50000000));
    assert_null(strata_heap_malloc(heap, 2000000));
    strata_stats stats;
    strata_stats_get(&stats);
    assert_true(stats.cached >= 50000000);
    strata_heap_destroy(heap);
    strata_trim(0);
    little_heap_trim_process();
}
#endif

/* A whole free segment that is too small, under a cap, goes for one that is large enough. */
static void free_segments_go_before_a_request_fails(void **state)
{
    (void)state;
    const strata_heap_config config = {.limit = 4000000, .granularity = ST_GRANULE, .reserve = ST_GRANULE};
    os_fake_config host = os_fake_usual;
    host.refuses_reserve_at = true;
    os_fake_configure(&host);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    st_option_set(st_option_id_purge_delay, SIZE_MAX);
    strata_heap *heap = little_heap_new(&config);
    void *mem = strata_heap_malloc(heap, 1500000);
    assert_non_null(strata_heap_malloc(heap, 500000));
    strata_heap_free(heap, mem);
    assert_non_null(strata_heap_malloc(heap, 2500000));
    assert_true(strata_heap_footprint(heap) <= 4000000 + ST_GRANULE);
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(a_heap_grows_by_its_granularity),
        LITTLE_HEAP_TEST(a_capped_heap_takes_no_part_of_a_unit),
        LITTLE_HEAP_TEST(what_is_no_granularity_is_refused),
        LITTLE_HEAP_TEST(free_memory_goes_back_at_the_heaps_threshold),
        LITTLE_HEAP_TEST(a_heap_that_keeps_its_pages_is_not_trimmed_by_time),
        LITTLE_HEAP_TEST(whole_segments_go_back_at_the_threshold),
        LITTLE_HEAP_TEST(what_is_freed_is_overwritten),
#if STRATA_THREADS
        LITTLE_HEAP_TEST(a_heap_of_one_thread_takes_no_lock),
#endif
        LITTLE_HEAP_TEST(the_host_is_told_the_name_of_each_segment),
        LITTLE_HEAP_TEST(memory_of_others_is_not_named),
        LITTLE_HEAP_TEST(a_config_can_be_read_back),
        LITTLE_HEAP_TEST(pages_can_be_read_back),
#if STRATA_PAGEMAP
        LITTLE_HEAP_TEST(a_heap_gets_what_the_process_keeps),
        LITTLE_HEAP_TEST(a_capped_heap_leaves_the_process_alone),
#endif
        LITTLE_HEAP_TEST(free_segments_go_before_a_request_fails),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
