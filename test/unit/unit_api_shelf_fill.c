/* SPDX-License-Identifier: MIT-0
 *
 * Shelves that are filled: requests of one size that find nothing time and again take several blocks with
 * one lock, if there are other threads who may free what this one allocates.
 */
#include "fake/shelf_look.h"

#if STRATA_SLABS

enum { fill_after = 8, fill_most = 8 }; /* misses before, and blocks at once */

typedef struct fill_made {
    char *mem[2048];
    size_t count;
    size_t req;
} fill_made;

/* Allocates until some are kept, at most `limit`. */
static size_t fill_until_kept(fill_made *made, size_t req, size_t limit)
{
    made->count = 0;
    while (made->count < limit && shelf_look_kept_count() == 0)
        made->mem[made->count++] = strata_malloc(req);
    return shelf_look_kept_count();
}

static void fill_free_all(fill_made *made)
{
    for (size_t i = 0; i < made->count; i++) strata_free(made->mem[i]);
}

/* There is another thread, strata has been larger, and nothing is kept. */
static void fill_prepare(void)
{
    crew_do(1, shelf_look_begin_small_act, NULL);
    char *large = strata_malloc(4 * ST_MIB);
    memset(large, 1, 4 * ST_MIB);
    strata_free(large);
    strata_free(strata_malloc(2000)); /* gives way, once */
    st_shelf_flush();
    assert_int_equal(shelf_look_kept_count(), 0);
}

static void misses_of_one_size_take_several_at_once(void **state)
{
    (void)state;
    static const struct {
        size_t req, at_once;
    } cases[] = {{1100, 8}, {4096, 8}, {8000, 8}, {10000, 6}, {30000, 2}};
    fill_prepare();
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        fill_made made;
        size_t kept = fill_until_kept(&made, cases[i].req, 64);
        assert_int_equal(made.count, fill_after + 1);
        assert_int_equal(kept, cases[i].at_once - 1);
        for (size_t j = kept; j > 0; j--) {
            made.mem[made.count++] = strata_malloc(cases[i].req);
            assert_int_equal(shelf_look_kept_count(), j - 1);
        }
        /* The next miss takes as many again. */
        made.mem[made.count++] = strata_malloc(cases[i].req);
        assert_int_equal(shelf_look_kept_count(), cases[i].at_once - 1);
        little_front_expect_sound();
        fill_free_all(&made);
        st_shelf_flush();
    }
}

static void other_sizes_and_large_ones_are_taken_one_by_one(void **state)
{
    (void)state;
    fill_prepare();
    fill_made made = {.count = 0};
    for (size_t i = 0; i < 30; i++) made.mem[made.count++] = strata_malloc(3000 + 16 * (i % 2));
    for (size_t i = 0; i < 30; i++) made.mem[made.count++] = strata_malloc(40000);
    assert_int_equal(shelf_look_kept_count(), 0);
    fill_free_all(&made);
}

static void a_thread_alone_takes_one_by_one(void **state)
{
    (void)state;
    fill_made made;
    assert_int_equal(st_cache_threads(), 1);
    assert_int_equal(fill_until_kept(&made, 4096, 64), 0);
    fill_free_all(&made);
}

/* What is counted is what the program got. */
static void filling_does_not_count_as_allocating(void **state)
{
    (void)state;
    if (!STRATA_STATS) return;
    fill_prepare();
    strata_stats before, after;
    strata_stats_get(&before);
    fill_made made;
    assert_int_equal(fill_until_kept(&made, 4096, 64), fill_most - 1);
    strata_stats_get(&after);
    assert_int_equal(after.allocations - before.allocations, made.count);
    assert_int_equal(after.frees - before.frees, 0);
    assert_int_equal(after.live - before.live, made.count * 4112);
    fill_free_all(&made);
    strata_stats_get(&after);
    assert_int_equal(after.frees - before.frees, made.count);
    assert_int_equal(after.live, before.live);
}

/* Each of them may be the one that the host has no memory for. */
static void what_can_be_had_is_taken(void **state)
{
    (void)state;
    fill_prepare();
    fill_made made = {.count = 0};
    for (size_t i = 0; i < fill_after; i++) made.mem[made.count++] = strata_malloc(8000);
    os_fake_fail(OS_FAKE_ANY, 1, true);
    while (made.count < 2048) {
        made.mem[made.count] = strata_malloc(8000);
        if (made.mem[made.count] == NULL) break;
        made.count++;
    }
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_in_range(made.count, 100, 2047);
    assert_int_equal(shelf_look_kept_count(), 0);
    little_front_expect_sound();
    fill_free_all(&made);
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_front_setup, little_front_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(misses_of_one_size_take_several_at_once),
        UNIT_TEST(other_sizes_and_large_ones_are_taken_one_by_one),
        UNIT_TEST(a_thread_alone_takes_one_by_one),
        UNIT_TEST(filling_does_not_count_as_allocating),
        UNIT_TEST(what_can_be_had_is_taken),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_shelves_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_shelves_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
