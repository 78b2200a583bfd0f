/* SPDX-License-Identifier: MIT-0
 *
 * Memory goes back by amount: when much is free, as the options and what has been paid for allow; also pages
 * of slabs that are partly in use; and with time: what nobody used.
 */
#include "fake/little_front.h"
#include "map/room.h"

#if STRATA_SLABS

#define DEFAULT_MOST (8 * ST_MIB)

static int setup(void **state)
{
    if (little_front_setup(state) != 0) return -1;
    st_option_set(st_option_id_dirty_max, DEFAULT_MOST);
    os_fake_set_clock(1);
    return 0;
}

enum { most_blocks = 80000 };
static char *mem[most_blocks];

static size_t take_all(size_t total, size_t size)
{
    size_t count = total / size;
    assert_true(count <= most_blocks);
    for (size_t i = 0; i < count; i++) {
        mem[i] = strata_malloc(size);
        assert_non_null(mem[i]);
    }
    return count;
}

static void free_all(size_t count, size_t keep)
{
    for (size_t i = 0; i < count; i++)
        if (keep == 0 || i % keep != 0) strata_free(mem[i]);
}

static const size_t sizes[] = {400, 1000, 3000, 20000, 300000, 2 * ST_MIB};

static void what_growth_paid_for_goes_back_at_the_first_fall(void **state)
{
    (void)state;
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        size_t count = take_all(24 * ST_MIB, sizes[i]);
        assert_true(st_room_used() >= 24 * ST_MIB - ST_MIB);
        (void)strata_trim(0);
        free_all(count, 0);
        if (i == 0) assert_true(st_room_dirty() <= DEFAULT_MOST + ST_MIB);
        little_front_expect_sound();
        os_fake_set_clock((unsigned)(1000000 * (i + 1))); /* the next fall has been paid for */
    }
}

static void later_falls_are_paid_for_by_time(void **state)
{
    (void)state;
    size_t count = take_all(24 * ST_MIB, 20000);
    free_all(count, 0);
    for (size_t round = 0; round < 8; round++) {
        count = take_all(24 * ST_MIB, 20000);
        free_all(count, 0);
    }
    size_t dirty = st_room_dirty();
    assert_true(dirty > DEFAULT_MOST); /* the clock stands still */
    os_fake_set_clock(1000000000);
    count = take_all(24 * ST_MIB, 20000);
    free_all(count, 0);
    assert_true(st_room_dirty() <= DEFAULT_MOST + ST_MIB);
}

static void nothing_goes_back_if_the_option_says_so(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, SIZE_MAX);
    size_t count = take_all(24 * ST_MIB, 20000);
    size_t held = st_room_held();
    free_all(count, 0);
    assert_int_equal(st_room_held(), held);
}

/* A program that goes on, with blocks that no thread keeps. */
static void go_on(unsigned clock)
{
    os_fake_set_clock(clock);
    for (size_t n = 0; n < 40; n++) strata_free(strata_malloc(ST_MIB));
}

/* The first time only begins to look. */
static void what_nobody_used_for_a_while_goes_back(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, SIZE_MAX);
    size_t count = take_all(24 * ST_MIB, 20000);
    free_all(count, 0);
    go_on(2000);
    assert_true(st_room_dirty() >= 20 * ST_MIB);
    go_on(2500);
    assert_true(st_room_dirty() >= 20 * ST_MIB);
    go_on(4000);
    assert_true(st_room_dirty() <= 2 * ST_MIB);
    little_front_expect_sound();
}

static void what_was_used_meanwhile_stays(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, SIZE_MAX);
    size_t count = take_all(24 * ST_MIB, 20000);
    free_all(count, 0);
    go_on(2000);
    count = take_all(12 * ST_MIB, 20000);
    free_all(count, 0);
    go_on(4000);
    assert_true(st_room_dirty() >= 10 * ST_MIB);
    assert_true(st_room_dirty() <= 14 * ST_MIB);
    little_front_expect_sound();
}

static void nothing_goes_back_from_a_free_without_trimming(void **state)
{
    (void)state;
    st_option_set(st_option_id_trim_threshold, SIZE_MAX);
    size_t count = take_all(24 * ST_MIB, 20000);
    size_t held = st_room_held();
    free_all(count, 0);
    go_on(2000);
    go_on(4000);
    assert_true(st_room_held() >= held);
}

/* At any cost, and each time. */
static void all_goes_back_if_the_option_says_so(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, 0);
    for (size_t round = 0; round < 8; round++) {
        size_t count = take_all(24 * ST_MIB, 20000);
        free_all(count, 0);
        if (st_room_dirty() > ST_MIB) fail_msg("round %zu: %zu bytes are dirty", round, st_room_dirty());
    }
}

static void a_large_program_may_have_more_dirty(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, 64 * ST_KIB);
    st_option_set(st_option_id_dirty_share, 100);
    size_t count = take_all(24 * ST_MIB, 20000);
    size_t held = st_room_held();
    free_all(count / 3, 0); /* a half of what is left */
    assert_int_equal(st_room_held(), held);
    for (size_t i = count / 3; i < count; i++) strata_free(mem[i]);
    assert_true(st_room_dirty() < 4 * ST_MIB);
}

/* Pages of slabs without a block in use, and the account of them when blocks come to lie there again. */
static void pages_between_blocks_go_back_and_come_again(void **state)
{
    (void)state;
    st_option_set(st_option_id_purge_rate, SIZE_MAX);
    st_option_set(st_option_id_dirty_max, ST_MIB);
    size_t count = take_all(24 * ST_MIB, 400);
    size_t held = st_room_held();
    free_all(count, 256); /* one block in 102,400 bytes stays: in each slab about one */
    assert_true(st_room_held() < held / 3);
    little_front_expect_sound();
    for (size_t i = 0; i < count; i++)
        if (i % 256 != 0) mem[i] = strata_malloc(400);
    little_front_expect_sound();
    assert_true(st_room_held() + 2 * ST_MIB > held);
    free_all(count, 0);
}

static void a_host_that_refuses_is_not_asked_at_each_free(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_purge = true;
    os_fake_configure(&config);
    size_t count = take_all(24 * ST_MIB, 20000);
    os_fake_counts before, after;
    os_fake_count(&before);
    free_all(count, 0);
    os_fake_count(&after);
    assert_true(after.calls[os_fake_call_purge] - before.calls[os_fake_call_purge] < count / 4);
    little_front_expect_sound();
}

/* What goes back meanwhile does not keep slabs that are empty. */
static void empty_slabs_serve_other_classes(void **state)
{
    (void)state;
    st_option_set(st_option_id_dirty_max, 0);
    size_t count = take_all(20 * ST_MIB, 300);
    free_all(count, 7);
    for (size_t i = 0; i < count; i += 7) strata_free(mem[i]);
    strata_stats stats;
    strata_stats_get(&stats);
    assert_true(stats.slabs <= 4 * ST_SLICE);
    little_front_expect_sound();
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, little_front_teardown)
#endif

int main(void)
{
#if STRATA_SLABS
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_growth_paid_for_goes_back_at_the_first_fall),
        UNIT_TEST(later_falls_are_paid_for_by_time),
        UNIT_TEST(nothing_goes_back_if_the_option_says_so),
        UNIT_TEST(what_nobody_used_for_a_while_goes_back),
        UNIT_TEST(what_was_used_meanwhile_stays),
        UNIT_TEST(nothing_goes_back_from_a_free_without_trimming),
        UNIT_TEST(all_goes_back_if_the_option_says_so),
        UNIT_TEST(a_large_program_may_have_more_dirty),
        UNIT_TEST(pages_between_blocks_go_back_and_come_again),
        UNIT_TEST(empty_slabs_serve_other_classes),
        UNIT_TEST(a_host_that_refuses_is_not_asked_at_each_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
