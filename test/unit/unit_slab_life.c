/* SPDX-License-Identifier: MIT-0
 *
 * The life of caches: begun with a thread's first small block, ended with the thread, used again by a
 * later one; without memory, and on a host that does not tell of ends.
 */
#include "fake/slab_orders.h"

#if STRATA_SLABS

#define GET little_slabs_get
#define PUT little_slabs_put

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    little_slabs_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    crew_end_all();
    little_slabs_expect_empty();
    return 0;
}

static st_cache_totals totals(void)
{
    st_cache_totals all;
    st_cache_totals_get(&all);
    return all;
}

/* ---- begin ---- */

static void before_the_start_there_are_no_caches(void **state)
{
    (void)state;
    little_slabs_forget();
    assert_int_equal(st_cache_limit, 0);
    assert_null(st_cache_take(16));
    st_store_relaxed(&st_os_started_flag, false);
    assert_null(st_cache_mine());
    assert_null(st_cache_refill(1));
    st_store_relaxed(&st_os_started_flag, true);
    assert_int_equal(st_cache_count(), 0);
    st_cache_flush();
    st_cache_trim();
    st_cache_take_options();
    assert_int_equal(os_fake_taken(), 0);
    little_slabs_start();
    PUT(GET(1));
}

static void the_first_small_block_begins_a_cache(void **state)
{
    (void)state;
    assert_int_equal(st_cache_count(), 0);
    assert_int_equal(os_fake_watched(), 0);
    char *mem = GET(7);
    assert_int_equal(st_cache_count(), 1);
    assert_int_equal(os_fake_watched(), 1);
    assert_ptr_equal(st_cache_at(1), st_near.cache);
    assert_ptr_equal(st_cache_mine(), st_near.cache);
    assert_int_equal(st_slab_depot_of(st_slices_word(little_slabs_idx(mem))), 1);
    assert_int_equal(st_near.me, 1 << 8);
    PUT(mem);
    assert_int_equal(os_fake_watched(), 1);
    char *theirs;
    assert_int_equal(slab_orders_get(1, 7, &theirs, 1), 2);
    assert_int_equal(st_slab_depot_of(st_slices_word(little_slabs_idx(theirs))), 2);
    assert_int_equal(os_fake_watched(), 2);
    PUT(theirs);
}

/* It may be one whose end was told before, and which would keep a cache for good. */
static void a_thread_that_only_frees_has_a_cache_later(void **state)
{
    (void)state;
    enum { lone = 20, many = lone + 10 };
    char *mem[many];
    st_cache_lone_frees = lone;
    for (size_t i = 0; i < many; i++) mem[i] = GET(7);
    for (size_t i = 0; i < lone; i++) {
        assert_int_equal(slab_orders_put(1, mem + i, 1), 0);
        assert_int_equal(little_slabs_fault(mem[i]), st_misuse_double_free);
    }
    assert_int_equal(st_cache_count(), 1);
    assert_int_equal(slab_orders_put(1, mem + lone, 10), 2);
    for (size_t i = lone; i < many; i++)
        assert_int_equal(little_slabs_fault(mem[i]), st_misuse_none); /* they are collected */
    char *theirs;
    assert_int_equal(slab_orders_get(2, 7, &theirs, 1), 3);
    assert_int_equal(slab_orders_put(2, &theirs, 1), 3);
}

/* Others' ends can't be told either, but this thread has a cache. */
static void a_thread_whose_end_is_not_told_does_without(void **state)
{
    (void)state;
    char *mine = GET(7);
    os_fake_config config = os_fake_usual;
    config.refuses_watch = true;
    os_fake_configure(&config);
    char *theirs = NULL;
    assert_int_equal(slab_orders_get(1, 7, &theirs, 1), 0);
    assert_null(theirs);
    assert_int_equal(slab_orders_put(1, &mine, 1), 0); /* goes back at once */
    assert_int_equal(little_slabs_fault(mine), st_misuse_double_free);
    os_fake_configure(&os_fake_usual);
    assert_int_equal(slab_orders_get(1, 7, &theirs, 1), 0); /* it asked once */
    assert_null(theirs);
    assert_int_equal(slab_orders_get(2, 7, &theirs, 1), 2); /* the cache is left */
    assert_int_equal(st_cache_count(), 2);
    PUT(theirs);
}

static void without_memory_there_is_no_cache_yet(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ONLY(map), 1, true);
    assert_null(little_slabs_try(1));
    assert_null(st_near.cache);
    assert_int_equal(st_cache_count(), 0);
    assert_int_equal(os_fake_watched(), 0);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    PUT(GET(1));
    assert_int_equal(st_cache_count(), 1);
}

/* There are records for so many threads. */
static void threads_beyond_the_last_record_do_without(void **state)
{
    (void)state;
    PUT(GET(1));
    uint32_t count = life_state.count;
    life_state.count = LIFE_CACHES_MAX - 1;
    char *theirs = NULL;
    assert_int_equal(slab_orders_get(1, 7, &theirs, 1), 0);
    assert_null(theirs);
    life_state.count = count;
    assert_int_equal(slab_orders_get(1, 7, &theirs, 1), 2);
    PUT(theirs);
}

/* Blocks come and go one at a time: a free finds no magazine. */
static void without_memory_for_a_magazine_blocks_come_alone(void **state)
{
    (void)state;
    char *mem[70];
    PUT(GET(1));
    while (st_distance(life_state.room, life_state.room_end) >= 256)
        assert_non_null(st_cache_room(256));
    os_fake_fail(OS_FAKE_ONLY(map), 1, true);
    for (size_t i = 0; i < 70; i++) {
        mem[i] = GET(50);
        assert_null(st_near.cache->magazine[50].slots);
    }
    assert_int_equal(totals().kept, 16 * 16); /* those of the first class */
    for (size_t i = 0; i < 70; i++) {
        PUT(mem[i]);
        little_slabs_expect_sound();
    }
    assert_true(os_fake_failed() > 100);
    assert_int_equal(st_near.cache->remote_count, 70 % ST_CACHE_REMOTES);
    assert_int_equal(totals().live_count, 0);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    PUT(GET(50));
    assert_non_null(st_near.cache->magazine[50].slots);
}

/* A magazine that can't grow stays as it is. */
static void without_memory_a_magazine_does_not_grow(void **state)
{
    (void)state;
    char *mem[40];
    for (size_t i = 0; i < 40; i++) mem[i] = GET(1);
    while (st_distance(life_state.room, life_state.room_end) >= 256)
        assert_non_null(st_cache_room(256));
    os_fake_fail(OS_FAKE_ONLY(map), 1, true);
    for (size_t i = 0; i < 40; i++) PUT(mem[i]);
    assert_int_equal(st_near.cache->magazine[1].slot_count, ST_CACHE_GROUP);
    assert_true(os_fake_failed() > 0);
    little_slabs_expect_sound();
}

static void rooms_are_aligned_zero_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 256, 257, 5000, 65536, 70000, 8192, 1};
    char *rooms[TESTING_COUNT(sizes)];
    assert_int_equal(st_cache_room_size(), 0);
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        rooms[i] = st_cache_room(sizes[i]);
        assert_true(st_is_aligned(rooms[i], ST_CACHE_GROUP * 8));
        for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(rooms[i][at], 0);
        memset(rooms[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++)
        for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(rooms[i][at], i + 1);
    os_fake_counts counts;
    os_fake_count(&counts);
    st_slices_totals slices;
    st_slices_totals_get(&slices);
    assert_int_equal(st_cache_room_size(), counts.committed - slices.committed);
}

/* ---- end ---- */

static void a_thread_that_ends_leaves_nothing_behind(void **state)
{
    (void)state;
    char *theirs[300], *mine[10];
    for (size_t i = 0; i < 10; i++) mine[i] = GET(9);
    slab_orders_get(1, 30, theirs, 300);
    slab_orders_put(1, theirs, 299);
    slab_orders_put(1, mine, 10); /* collected */
    assert_true(totals().kept > 0);
    crew_end(1);
    assert_int_equal(totals().live_count, 1);
    assert_int_equal(totals().live, 480);
    for (size_t i = 0; i < 299; i++) { /* all are in their slabs, or those went back */
        st_misuse_kind fault = little_slabs_fault(theirs[i]);
        assert_true(fault == st_misuse_double_free || fault == st_misuse_foreign);
    }
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(little_slabs_fault(mine[i]), st_misuse_double_free);
    little_slabs_expect_sound();
    PUT(theirs[299]);
}

/* Handlers of a thread's end may run after ours, and allocate and free. */
static void end_and_go_on(void *context)
{
    slab_order *wanted = context;
    slab_orders_get_act(wanted);
    assert_true(os_fake_end_thread());
    assert_null(st_near.cache);
    assert_null(st_cache_take(16));
    assert_null(st_cache_refill(1));
    assert_null(st_cache_mine());
    slab_orders_put_act(wanted); /* each goes back at once */
    assert_int_equal(totals().live_count + totals().kept, 0);
    st_cache_flush();
    st_cache_take_options();
}

static void a_thread_may_go_on_after_its_end(void **state)
{
    (void)state;
    char *mem[100];
    crew_do(1, end_and_go_on, &(slab_order){20, 100, mem, 0});
    little_slabs_expect_sound();
    crew_end(1); /* told a second time */
    PUT(GET(1));
    assert_int_equal(st_cache_count(), 1); /* that of the thread that ended */
}

/* With its number, its slabs and its grown magazines, and only one thread at a time. */
static void a_cache_is_used_again(void **state)
{
    (void)state;
    enum { many = 200 };
    char *mem[many], *more[many];
    PUT(GET(1));
    assert_int_equal(slab_orders_get(1, 5, mem, many), 2);
    assert_int_equal(slab_orders_get(2, 5, more, many), 3);
    const st_cache *first = st_cache_at(2);
    slab_orders_put(1, mem, many - 1);
    uint32_t slots = first->magazine[5].slot_count;
    assert_true(slots > ST_CACHE_GROUP);
    crew_end(1);
    assert_null(first->near);
    char *again[many];
    assert_int_equal(slab_orders_get(3, 5, again, many), 2);
    assert_int_equal(first->magazine[5].slot_count, slots);
    assert_int_equal(st_cache_count(), 3);
    assert_ptr_equal(again[0], mem[0]); /* the slab with the one that was left in use */
    crew_end(3);
    crew_end(2);
    assert_int_equal(slab_orders_put(4, more, many),
                     3); /* the one that ended last is taken first */
    assert_int_equal(totals().live_count, many + 1);
    for (size_t i = 0; i < many; i++) PUT(again[i]);
    PUT(mem[many - 1]);
}

static void many_threads_need_as_many_caches_as_live_at_once(void **state)
{
    (void)state;
    char *mem[100];
    size_t records = 0;
    for (size_t round = 0; round < 60; round++) {
        size_t thread = 1 + round % 3;
        crew_end(thread);
        slab_orders_get(thread, 1 + round % 64, mem, 100);
        slab_orders_put((thread + 1) % 4, mem, 50);
        slab_orders_put(thread, mem + 50, 50);
        little_slabs_expect_sound();
        if (round == 9) records = st_cache_room_size();
    }
    assert_int_equal(st_cache_count(), 4);
    assert_true(st_cache_room_size() <= records + 2 * ST_GRANULE);
    assert_int_equal(totals().live_count, 0);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(before_the_start_there_are_no_caches),
        UNIT_TEST(the_first_small_block_begins_a_cache),
        UNIT_TEST(a_thread_that_only_frees_has_a_cache_later),
        UNIT_TEST(a_thread_whose_end_is_not_told_does_without),
        UNIT_TEST(without_memory_there_is_no_cache_yet),
        UNIT_TEST(threads_beyond_the_last_record_do_without),
        UNIT_TEST(without_memory_for_a_magazine_blocks_come_alone),
        UNIT_TEST(without_memory_a_magazine_does_not_grow),
        UNIT_TEST(rooms_are_aligned_zero_and_apart),
        UNIT_TEST(a_thread_that_ends_leaves_nothing_behind),
        UNIT_TEST(a_thread_may_go_on_after_its_end),
        UNIT_TEST(a_cache_is_used_again),
        UNIT_TEST(many_threads_need_as_many_caches_as_live_at_once),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_caches_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_caches_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
