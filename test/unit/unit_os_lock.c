/* SPDX-License-Identifier: MIT-0
 *
 * The lock: one holder at a time, with and without other threads, and the check of ranks.
 */
#include "fake/testing.h"

#include "os/lock.h"

#if STRATA_THREADS

#include <pthread.h>

static int setup(void **state)
{
    (void)state;
    os_fake_reset();
    return 0;
}

static void a_taken_lock_is_not_taken_again(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    st_lock lock = {.rank = 0};
    assert_true(st_lock_try(&lock));
    assert_false(st_lock_try(&lock));
    st_lock_drop(&lock);
    assert_true(st_lock_try(&lock));
    st_lock_reset(&lock);
    st_lock_take(&lock);
    assert_false(st_lock_try(&lock));
    st_lock_drop(&lock);
}

enum { unit_threads = 4, unit_rounds = 20000 };

typedef struct unit_shared {
    st_lock lock;
    size_t counted; /* guarded by lock */
    size_t inside;  /* guarded by lock: how many threads are in */
    size_t crowds;  /* guarded by lock: how often there was company */
} unit_shared;

static void *unit_count(void *context) ST_NO_LOCK_ANALYSIS
{
    unit_shared *shared = context;
    for (int i = 0; i < unit_rounds; i++) {
        if (i % 3 != 0 || !st_lock_try(&shared->lock)) st_lock_take(&shared->lock);
        if (shared->inside++ != 0) shared->crowds++;
        shared->counted++;
        if (i % 1024 == 0) st_os_yield(); /* somebody else runs into the lock */
        shared->inside--;
        st_lock_drop(&shared->lock);
    }
    return NULL;
}

static void threads_take_turns(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    unit_shared shared = {.counted = 0};
    pthread_t thread[unit_threads];
    for (int i = 0; i < unit_threads; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, unit_count, &shared), 0);
    }
    for (int i = 0; i < unit_threads; i++) pthread_join(thread[i], NULL);
    assert_int_equal(shared.counted, unit_threads * unit_rounds);
    assert_int_equal(shared.crowds, 0);
    assert_true(st_lock_try(&shared.lock));
    st_lock_drop(&shared.lock);
}

/* ---- ranks ---- */

static void take_both(void *context) ST_NO_LOCK_ANALYSIS
{
    st_lock *pair = context;
    st_lock_take(&pair[0]);
    st_lock_take(&pair[1]);
    st_lock_drop(&pair[1]);
    st_lock_drop(&pair[0]);
}

static bool takes(uint32_t first_rank, uint32_t second_rank)
{
    st_lock pair[2] = {{.rank = first_rank}, {.rank = second_rank}};
    st_lock_watch_ranks();
    os_fake_clear_output();
    return !child_dies(take_both, pair);
}

static void ranks_ascend(void **state)
{
    (void)state;
    bool is_checked = STRATA_CHECK >= 2;
    assert_true(takes(st_lock_rank_init, st_lock_rank_space));
    assert_true(takes(st_lock_rank_space, st_lock_rank_space + 1));
    assert_true(takes(st_lock_rank_space + STRATA_SPACES_MAX - 1, st_lock_rank_direct));
    assert_true(takes(st_lock_rank_direct, st_lock_rank_pagemap));
    assert_true(takes(0, st_lock_rank_init));
    assert_true(takes(st_lock_rank_pagemap, 0));
    assert_int_equal(takes(st_lock_rank_space, st_lock_rank_init), !is_checked);
    assert_int_equal(takes(st_lock_rank_space, st_lock_rank_space), !is_checked);
    assert_int_equal(takes(st_lock_rank_pagemap, st_lock_rank_direct), !is_checked);
    assert_int_equal(takes(st_lock_rank_pagemap, st_lock_rank_space), !is_checked);
    assert_int_equal(takes(st_lock_rank_end - 1, 63), !is_checked);
}

static void a_wrong_order_is_told(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    st_lock pair[2] = {{.rank = 9}, {.rank = 8}};
    st_lock_watch_ranks();
    bool stopped = os_fake_stops(take_both, pair);
    assert_int_equal(stopped, STRATA_CHECK >= 2);
    if (stopped) {
        assert_non_null(strstr(os_fake_output(), "locks are taken in ascending rank"));
        st_lock_drop(&pair[0]); /* take_both did not get that far */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_taken_lock_is_not_taken_again, setup),
        cmocka_unit_test_setup(ranks_ascend, setup),
        cmocka_unit_test_setup(a_wrong_order_is_told, setup),
        cmocka_unit_test_setup(threads_take_turns, setup),
    };
    return TESTING_RUN(tests);
}

#else

static void locks_do_nothing_without_threads(void **state)
{
    (void)state;
    st_lock lock = {.rank = 1};
    st_lock_take(&lock);
    assert_true(st_lock_try(&lock));
    st_lock_drop(&lock);
    st_lock_reset(&lock);
    st_lock_watch_ranks();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(locks_do_nothing_without_threads)};
    return TESTING_RUN(tests);
}

#endif
