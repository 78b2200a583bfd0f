/* SPDX-License-Identifier: MIT-0
 *
 * Resizing a block where it is.
 */
#include "fake/little_space.h"

static st_space space;

static int setup(void **state)
{
    (void)state;
    return little_setup(&space);
}

static int teardown(void **state)
{
    (void)state;
    return little_teardown(&space);
}

static void a_block_that_shrinks_gives_back_its_tail(void **state)
{
    (void)state;
    char *mem = little_take(&space, 5000);
    little_take(&space, 8);
    memset(mem, 'm', 5000);
    assert_true(little_resize(&space, mem, 2000));
    assert_int_equal(little_usable(&space, mem), st_chunk_size_for(2000) - ST_CHUNK_OVERHEAD);
    for (size_t i = 0; i < 2000; i++) assert_int_equal(mem[i], 'm');
    little_expect_sound(&space);
    char *tail = little_take(&space, 2500);
    assert_ptr_equal(tail, mem + st_chunk_size_for(2000));
}

static void a_tail_too_small_for_a_chunk_is_kept(void **state)
{
    (void)state;
    char *mem = little_take(&space, 1000);
    little_take(&space, 8);
    size_t usable = little_usable(&space, mem);
    assert_true(little_resize(&space, mem, usable - (ST_CHUNK_MIN - ST_CHUNK_GRAIN)));
    assert_int_equal(little_usable(&space, mem), usable);
    assert_true(little_resize(&space, mem, usable));
    assert_int_equal(little_usable(&space, mem), usable);
    assert_true(little_resize(&space, mem, usable - ST_CHUNK_MIN)); /* just large enough */
    assert_int_equal(little_usable(&space, mem), usable - ST_CHUNK_MIN);
}

static void a_block_grows_into_the_hole_above(void **state)
{
    (void)state;
    char *mem = little_take(&space, 100);
    char *hole = little_take(&space, 3000);
    little_take(&space, 8);
    memset(mem, 'm', 100);
    little_give(&space, hole);
    assert_true(little_resize(&space, mem, 1000));
    assert_int_equal(little_usable(&space, mem), st_chunk_size_for(1000) - ST_CHUNK_OVERHEAD);
    for (size_t i = 0; i < 100; i++) assert_int_equal(mem[i], 'm');
    little_expect_sound(&space);
    /* To the last byte of the hole, and no further. */
    size_t whole = st_chunk_size_for(100) + st_chunk_size_for(3000) - ST_CHUNK_OVERHEAD;
    assert_false(little_resize(&space, mem, whole + 1));
    assert_int_equal(little_usable(&space, mem), st_chunk_size_for(1000) - ST_CHUNK_OVERHEAD);
    assert_true(little_resize(&space, mem, whole));
    assert_int_equal(little_usable(&space, mem), whole);
}

static void a_block_below_one_in_use_does_not_grow(void **state)
{
    (void)state;
    char *mem = little_take(&space, 100);
    char *wall = little_take(&space, 100);
    size_t usable = little_usable(&space, mem);
    assert_true(little_resize(&space, mem, usable));
    assert_false(little_resize(&space, mem, usable + 1));
    assert_int_equal(little_usable(&space, mem), usable);
    assert_int_equal(little_usable(&space, wall), usable);
}

static void a_block_below_top_grows_with_it(void **state)
{
    (void)state;
    char *mem = little_take(&space, 100);
    memset(mem, 'm', 100);
    for (size_t req = 200; req <= 1600 * ST_KIB; req *= 2) {
        assert_true(little_resize(&space, mem, req));
        assert_true(little_usable(&space, mem) >= req);
        little_expect_sound(&space);
    }
    for (size_t i = 0; i < 100; i++) assert_int_equal(mem[i], 'm');
    assert_true(little_resize(&space, mem, 100));
    assert_int_equal(little_usable(&space, mem), st_chunk_size_for(100) - ST_CHUNK_OVERHEAD);
}

static void a_block_takes_the_victim_in(void **state)
{
    (void)state;
    char *hole = little_take(&space, 5000);
    little_take(&space, 8);
    little_give(&space, hole);
    char *mem = little_take(&space, 100);
    assert_ptr_equal(mem, hole);
    assert_ptr_equal(chunk_above(chunk_of(mem)), space.victim);
    assert_true(little_resize(&space, mem, 4000));
    little_expect_sound(&space);
    assert_true(little_resize(&space, mem, 5000));
    assert_int_equal(space.victim_size, 0);
}

static void without_memory_for_it_nothing_changes(void **state)
{
    (void)state;
    char *mem = little_take(&space, 100);
    size_t usable = little_usable(&space, mem);
    os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
    assert_false(little_resize(&space, mem, 8 * ST_MIB));
    assert_int_equal(little_usable(&space, mem), usable);
}

static void what_top_grows_by_elsewhere_does_not_count(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    char *mem = little_take(&space, 100);
    size_t usable = little_usable(&space, mem);
    assert_false(little_resize(&space, mem, 200 * ST_KIB));
    assert_int_equal(little_usable(&space, mem), usable);
    little_expect_sound(&space);
    os_fake_configure(&os_fake_usual);
}

static void resize_context(void *mem) ST_NO_LOCK_ANALYSIS
{
    size_t usable = 0;
    st_lock_take(&space.lock);
    st_space_resize(&space, mem, 4096, &usable);
    st_lock_drop(&space.lock);
}

static void misuse_is_reported(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    if (STRATA_CHECK < 1) return;
    char *mem = little_take(&space, 2000);
    little_take(&space, 8);
    little_give(&space, mem);
    assert_true(os_fake_stops(resize_context, mem));
    st_lock_reset(&space.lock);
    st_option_set(st_option_id_on_misuse, 1);
    size_t usable = 7;
    st_lock_take(&space.lock);
    assert_int_equal(st_space_resize(&space, mem, 4096, &usable), st_resize_misuse);
    st_lock_drop(&space.lock);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_block_that_shrinks_gives_back_its_tail),
        UNIT_TEST(a_tail_too_small_for_a_chunk_is_kept),
        UNIT_TEST(a_block_grows_into_the_hole_above),
        UNIT_TEST(a_block_below_one_in_use_does_not_grow),
        UNIT_TEST(a_block_below_top_grows_with_it),
        UNIT_TEST(a_block_takes_the_victim_in),
        UNIT_TEST(without_memory_for_it_nothing_changes),
        UNIT_TEST(what_top_grows_by_elsewhere_does_not_count),
        UNIT_TEST(misuse_is_reported),
    };
    return TESTING_RUN(tests);
}
