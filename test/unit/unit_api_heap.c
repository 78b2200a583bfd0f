/* SPDX-License-Identifier: MIT-0
 *
 * The heap over its spaces: which one serves, which one owns, what happens when memory is
 * scarce, and what a wrong pointer does. One thread plays several by holding locks. The front end is
 * not started here: all goes to spaces and direct mappings (unit_api_front.c has the rest).
 */
#include "fake/testing.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "api/front.h"
#include "books/options.h"
#include "map/direct.h"
#include "strata.h"

static int setup(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    os_fake_clear_output();
    for (unsigned id = 0; id < st_option_count; id++) {
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    }
    st_option_set(st_option_id_direct_threshold, 4 * ST_MIB); /* the sizes below are for this */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    const char *first = NULL;
    strata_stats stats;
    int broken = strata_check(&first);
    TESTING_SOUND(broken, first);
    strata_stats_get(&stats);
    assert_int_equal(stats.live, 0);
    return 0;
}

/* ---- spaces ---- */

#if STRATA_SPACES_MAX > 1

static unsigned owner_of(const void *mem)
{
    st_owner owner = st_pagemap_get(mem);
    assert_int_equal(st_owner_kind_of(owner), st_owner_space);
    return st_owner_idx_of(owner);
}

static void lock_spaces(unsigned count) ST_NO_LOCK_ANALYSIS
{
    for (unsigned idx = 0; idx < count; idx++)
        assert_true(st_lock_try(&st_heap_space(idx)->lock));
}

static void unlock_spaces(unsigned count) ST_NO_LOCK_ANALYSIS
{
    for (unsigned idx = 0; idx < count; idx++) st_lock_drop(&st_heap_space(idx)->lock);
}

/* Takes a block while the locks of the first `count` spaces are held by somebody else. */
static char *take_while_taken(unsigned count)
{
    st_lock_reset(&st_heap_space(0)->lock);
    lock_spaces(count);
    char *mem = st_heap_alloc(100, NULL);
    unlock_spaces(count);
    assert_non_null(mem);
    return mem;
}

/* Lives on until its process, a child, ends: another thread must not get its place, by which it is
 * known. */
static void *allocate_and_stay(void *done)
{
    st_heap_free(st_heap_alloc(100, NULL));
    sem_post(done);
    for (;;) pause();
    return NULL;
}

/* Makes another thread the resident of space `idx`: those below are taken when it comes. */
static void let_another_reside_in(unsigned idx)
{
    pthread_t thread;
    sem_t done;
    assert_int_equal(sem_init(&done, 0, 0), 0);
    lock_spaces(idx);
    assert_int_equal(pthread_create(&thread, NULL, allocate_and_stay, &done), 0);
    while (sem_wait(&done) != 0) continue;
    unlock_spaces(idx);
}

/* This thread shares its home, moves, and stays where it has found a free space. */
static int spaces_in_child(void *context)
{
    (void)context;
    strata_stats stats;
    char *mem[4] = {st_heap_alloc(100, NULL)};
    if (owner_of(mem[0]) != 0 || st_heap_space_count() != 1) return 1;
    let_another_reside_in(0);
    mem[1] = take_while_taken(1);
    if (owner_of(mem[1]) != 1 || st_heap_space_count() != 2) return 2;
    mem[2] = st_heap_alloc(100, NULL);
    if (owner_of(mem[2]) != 1) return 3;
    let_another_reside_in(1);
    mem[3] = take_while_taken(2);
    if (owner_of(mem[3]) != 2 || st_heap_space_count() != 3) return 4;
    strata_stats_get(&stats);
    if (stats.spaces != 3 || stats.segments != 3) return 5;
    st_heap_lock_all();
    st_heap_unlock_all();
    st_heap_lock_all();
    st_heap_reset_locks();
    for (int i = 0; i < 4; i++) st_heap_free(mem[i]);
    strata_stats_get(&stats);
    if (STRATA_STATS && stats.allocations != stats.frees) return 6;
    return strata_check(NULL) == 0 && stats.live == 0 ? 0 : 7;
}

static void a_thread_that_finds_its_space_taken_goes_elsewhere(void **state)
{
    (void)state;
    child_end end = child_run(spaces_in_child, NULL, false);
    assert_false(end.was_killed);
    assert_int_equal(end.code, 0);
}

/* Somebody frees in space 1, where this thread is the resident, and space 0 is free. */
static int resident_in_child(void *context)
{
    (void)context;
    char *mem[4] = {st_heap_alloc(100, NULL)};
    let_another_reside_in(0);
    mem[1] = take_while_taken(1);
    if (owner_of(mem[1]) != 1) return 1;
    if (!st_lock_try(&st_heap_space(1)->lock)) return 2;
    mem[2] = st_heap_alloc(100, NULL);
    st_lock_drop(&st_heap_space(1)->lock);
    mem[3] = st_heap_alloc(100, NULL);
    if (owner_of(mem[2]) != 0 || owner_of(mem[3]) != 1) return 3;
    for (int i = 0; i < 4; i++) st_heap_free(mem[i]);
    return st_heap_space_count() == 2 && strata_check(NULL) == 0 ? 0 : 4;
}

static void a_resident_borrows_and_comes_home(void **state)
{
    (void)state;
    child_end end = child_run(resident_in_child, NULL, false);
    assert_false(end.was_killed);
    assert_int_equal(end.code, 0);
}

/* Space 1 has room where no space can grow. */
static int scarce_in_child(void *context)
{
    (void)context;
    char *mem[2] = {st_heap_alloc(100, NULL)};
    let_another_reside_in(0);
    mem[1] = take_while_taken(1);
    st_heap_free(mem[1]);
    os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
    size_t taken = 0;
    void *last = NULL;
    for (void *more = mem[0]; more != NULL; more = st_heap_alloc(60 * ST_KIB, NULL)) {
        last = more;
        if (taken++ > 100) return 1;
    }
    (void)last;
    if (taken < 3) return 2;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    return strata_check(NULL) == 0 ? 0 : 3;
}

static void what_one_space_lacks_another_may_have(void **state)
{
    (void)state;
    child_end end = child_run(scarce_in_child, NULL, false);
    assert_false(end.was_killed);
    assert_int_equal(end.code, 0);
}

#endif

/* ---- scarce memory ---- */

#if STRATA_PAGEMAP
static void the_cache_is_given_up_when_memory_is_scarce(void **state)
{
    (void)state;
    void *small = st_heap_alloc(100, NULL);
    void *large = st_heap_alloc(5 * ST_MIB, NULL);
    st_option_set(st_option_id_direct_cache, SIZE_MAX);
    st_heap_free(large);
    os_fake_counts counts;
    os_fake_count(&counts);
    os_fake_config config = os_fake_usual;
    config.memory_limit = counts.committed + 64 * ST_KIB;
    os_fake_configure(&config);
    void *medium = st_heap_alloc(3 * ST_MIB, NULL);
    os_fake_configure(&os_fake_usual);
    assert_non_null(medium);
    st_heap_free(medium);
    st_heap_free(small);
}

static void blocks_at_the_threshold_have_mappings_of_their_own(void **state)
{
    (void)state;
    size_t threshold = st_option(direct_threshold);
    void *below = st_heap_alloc(threshold - ST_CHUNK_OVERHEAD - ST_CHUNK_GRAIN, NULL);
    void *at = st_heap_alloc(threshold, NULL);
    assert_int_equal(st_owner_kind_of(st_pagemap_get(below)), st_owner_space);
    assert_int_equal(st_owner_kind_of(st_pagemap_get(at)), st_owner_direct);
    assert_true(st_heap_usable(at) >= threshold);
    st_heap_free(below);
    st_heap_free(at);
}

static void a_large_block_that_becomes_small_moves(void **state)
{
    (void)state;
    char *mem = st_heap_alloc(8 * ST_MIB, NULL);
    memset(mem, 'm', 1000);
    mem = st_front_realloc(mem, 1000);
    assert_int_equal(st_owner_kind_of(st_pagemap_get(mem)), st_owner_space);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(mem[i], 'm');
    st_heap_free(mem);
}
#endif

/* ---- wrong pointers ---- */

static void give_context(void *mem) { st_heap_free(mem); }
static void resize_context(void *mem) { (void)!st_front_realloc(mem, 100); }

static void expect_misuse(void (*act)(void *), void *mem, const char *words)
{
    os_fake_clear_output();
    assert_true(os_fake_stops(act, mem));
    st_heap_reset_locks();
    if (strstr(os_fake_output(), words) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", os_fake_output(), words);
}

static void a_pointer_from_elsewhere_is_told(void **state)
{
    (void)state;
    if (!STRATA_PAGEMAP || STRATA_CHECK < 1) return;
    char local[64];
    expect_misuse(give_context, local, "did not give out");
    expect_misuse(resize_context, local, "did not give out");
    assert_int_equal(st_heap_usable(local), 0);
    st_option_set(st_option_id_direct_cache, SIZE_MAX);
    st_option_set(st_option_id_dirty_max, SIZE_MAX);
    char *large = st_heap_alloc(6 * ST_MIB, NULL);
    expect_misuse(give_context, large + 16, "not the start of a block");
    assert_int_equal(st_heap_usable(large + 16), 0);
    st_heap_free(large);
    expect_misuse(give_context, large, "is already free");
    expect_misuse(resize_context, large, "is already free");
    assert_int_equal(st_heap_usable(large), 0);
    (void)strata_trim(0); /* nothing is known of it any more */
    expect_misuse(give_context, large, "did not give out");
}

static void a_misuse_that_is_let_pass_leaves_realloc_without_a_result(void **state)
{
    (void)state;
    if (STRATA_CHECK < 1) return;
    char *mem = st_heap_alloc(2000, NULL);
    char *wall = st_heap_alloc(2000, NULL);
    st_option_set(st_option_id_on_misuse, 1);
    st_heap_free(mem);
    st_heap_free(mem);
    assert_null(st_front_realloc(mem, 5000));
    assert_int_equal(st_heap_usable(mem), 0);
    st_heap_free(wall);
}

static void wrong_sizes_are_counted(void **state)
{
    (void)state;
    size_t before = st_heap_size_mismatches();
    for (size_t req = 0; req < 3000; req += 13) {
        char *mem = st_heap_alloc(req, NULL);
        st_heap_free_sized(mem, req);
    }
    assert_int_equal(st_heap_size_mismatches(), before);
    st_option_set(st_option_id_on_misuse, 1); /* a build that checks all stops */
    st_heap_free_sized(st_heap_alloc(1000, NULL), 100);
    st_heap_free_sized(st_heap_alloc(100, NULL), 1000);
    assert_int_equal(st_heap_size_mismatches(), before + 2 * STRATA_STATS);
}

static void requests_that_no_machine_can_serve_are_refused(void **state)
{
    (void)state;
    static const size_t reqs[] = {SIZE_MAX, SIZE_MAX - 64, PTRDIFF_MAX, ST_REQUEST_MAX + 1};
    char *mem = st_heap_alloc(10, NULL);
    for (size_t i = 0; i < TESTING_COUNT(reqs); i++) {
        assert_null(st_heap_alloc(reqs[i], NULL));
        assert_null(st_heap_alloc_aligned(64, reqs[i]));
        assert_null(st_heap_alloc_aligned(SIZE_MAX / 2 + 1, reqs[i]));
        assert_null(st_front_realloc(mem, reqs[i]));
    }
    assert_null(st_heap_alloc(ST_REQUEST_MAX, NULL));
    assert_null(st_heap_alloc_aligned(SIZE_MAX / 2 + 1, 1));
    assert_null(st_front_realloc(mem, ST_REQUEST_MAX));
    st_heap_free(mem);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
#if STRATA_SPACES_MAX > 1
        UNIT_TEST(a_thread_that_finds_its_space_taken_goes_elsewhere),
        UNIT_TEST(a_resident_borrows_and_comes_home),
        UNIT_TEST(what_one_space_lacks_another_may_have),
#endif
#if STRATA_PAGEMAP
        UNIT_TEST(the_cache_is_given_up_when_memory_is_scarce),
        UNIT_TEST(blocks_at_the_threshold_have_mappings_of_their_own),
        UNIT_TEST(a_large_block_that_becomes_small_moves),
#endif
        UNIT_TEST(a_pointer_from_elsewhere_is_told),
        UNIT_TEST(a_misuse_that_is_let_pass_leaves_realloc_without_a_result),
        UNIT_TEST(wrong_sizes_are_counted),
        UNIT_TEST(requests_that_no_machine_can_serve_are_refused),
    };
    return TESTING_RUN(tests);
}
