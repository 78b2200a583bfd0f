/* SPDX-License-Identifier: MIT-0
 *
 * Clean ranges of free chunks: each page goes back once, and what is known of it survives splitting and
 * joining.
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

/* Also where no range is kept. */
static void a_second_trim_finds_nothing(void **state)
{
    (void)state;
    char *mem = little_take(&space, ST_MIB);
    char *wall = little_take(&space, 100);
    little_give(&space, mem);
    assert_true(little_trim(&space, SIZE_MAX));
    assert_false(little_trim(&space, SIZE_MAX));
    mem = little_take(&space, 100000);
    little_give(&space, mem);
    assert_true(little_trim(&space, SIZE_MAX)); /* it was used meanwhile */
    little_expect_sound(&space);
    little_give(&space, wall);
}

#if STRATA_RETURN

static st_clean clean_below(const void *wall)
{
    const st_chunk *c = chunk_below(chunk_of(wall));
    return st_clean_of(c);
}

/* Blocks that are freed from one end or the other join one chunk; what went back of it before stays so. */
static void what_joins_a_clean_chunk_leaves_it_clean(void **state)
{
    (void)state;
    for (int upwards = 0; upwards < 2; upwards++) {
        enum { count = 8 };
        char *mem[count];
        little_take(&space, 100);
        for (size_t i = 0; i < count; i++) mem[i] = little_take(&space, 50000);
        char *wall = little_take(&space, 100);
        size_t clean_size = 0;
        for (size_t i = 0; i < count; i++) {
            little_give(&space, mem[upwards ? i : count - 1 - i]);
            assert_true(space.purged >= clean_size); /* nothing was lost by joining */
            (void)little_trim(&space, SIZE_MAX);
            little_expect_sound(&space);
            assert_true(space.purged > clean_size);
            clean_size = space.purged;
        }
        st_clean pages = st_clean_pages(chunk_of(mem[0]), st_distance(chunk_of(mem[0]), chunk_of(wall)));
        st_clean clean = clean_below(wall);
        assert_int_equal(clean.from, pages.from);
        assert_int_equal(clean.to, pages.to);
        assert_int_equal(space.purged, clean.to - clean.from);
        assert_ptr_equal(little_take(&space, 8 * 50000), mem[0]); /* all of it is used again */
        assert_int_equal(space.purged, 0);
    }
}

/* From the end, as the beginning is taken first; and only as much as was asked for. */
static void a_part_of_a_chunk_goes_back(void **state)
{
    (void)state;
    char *mem = little_take(&space, ST_MIB);
    char *wall = little_take(&space, 100);
    little_give(&space, mem);
    st_lock_take(&space.lock);
    size_t done = st_space_purge(&space, 100000, 16 * ST_KIB);
    st_lock_drop(&space.lock);
    assert_int_equal(done, st_round_up(100000, st_os_page_size()));
    st_clean clean = clean_below(wall);
    assert_int_equal(clean.to - clean.from, done);
    assert_true(st_addr(wall) - clean.to <= st_os_page_size());
    mem = little_take(&space, 200000);
    assert_int_equal(space.purged, done);
    little_expect_sound(&space);
    char *other = little_take(&space, ST_MIB - 300000); /* into it */
    assert_true(space.purged < done);
    little_expect_sound(&space);
    little_give(&space, mem);
    little_give(&space, other);
}

/* The larger of two ranges is kept. */
static void of_two_clean_chunks_the_larger_one_stays(void **state)
{
    (void)state;
    for (int lower_is_larger = 0; lower_is_larger < 2; lower_is_larger++) {
        char *lower = little_take(&space, lower_is_larger ? 200000 : 100000);
        char *middle = little_take(&space, 5000);
        char *upper = little_take(&space, lower_is_larger ? 100000 : 200000);
        char *wall = little_take(&space, 100);
        little_give(&space, lower);
        little_give(&space, upper);
        (void)little_trim(&space, SIZE_MAX);
        st_clean kept = lower_is_larger ? clean_below(middle) : clean_below(wall);
        size_t held = space.held;
        size_t lost = space.purged - (kept.to - kept.from);
        little_give(&space, middle);
        st_clean clean = clean_below(wall);
        assert_int_equal(clean.from, kept.from);
        assert_int_equal(clean.to, kept.to);
        assert_int_equal(space.held, held + lost);
        little_expect_sound(&space);
        little_give(&space, wall); /* all is top again */
    }
}

/* A host that refuses leaves all as it was. */
static void a_purge_that_fails_marks_nothing(void **state)
{
    (void)state;
    char *mem = little_take(&space, ST_MIB);
    little_take(&space, 100);
    little_give(&space, mem);
    os_fake_fail(OS_FAKE_ONLY(purge), 1, true);
    (void)little_trim(&space, SIZE_MAX);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_int_equal(space.purged, 0);
    assert_false(chunk_is_purged(chunk_of(mem)));
}

static void a_wrong_range_or_sum_breaks_inv_space_22(void **state)
{
    (void)state;
    char *mem = little_take(&space, ST_MIB);
    little_take(&space, 100);
    little_give(&space, mem);
    (void)little_trim(&space, SIZE_MAX);
    space.purged -= st_os_page_size();
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-22");
    space.purged += st_os_page_size();
    st_clean *clean = &((st_clean_chunk *)(void *)chunk_of(mem))->clean;
    st_clean before = *clean;
    *clean = (st_clean){0, 0};
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-22");
    *clean = before;
}

#endif

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_second_trim_finds_nothing),
#if STRATA_RETURN
        UNIT_TEST(what_joins_a_clean_chunk_leaves_it_clean),
        UNIT_TEST(a_part_of_a_chunk_goes_back),
        UNIT_TEST(of_two_clean_chunks_the_larger_one_stays),
        UNIT_TEST(a_purge_that_fails_marks_nothing),
        UNIT_TEST(a_wrong_range_or_sum_breaks_inv_space_22),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
