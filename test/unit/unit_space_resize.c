/* SPDX-License-Identifier: MIT-0
 *
 * Resizing a block where it is.
 */
#include "fake/little_space.h"
#include "space/clean.h"

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

/* A block, a hole of `hole_size` bytes above, and a wall. */
typedef struct holed {
    char *mem, *wall;
    size_t size; /* of the block and the hole, as chunks */
} holed;

static holed make_hole(size_t hole_size)
{
    holed it = {.mem = little_take(&space, 100)};
    char *hole = little_take(&space, hole_size - ST_CHUNK_OVERHEAD);
    it.wall = little_take(&space, 8);
    it.size = st_distance(chunk_of(it.mem), chunk_of(it.wall));
    assert_int_equal(it.size, st_chunk_size_for(100) + hole_size);
    memset(it.mem, 'm', 100);
    little_give(&space, hole);
    return it;
}

/* Grows the block so that exactly `left` bytes of the hole are not needed. */
static void grow_to_leave(const holed *it, size_t left)
{
    size_t old_size = chunk_size(chunk_of(it->mem));
    size_t live = STRATA_STATS ? space.live : 0;
    size_t size = left >= ST_CHUNK_MIN ? it->size - left : it->size;
    assert_true(little_resize(&space, it->mem, it->size - left - ST_CHUNK_OVERHEAD));
    assert_int_equal(little_usable(&space, it->mem), size - ST_CHUNK_OVERHEAD);
    if (STRATA_STATS) assert_int_equal(space.live, live + size - old_size);
    for (size_t i = 0; i < 100; i++) assert_int_equal(it->mem[i], 'm');
    little_expect_sound(&space);
    const st_chunk *above = chunk_above(chunk_of(it->mem));
    assert_int_equal(chunk_is_used(above), left < ST_CHUNK_MIN);
    assert_int_equal(chunk_is_below_used(chunk_of(it->wall)), left < ST_CHUNK_MIN);
    if (left >= ST_CHUNK_MIN) assert_int_equal(chunk_size(above), left);
}

/* From nothing to more than the small bins hold: what is too small for a chunk is taken, the rest is had
 * by who asks for just that. */
static void what_is_not_needed_of_a_hole_stays_free(void **state)
{
    (void)state;
    for (size_t left = 0; left <= 1400; left += ST_CHUNK_GRAIN) {
        holed it = make_hole(st_chunk_size_for(3000));
        grow_to_leave(&it, left);
        if (left >= ST_CHUNK_MIN) {
            char *rest = little_take(&space, left - ST_CHUNK_OVERHEAD);
            assert_ptr_equal(rest, it.mem + it.size - left);
            little_expect_sound(&space);
            little_give(&space, rest);
        }
        little_give(&space, it.mem);
        little_expect_sound(&space);
        char *whole = little_take(&space, it.size - ST_CHUNK_OVERHEAD);
        assert_ptr_equal(whole, it.mem);
        little_give(&space, whole);
        little_give(&space, it.wall);
        assert_ptr_equal(space.top, chunk_of(it.mem));
    }
}

/* Every hole, from the smallest one on. */
static void a_hole_of_any_size_is_taken_to_its_end(void **state)
{
    (void)state;
    for (size_t hole_size = ST_CHUNK_MIN; hole_size <= 1400; hole_size += ST_CHUNK_GRAIN) {
        for (size_t left = 0; left < ST_CHUNK_MIN; left += ST_CHUNK_GRAIN) {
            holed it = make_hole(hole_size);
            grow_to_leave(&it, left);
            little_give(&space, it.wall); /* top is above it now */
            little_give(&space, it.mem);
            assert_ptr_equal(space.top, chunk_of(it.mem));
            little_expect_sound(&space);
        }
    }
}

/* What is free on its other side is no business of a block that grows. */
static void a_block_between_two_holes_grows_into_the_upper_one(void **state)
{
    (void)state;
    for (size_t left = 0; left <= 96; left += ST_CHUNK_GRAIN) {
        char *lower = little_take(&space, 500);
        holed it = make_hole(2000);
        little_give(&space, lower);
        grow_to_leave(&it, left);
        assert_false(chunk_is_below_used(chunk_of(it.mem)));
        little_give(&space, it.mem);
        little_give(&space, it.wall);
        assert_ptr_equal(space.top, chunk_of(lower));
    }
}

/* The pages that the block took are not at the host any more, the others are. */
static void what_is_left_of_a_purged_hole_stays_clean(void **state)
{
    (void)state;
    holed it = make_hole(ST_MIB);
    (void)little_trim(&space, 0);
    const st_chunk *hole = chunk_above(chunk_of(it.mem));
    assert_true(chunk_is_purged(hole));
    grow_to_leave(&it, 700 * ST_KIB);
    const st_chunk *rest = chunk_above(chunk_of(it.mem));
    assert_int_equal(chunk_is_purged(rest), STRATA_RETURN);
#if STRATA_RETURN
    st_clean pages = st_clean_pages(rest, chunk_size(rest));
    st_clean clean = st_clean_of(rest);
    assert_int_equal(clean.from, pages.from);
    assert_int_equal(clean.to, pages.to);
    assert_int_equal(space.purged, pages.to - pages.from);
#endif
    little_expect_sound(&space);
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
        UNIT_TEST(what_is_not_needed_of_a_hole_stays_free),
        UNIT_TEST(a_hole_of_any_size_is_taken_to_its_end),
        UNIT_TEST(a_block_between_two_holes_grows_into_the_upper_one),
        UNIT_TEST(what_is_left_of_a_purged_hole_stays_clean),
        UNIT_TEST(a_block_below_one_in_use_does_not_grow),
        UNIT_TEST(a_block_below_top_grows_with_it),
        UNIT_TEST(a_block_takes_the_victim_in),
        UNIT_TEST(without_memory_for_it_nothing_changes),
        UNIT_TEST(what_top_grows_by_elsewhere_does_not_count),
        UNIT_TEST(misuse_is_reported),
    };
    return TESTING_RUN(tests);
}
