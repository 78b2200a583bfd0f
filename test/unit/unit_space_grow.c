/* SPDX-License-Identifier: MIT-0
 *
 * Memory from the host and back to it: segments, top, trimming, on hosts of each page size.
 */
#include "fake/little_space.h"

static st_space space;

static int setup(void **state)
{
    (void)state;
    return little_setup(&space);
}

/* Everything goes back; the page map's own memory stays. */
static int teardown(void **state)
{
    (void)state;
    little_expect_sound(&space);
    little_close(&space);
    size_t map_size = 0;
#if STRATA_PAGEMAP
    map_size = st_pagemap_reserved();
#endif
    assert_int_equal(os_fake_taken(), map_size);
    if (map_size == 0) os_fake_configure(&os_fake_usual);
    return 0;
}

static size_t segment_count(void)
{
    size_t count = 0;
    for (const st_segment *segment = space.segments; segment; segment = segment->next) count++;
    return count;
}

static os_fake_counts counts_now(void)
{
    os_fake_counts counts;
    os_fake_count(&counts);
    return counts;
}

/* ---- growing ---- */

static void nothing_is_taken_before_the_first_block(void **state)
{
    (void)state;
    size_t taken = os_fake_taken();
    assert_null(space.segments);
    assert_int_equal(space.footprint + space.reserved, 0);
    little_give(&space, little_take(&space, 1));
    assert_int_equal(segment_count(), 1);
    assert_true(os_fake_taken() >= taken + space.reserved);
    assert_int_equal(space.reserved, st_option(segment_size));
    assert_true(space.footprint < space.reserved);
    assert_int_equal(space.footprint % ST_GRANULE, 0);
}

static void top_grows_within_its_segment_without_taking_addresses(void **state)
{
    (void)state;
    assert_non_null(little_take(&space, 1000));
    size_t reserved = space.reserved, footprint = space.footprint;
    for (size_t i = 0; i < 30; i++) assert_non_null(little_take(&space, 50 * ST_KIB));
    assert_int_equal(space.reserved, reserved);
    assert_true(space.footprint > footprint);
    assert_true(space.footprint <= footprint + 30 * 51 * ST_KIB + space.footprint / 4);
    assert_int_equal(segment_count(), 1);
    assert_true(space.footprint_peak == space.footprint);
}

static void a_full_segment_is_extended_where_the_host_can(void **state)
{
    (void)state;
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    assert_non_null(little_take(&space, 40 * ST_KIB));
    assert_non_null(little_take(&space, 400 * ST_KIB));
    if (counts_now().calls[os_fake_call_reserve_at] > 0) assert_int_equal(segment_count(), 1);
    little_expect_sound(&space);
}

static void a_new_segment_is_begun_where_it_can_not(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    char *mem = little_take(&space, 30 * ST_KIB);
    size_t rest = space.top_size;
    assert_non_null(little_take(&space, 400 * ST_KIB));
    assert_int_equal(segment_count(), 2);
    little_expect_sound(&space);
    /* What was left of top is not lost. */
    char *other = little_take(&space, rest - ST_CHUNK_OVERHEAD);
    assert_ptr_equal(other, mem + st_chunk_size_for(30 * ST_KIB));
    /* It ends at the fence, and is a block like others: as large as it is, and in small pieces. */
    little_give(&space, other);
    little_expect_sound(&space);
    while (rest >= 2 * ST_CHUNK_MIN) {
        size_t size = st_min(rest - ST_CHUNK_MIN, 96);
        other = little_take(&space, size - ST_CHUNK_OVERHEAD);
        rest -= size;
    }
    other = little_take(&space, rest - ST_CHUNK_OVERHEAD);
    assert_ptr_equal(chunk_above(chunk_of(other)), segment_fence(space.segments->next));
    little_give(&space, other);
    little_expect_sound(&space);
    os_fake_configure(&os_fake_usual);
}

#if STRATA_PAGEMAP
/* The host has it all, and gives address space freely. */
static void more_than_a_space_may_take_at_once_is_refused(void **state)
{
    (void)state;
    assert_null(little_take(&space, 65 * ST_MIB));
    assert_int_equal(space.reserved, 0);
    char *mem = little_take(&space, 1000);
    size_t usable = 0;
    size_t size = st_chunk_size_for(65 * ST_MIB);
    assert_int_equal(st_space_resize(&space, mem, size, &usable), st_resize_no_room);
    st_option_set(st_option_id_direct_threshold, SIZE_MAX);
    assert_non_null(little_take(&space, 65 * ST_MIB));
}
#endif

static void segments_grow_with_the_space(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    for (size_t i = 0; i < 200; i++) assert_non_null(little_take(&space, 60 * ST_KIB));
    assert_true(segment_count() < 12);
    os_fake_configure(&os_fake_usual);
}

static void less_is_reserved_where_much_is_refused(void **state)
{
    (void)state;
    st_option_id id = st_option_id_segment_size;
    st_option_set(id, st_option_describe(id)->maximum);
    os_fake_fail(OS_FAKE_ONLY(reserve), 1, false);
    assert_non_null(little_take(&space, 100));
    little_expect_sound(&space);
}

#if STRATA_PAGEMAP
static void what_could_not_be_committed_belongs_to_nobody(void **state)
{
    (void)state;
    assert_non_null(little_take(&space, 1000));
    const char *end = space.segments->base + space.segments->committed;
    os_fake_fail(OS_FAKE_ONLY(commit), 1, true);
    assert_null(little_take(&space, 300 * ST_KIB));
    for (size_t i = 0; i < 16; i++) assert_int_equal(st_pagemap_get(end + i * ST_GRANULE), 0);
    little_expect_sound(&space);
}
#endif

/* ---- back to the host ---- */

static void trim_top_gives_back_what_was_touched(void **state)
{
    (void)state;
    little_take(&space, 100);
    char *mem = little_take(&space, 900 * ST_KIB);
    memset(mem, 1, 900 * ST_KIB);
    little_give(&space, mem);
    size_t purges = counts_now().calls[os_fake_call_purge];
    assert_true(little_trim_top(&space, 0));
    assert_true(counts_now().calls[os_fake_call_purge] > purges);
    little_expect_sound(&space);
    char *page = mem + 2 * st_os_page_size();
    for (size_t i = 0; i < 800 * ST_KIB; i += 64) assert_int_equal(page[i], 0);
    assert_false(little_trim_top(&space, 0)); /* nothing was touched since */
}

static void a_pad_is_left_in_place(void **state)
{
    (void)state;
    little_take(&space, 100);
    char *mem = little_take(&space, 900 * ST_KIB);
    memset(mem, 1, 900 * ST_KIB);
    little_give(&space, mem);
    assert_false(little_trim_top(&space, ST_MIB));
    assert_false(little_trim_top(&space, SIZE_MAX));
    assert_true(little_trim_top(&space, 500 * ST_KIB));
    assert_int_not_equal(mem[499 * ST_KIB], 0);
    assert_int_equal(mem[700 * ST_KIB], 0);
    little_expect_sound(&space);
}

static void free_trims_top_by_itself_above_the_threshold(void **state)
{
    (void)state;
    st_option_set(st_option_id_trim_threshold, 256 * ST_KIB);
    st_option_set(st_option_id_trim_pad, 0);
    st_option_set(st_option_id_purge_delay, 0);
    little_take(&space, 100);
    char *mem = little_take(&space, 900 * ST_KIB);
    memset(mem, 1, 900 * ST_KIB);
    little_give(&space, mem);
    assert_int_equal(mem[700 * ST_KIB] == 0, STRATA_RETURN);
    little_expect_sound(&space);
}

static void a_host_that_can_not_purge_changes_nothing(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_purge = true;
    os_fake_configure(&config);
    char *mem = little_take(&space, 900 * ST_KIB);
    memset(mem, 1, 900 * ST_KIB);
    little_give(&space, mem);
    assert_false(little_trim_top(&space, 0));
    little_expect_sound(&space);
    os_fake_configure(&os_fake_usual);
}

/* Several segments, of which all but the newest are wholly free in the end. */
static void make_free_segments(void)
{
    static char *mem[8];
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    for (size_t i = 0; i < 8; i++) mem[i] = little_take(&space, (i + 1) * 200 * ST_KIB);
    assert_true(segment_count() > 2);
    for (size_t i = 0; i < 8; i++) little_give(&space, mem[i]);
    os_fake_configure(&os_fake_usual);
}

static void segments_that_are_free_are_released(void **state)
{
    (void)state;
    make_free_segments();
    assert_true(little_release(&space));
    assert_int_equal(segment_count(), 1);
    little_expect_sound(&space);
    assert_false(little_release(&space));
    assert_non_null(little_take(&space, 300 * ST_KIB));
}

static void a_release_that_is_refused_changes_nothing(void **state)
{
    (void)state;
    make_free_segments();
    size_t count = segment_count();
    os_fake_fail(OS_FAKE_ONLY(release), 1, true);
    assert_false(little_release(&space));
    assert_int_equal(segment_count(), count);
    little_expect_sound(&space);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_true(little_release(&space));
    assert_int_equal(segment_count(), 1);
}

static void large_frees_look_for_free_segments(void **state)
{
    (void)state;
    st_option_set(st_option_id_purge_delay, 0); /* at each of them */
    make_free_segments();
    assert_int_equal(segment_count() <= 2, STRATA_RETURN);
    little_expect_sound(&space);
}

static void large_frees_wait_as_long_as_the_option_says(void **state)
{
    (void)state;
    st_option_set(st_option_id_purge_delay, SIZE_MAX);
    make_free_segments();
    assert_true(segment_count() > 2);
    little_expect_sound(&space);
}

static void trim_empties_the_inside_of_holes(void **state)
{
    (void)state;
    char *mem = little_take(&space, 300 * ST_KIB);
    little_take(&space, 8);
    memset(mem, 1, 300 * ST_KIB);
    little_give(&space, mem);
    assert_true(little_trim(&space, 0));
    little_expect_sound(&space);
    for (size_t i = 70 * ST_KIB; i < 220 * ST_KIB; i++) assert_int_equal(mem[i], 0);
    size_t purges = counts_now().calls[os_fake_call_purge];
    assert_false(little_trim(&space, 0)); /* what is empty is not emptied again */
    assert_int_equal(counts_now().calls[os_fake_call_purge], purges);
    assert_ptr_equal(little_take(&space, 300 * ST_KIB), mem);
    memset(mem, 1, 300 * ST_KIB);
    little_give(&space, mem);
    assert_true(little_trim(&space, 0)); /* it was touched meanwhile */
    assert_int_equal(mem[100 * ST_KIB], 0);
}

/* ---- the same with other pages ---- */

static int run_with_large_pages(void *context)
{
    os_fake_config config = os_fake_usual;
    config.page_size = *(const size_t *)context;
    os_fake_configure(&config);
    little_be_usual();
    little_be_plain();
    little_open(&space);
    for (size_t i = 0; i < 60; i++) {
        char *mem = little_take(&space, (i % 7 + 1) * 30 * ST_KIB);
        if (mem == NULL) return 1;
        memset(mem, 1, 30 * ST_KIB);
        if (i % 3) little_give(&space, mem);
        if (i % 11 == 0) little_trim(&space, i * 100);
        if (st_space_check(&space, NULL) != 0) return 2;
        if (space.footprint % config.page_size != 0) return 3;
    }
    return 0;
}

static void pages_of_any_size_will_do(void **state)
{
    (void)state;
    size_t page_sizes[] = {4 * ST_KIB, 16 * ST_KIB, 64 * ST_KIB};
    for (size_t i = 0; i < TESTING_COUNT(page_sizes); i++) {
        child_end end = child_run(run_with_large_pages, &page_sizes[i], false);
        assert_false(end.was_killed);
        assert_int_equal(end.code, 0);
    }
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_any_size_will_do), /* while nothing is taken */
        UNIT_TEST(nothing_is_taken_before_the_first_block),
        UNIT_TEST(top_grows_within_its_segment_without_taking_addresses),
#if STRATA_PAGEMAP
        UNIT_TEST(more_than_a_space_may_take_at_once_is_refused),
#endif
        UNIT_TEST(a_full_segment_is_extended_where_the_host_can),
        UNIT_TEST(a_new_segment_is_begun_where_it_can_not),
        UNIT_TEST(segments_grow_with_the_space),
        UNIT_TEST(less_is_reserved_where_much_is_refused),
#if STRATA_PAGEMAP
        UNIT_TEST(what_could_not_be_committed_belongs_to_nobody),
#endif
        UNIT_TEST(trim_top_gives_back_what_was_touched),
        UNIT_TEST(a_pad_is_left_in_place),
        UNIT_TEST(free_trims_top_by_itself_above_the_threshold),
        UNIT_TEST(a_host_that_can_not_purge_changes_nothing),
        UNIT_TEST(segments_that_are_free_are_released),
        UNIT_TEST(a_release_that_is_refused_changes_nothing),
        UNIT_TEST(large_frees_look_for_free_segments),
        UNIT_TEST(large_frees_wait_as_long_as_the_option_says),
        UNIT_TEST(trim_empties_the_inside_of_holes),
    };
    return TESTING_RUN(tests);
}
