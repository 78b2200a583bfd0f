/* SPDX-License-Identifier: MIT-0
 *
 * What changes caches from outside: the option that does without magazines, a trim of all, a fork.
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

/* ---- without magazines ---- */

static void turn_magazines(size_t limit)
{
    st_option_set(st_option_id_magazine_limit, limit);
    st_cache_take_options();
}

static void with_limit_0_nothing_is_kept(void **state)
{
    (void)state;
    char *mem[50];
    turn_magazines(0);
    for (size_t i = 0; i < 50; i++) {
        mem[i] = GET(12);
        memset(mem[i], 1, 192);
        assert_int_equal(totals().kept, 0);
        assert_int_equal(totals().live_count, i + 1);
    }
    assert_int_equal(st_near.me, ST_CACHE_NOBODY);
    for (size_t i = 0; i < 50; i++) {
        PUT(mem[i]);
        assert_int_equal(little_slabs_fault(mem[i]), st_misuse_double_free);
        assert_int_equal(totals().live_count, 49 - i);
        assert_int_equal(totals().kept, 0);
    }
    assert_int_equal(totals().allocations, 50);
}

static void with_limit_0_every_wrong_free_is_told_at_once(void **state)
{
    (void)state;
    char *mem = GET(12);
    char *other = GET(12);
    st_option_set(st_option_id_on_misuse, 1);
    turn_magazines(0);
    PUT(mem);
    PUT(other + 16);
    little_slabs_expect_told(LITTLE_SLABS_INTERIOR, other + 16, 1);
    PUT(other + 1);
    little_slabs_expect_told(LITTLE_SLABS_MISALIGNED, other + 1, 1);
    PUT(mem);
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem, 1);
    PUT(other);
}

static void the_limit_changes_while_blocks_are_kept(void **state)
{
    (void)state;
    char *mem[90], *theirs[40];
    slab_orders_get(1, 12, theirs, 40);
    slab_orders_put(1, theirs, 20);
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < 90; i++) mem[i] = GET(12);
        for (size_t i = 0; i < 30; i++) PUT(mem[i]);
        PUT(theirs[20 + round]); /* is collected */
        turn_magazines(0);
        assert_int_equal(little_slabs_kept(12), 0);
        assert_int_equal(st_near.cache->remote_count, 0);
        for (size_t i = 30; i < 60; i++) PUT(mem[i]);
        assert_int_equal(little_slabs_kept(12), 0);
        little_slabs_expect_sound();
        turn_magazines(64 * ST_KIB);
        for (size_t i = 60; i < 90; i++) PUT(mem[i]);
        assert_true(little_slabs_kept(12) >= 30);
        little_slabs_expect_sound();
    }
    /* The other thread goes on as it began; one that begins with 0 keeps nothing. */
    st_option_set(st_option_id_magazine_limit, 0);
    slab_orders_put(1, theirs + 24, 16);
    assert_true(totals().kept > 0);
    st_cache_flush();
    crew_end(1);
    slab_orders_get(2, 12, theirs, 40);
    assert_int_equal(totals().kept, 0);
    slab_orders_put(2, theirs, 40);
    assert_int_equal(totals().kept, 0);
}

/* ---- trim ---- */

static void a_trim_gives_back_the_empty_slabs_of_all(void **state)
{
    (void)state;
    char *mem[3][10];
    for (size_t i = 0; i < 3; i++) {
        slab_orders_get(i, 64, mem[i], 10);
        slab_orders_put(3, mem[i], 10);
    }
    char *kept = GET(1);
    crew_end(3);
    assert_int_equal(little_slabs_used(), 4);
    little_slabs_expect_sound();
    for (size_t i = 0; i < 3; i++) slab_orders_get(i, 64, mem[i], 1);
    for (size_t i = 0; i < 3; i++) slab_orders_put(i, mem[i], 1);
    crew_end(1);
    crew_end(2);
    st_cache_trim();
    assert_int_equal(little_slabs_used(), 1);
    PUT(kept);
}

/* ---- fork ---- */

static void the_locks_can_be_held_around_a_fork(void **state)
{
    (void)state;
    char *theirs;
    char *mine = GET(1);
    slab_orders_get(1, 1, &theirs, 1);
    st_cache_lock_all();
    if (STRATA_THREADS)
        for (uint32_t number = 1; number <= 2; number++)
            assert_false(st_lock_try(&st_cache_at(number)->depot.lock));
    if (STRATA_THREADS) assert_false(st_lock_try(&life_state.lock));
    st_cache_unlock_all();
    slab_orders_put(1, &mine, 1);
    PUT(theirs);
    little_slabs_expect_sound();
}

/* In a child: what the other threads had in use stays so, what they kept is lost, their caches are
 * for later threads; this thread has what it had. */
static int fork_in_child(void *context)
{
    char **mem = context; /* 0 to 9 are this thread's, 10 to 19 the other's */
    st_cache *mine = st_near.cache;
    st_cache *theirs = st_cache_at(3 - mine->depot.number);
    size_t kept = little_slabs_kept(5);
    st_cache_reset_all();
    if (st_near.cache != mine || mine->near != &st_near) return 1;
    if (little_slabs_kept(5) != kept || kept == 0) return 2;
    if (theirs->near != NULL || theirs->remote_count != 0 || theirs->more != NULL) return 3;
    const char *first = NULL;
    if (st_cache_check(&first) != 0) return 4;
    for (size_t i = 0; i < 20; i++) {
        if (little_slabs_fault(mem[i]) != st_misuse_none) return 5;
        PUT(mem[i]);
    }
    st_cache_flush();
    /* This thread plays the next one that the child begins; what it was itself sleeps on. */
    char *next[100];
    static st_cache_near asleep;
    asleep = st_near;
    mine->near = &asleep;
    little_slabs_be_new_thread();
    for (size_t i = 0; i < 100; i++) {
        next[i] = little_slabs_try(5);
        if (next[i] == NULL) return 6;
        for (size_t j = 0; j < i; j++)
            if (next[i] == next[j]) return 7;
    }
    if (st_near.cache != theirs || st_cache_count() != 2) return 8;
    for (size_t i = 0; i < 100; i++) PUT(next[i]);
    st_cache_close();
    return st_cache_check(&first) == 0 ? 0 : 9;
}

static void the_child_of_a_fork_has_one_threads_cache(void **state)
{
    (void)state;
    char *mem[20], *kept[10];
    for (size_t i = 0; i < 10; i++) mem[i] = GET(5);
    slab_orders_get(1, 5, mem + 10, 10);
    slab_orders_get(1, 6, kept, 10);
    slab_orders_put(1, kept, 10);
    slab_orders_put(1, (char *[]){GET(7)}, 1); /* is collected there */
    st_cache_mine()->more = st_cache_at(2)->more =
        mem; /* whatever the layer above keeps there */
    child_end end = child_run(fork_in_child, mem, false);
    st_cache_mine()->more = st_cache_at(2)->more = NULL;
    assert_false(end.was_killed);
    assert_int_equal(end.code, 0);
    slab_orders_put(1, mem, 20);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(with_limit_0_nothing_is_kept),
        UNIT_TEST(with_limit_0_every_wrong_free_is_told_at_once),
        UNIT_TEST(the_limit_changes_while_blocks_are_kept),
        UNIT_TEST(a_trim_gives_back_the_empty_slabs_of_all),
        UNIT_TEST(the_locks_can_be_held_around_a_fork),
        UNIT_TEST(the_child_of_a_fork_has_one_threads_cache),
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
