/* SPDX-License-Identifier: MIT-0
 *
 * Where blocks come from and where freed ones go, one case each, in a space of its own.
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

/* A block with a block in use right above it. */
static char *fenced(size_t req)
{
    char *mem = little_take(&space, req);
    assert_non_null(little_take(&space, 8));
    return mem;
}

/* ---- allocate ---- */

static void blocks_are_aligned_and_as_large_as_asked(void **state)
{
    (void)state;
    for (size_t req = 0; req < 2000; req += 7) {
        char *mem = little_take(&space, req);
        assert_true(st_is_aligned(mem, ST_CHUNK_GRAIN));
        assert_int_equal(little_usable(&space, mem),
                         st_chunk_size_for(req) - ST_CHUNK_OVERHEAD);
        memset(mem, 0xff, little_usable(&space, mem));
    }
}

static void a_hole_is_filled_by_what_fits_exactly(void **state)
{
    (void)state;
    char *hole[] = {fenced(200), fenced(100), fenced(5000), fenced(9000)};
    size_t req[] = {200, 100, 5000, 9000};
    for (size_t i = 0; i < 4; i++) little_give(&space, hole[i]);
    for (size_t i = 4; i-- > 0;) assert_ptr_equal(little_take(&space, req[i]), hole[i]);
}

static void the_best_hole_is_taken(void **state)
{
    (void)state;
    char *hole[] = {fenced(9000), fenced(5000), fenced(7000)};
    for (size_t i = 0; i < 3; i++) little_give(&space, hole[i]);
    assert_ptr_equal(little_take(&space, 6000), hole[2]);
    assert_ptr_equal(little_take(&space, 4000), hole[1]);
}

static void small_blocks_taken_in_a_row_lie_in_a_row(void **state)
{
    (void)state;
    char *hole = fenced(5000);
    little_give(&space, hole);
    for (size_t i = 0; i < 20; i++) {
        assert_ptr_equal(little_take(&space, 100), hole + i * st_chunk_size_for(100));
    }
    little_expect_sound(&space);
}

static void what_is_left_of_a_hole_is_not_lost(void **state)
{
    (void)state;
    char *hole = fenced(5000);
    size_t size = st_chunk_size_for(5000);
    little_give(&space, hole);
    char *low = little_take(&space, 2000);
    char *high = little_take(&space, size - st_chunk_size_for(2000) - ST_CHUNK_OVERHEAD);
    assert_ptr_equal(low, hole);
    assert_ptr_equal(high, hole + st_chunk_size_for(2000));
}

static void a_rest_too_small_for_a_chunk_stays_with_the_block(void **state)
{
    (void)state;
    char *hole = fenced(1000);
    size_t usable = little_usable(&space, hole);
    little_give(&space, hole);
    char *mem = little_take(&space, 1000 - (ST_CHUNK_MIN - ST_CHUNK_GRAIN));
    assert_ptr_equal(mem, hole);
    assert_int_equal(little_usable(&space, mem), usable);
}

static char *take_dirty(size_t req, char **dirty_end) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    char *mem = st_space_alloc(&space, st_chunk_size_for(req), dirty_end);
    st_lock_drop(&space.lock);
    return mem;
}

static void bytes_never_touched_are_known_to_be_zero(void **state)
{
    (void)state;
    char *dirty_end = NULL;
    char *fresh = take_dirty(5000, &dirty_end);
    assert_ptr_equal(dirty_end, fresh);
    memset(fresh, 1, 5000);
    little_give(&space, fresh); /* into top, of which the lower part is dirty now */
    char *larger = take_dirty(9000, &dirty_end);
    assert_ptr_equal(larger, fresh);
    assert_true(dirty_end >= fresh + 5000);
    assert_true(dirty_end < fresh + 6000);
    for (char *at = dirty_end; at < fresh + 9000; at++) assert_int_equal(*at, 0);
    little_take(&space, 8);
    little_give(&space, larger);
    char *hole = take_dirty(9000, &dirty_end);
    assert_ptr_equal(hole, larger);
    assert_true(dirty_end >= hole + 9000);
}

static void aligned_blocks_are_aligned_and_waste_is_given_back(void **state)
{
    (void)state;
    for (size_t alignment = 2 * ST_CHUNK_GRAIN; alignment <= ST_MIB; alignment *= 2) {
        little_take(&space, 24);
        char *mem = little_take_aligned(&space, alignment, 100);
        assert_non_null(mem);
        assert_true(st_is_aligned(mem, alignment));
        assert_true(little_usable(&space, mem) >= 100);
        assert_true(little_usable(&space, mem) < 100 + 2 * ST_CHUNK_MIN);
        little_expect_sound(&space);
    }
}

static void a_host_without_memory_leaves_the_space_as_it_was(void **state)
{
    (void)state;
    char *mem = little_take(&space, 1000);
    size_t footprint = space.footprint;
    os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
    assert_null(little_take(&space, 8 * ST_MIB));
    assert_null(little_take_aligned(&space, 64, 8 * ST_MIB));
    assert_int_equal(space.footprint, footprint);
    assert_int_equal(little_usable(&space, mem), st_chunk_size_for(1000) - ST_CHUNK_OVERHEAD);
    little_expect_sound(&space);
    assert_non_null(little_take(&space, 1000));
}

static void a_space_without_memory_gives_none(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
    assert_null(little_take(&space, 1));
    little_expect_sound(&space);
    assert_null(space.segments);
}

/* ---- free ---- */

static void freed_neighbors_become_one(void **state)
{
    (void)state;
    static const size_t order[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < TESTING_COUNT(order); i++) {
        char *mem[] = {little_take(&space, 600), little_take(&space, 60), fenced(1600)};
        size_t whole = st_chunk_size_for(600) + st_chunk_size_for(60) + st_chunk_size_for(1600);
        for (size_t j = 0; j < 3; j++) {
            little_give(&space, mem[order[i][j]]);
            little_expect_sound(&space);
        }
        assert_ptr_equal(little_take(&space, whole - ST_CHUNK_OVERHEAD), mem[0]);
    }
}

static void what_ends_at_top_becomes_top(void **state)
{
    (void)state;
    little_take(&space, 100);
    const st_chunk *top = space.top;
    size_t top_size = space.top_size;
    char *mem[] = {little_take(&space, 100), little_take(&space, 3000)};
    little_give(&space, mem[0]);
    little_give(&space, mem[1]);
    assert_ptr_equal(space.top, top);
    assert_int_equal(space.top_size, top_size);
}

static void expect_stale(char *const *mem, size_t count)
{
    for (size_t i = 0; i < count; i++) assert_int_equal(little_usable(&space, mem[i]), 0);
}

/* Wherever the chunk of a freed block has gone, a pointer to it is not taken for a block. */
static void no_freed_block_is_taken_for_one_in_use(void **state)
{
    (void)state;
    static const size_t order[][3] = {{0, 1, 2}, {2, 1, 0}, {0, 2, 1}};
    for (size_t i = 0; i < TESTING_COUNT(order); i++) {
        char *mem[3];
        for (size_t j = 0; j < 3; j++) mem[j] = little_take(&space, 600);
        assert_non_null(little_take(&space, 8));
        for (size_t j = 0; j < 3; j++) little_give(&space, mem[order[i][j]]);
        expect_stale(mem, 3);
    }
    for (size_t i = 0; i < TESTING_COUNT(order); i++) {
        char *mem[3];
        for (size_t j = 0; j < 3; j++) mem[j] = little_take(&space, 20 * ST_KIB);
        for (size_t j = 0; j < 3; j++) little_give(&space, mem[order[i][j]]); /* into top */
        expect_stale(mem, 3);
    }
}

/* The heads of freed neighbors lie in the middle of it; they look sealed if they were left. */
static void no_stale_pointer_into_a_larger_block_is_taken_for_one(void **state)
{
    (void)state;
    if (STRATA_CHECK < 1) return;
    static const size_t order[][3] = {{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}};
    for (size_t i = 0; i < TESTING_COUNT(order); i++) {
        char *mem[3];
        for (size_t j = 0; j < 3; j++) mem[j] = little_take(&space, 600);
        assert_non_null(little_take(&space, 8));
        for (size_t j = 0; j < 3; j++) little_give(&space, mem[order[i][j]]);
        char *whole = little_take(&space, 3 * st_chunk_size_for(600) - ST_CHUNK_OVERHEAD);
        assert_ptr_equal(whole, mem[0]);
        expect_stale(mem + 1, 2);
    }
}

#if STRATA_QUICK && STRATA_SHORTCUTS
/* A block that was freed and lies right is the next one; one that does not is left alone. */
static void an_aligned_block_that_is_kept_comes_back(void **state)
{
    (void)state;
    little_set_quick_limit(&space, 64 * ST_KIB);
    char *aligned = little_take_aligned(&space, 256, 100);
    char *other = little_take(&space, 100);
    while (st_is_aligned(other, 256)) other = little_take(&space, 100);
    little_give(&space, aligned);
    assert_ptr_equal(little_take_aligned(&space, 256, 100), aligned);
    assert_int_equal(little_quick_size(&space), 0);
    little_give(&space, aligned);
    little_give(&space, other); /* the newest now, and not aligned */
    char *next = little_take_aligned(&space, 256, 100);
    assert_true(st_is_aligned(next, 256));
    assert_ptr_not_equal(next, other);
    little_expect_sound(&space);
    little_give(&space, next);
}
#endif

#if STRATA_QUICK
static void quick_lists_keep_up_to_their_limit(void **state)
{
    (void)state;
    size_t size = st_chunk_size_for(100);
    little_set_quick_limit(&space, 5 * size);
    char *mem[8];
    for (size_t i = 0; i < 8; i++) mem[i] = little_take(&space, 100);
    little_take(&space, 8);
    for (size_t i = 0; i < 5; i++) {
        little_give(&space, mem[i]);
        assert_int_equal(little_quick_size(&space), (i + 1) * size);
        little_expect_sound(&space);
    }
    assert_ptr_equal(little_take(&space, 100), mem[4]);
    little_give(&space, mem[4]);
    little_give(&space, mem[5]); /* one too many: all are merged */
    assert_int_equal(little_quick_size(&space), 0);
    little_expect_sound(&space);
    little_give(&space, mem[6]);
    little_flush(&space);
    assert_int_equal(little_quick_size(&space), 0);
    little_give(&space, mem[7]);
}
#endif

static void give_context(void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    st_space_free(&space, mem);
    st_lock_drop(&space.lock);
}

static void expect_misuse(void *mem, const char *words)
{
    os_fake_clear_output();
    assert_true(os_fake_stops(give_context, mem));
    st_lock_reset(&space.lock);
    if (STRATA_DIAGNOSE) assert_non_null(strstr(os_fake_output(), words));
    assert_non_null(strstr(os_fake_output(), "strata: "));
    little_expect_sound(&space);
}

static void misuse_is_reported_and_changes_nothing(void **state)
{
    (void)state;
    if (STRATA_CHECK < 1) return;
    char *used = fenced(2000);
    char *freed = fenced(2000);
    memset(used, 0, 2000);
    little_give(&space, freed);
    expect_misuse(freed, "double free");
    if (STRATA_SEALS) expect_misuse(used + 10 * ST_CHUNK_GRAIN, "not the start of a block");
    expect_misuse(used + 1, "misaligned");
    st_option_set(st_option_id_on_misuse, 1);
    size_t frees = space.frees;
    little_give(&space, freed);
    assert_int_equal(space.frees, frees);
    assert_int_equal(little_usable(&space, freed), 0);
}

static void an_overrun_is_reported_when_the_block_is_freed(void **state)
{
    (void)state;
    if (STRATA_CHECK < 1 || !STRATA_SEALS) return;
    char *low = little_take(&space, 104);
    char *high = fenced(104);
    st_chunk saved = *chunk_of(high);
    memset(low, 'x', 104 + ST_WORD_SIZE);
    os_fake_clear_output();
    assert_true(os_fake_stops(give_context, low));
    st_lock_reset(&space.lock);
    if (STRATA_DIAGNOSE) assert_non_null(strstr(os_fake_output(), "past its end"));
    chunk_of(high)->head = saved.head;
    little_give(&space, low);
    little_give(&space, high);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(blocks_are_aligned_and_as_large_as_asked),
        UNIT_TEST(a_hole_is_filled_by_what_fits_exactly),
        UNIT_TEST(the_best_hole_is_taken),
        UNIT_TEST(small_blocks_taken_in_a_row_lie_in_a_row),
        UNIT_TEST(what_is_left_of_a_hole_is_not_lost),
        UNIT_TEST(a_rest_too_small_for_a_chunk_stays_with_the_block),
        UNIT_TEST(bytes_never_touched_are_known_to_be_zero),
        UNIT_TEST(aligned_blocks_are_aligned_and_waste_is_given_back),
#if STRATA_QUICK && STRATA_SHORTCUTS
        UNIT_TEST(an_aligned_block_that_is_kept_comes_back),
#endif
        UNIT_TEST(a_host_without_memory_leaves_the_space_as_it_was),
        UNIT_TEST(a_space_without_memory_gives_none),
        UNIT_TEST(freed_neighbors_become_one),
        UNIT_TEST(what_ends_at_top_becomes_top),
        UNIT_TEST(no_freed_block_is_taken_for_one_in_use),
        UNIT_TEST(no_stale_pointer_into_a_larger_block_is_taken_for_one),
#if STRATA_QUICK
        UNIT_TEST(quick_lists_keep_up_to_their_limit),
#endif
        UNIT_TEST(misuse_is_reported_and_changes_nothing),
        UNIT_TEST(an_overrun_is_reported_when_the_block_is_freed),
    };
    return TESTING_RUN(tests);
}
