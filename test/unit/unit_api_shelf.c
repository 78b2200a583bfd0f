/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: which freed blocks a thread keeps, for which requests they serve, and that a second free of a
 * kept block is told at once, whoever does it. How many may be kept is in unit_api_shelf_limits.c.
 */
#include "fake/shelf_look.h"

#if STRATA_SLABS

/* ---- keep and take ---- */

static void every_size_that_is_kept_is_had_again(void **state)
{
    (void)state;
    for (size_t req = ST_SLAB_LIMIT + 1; req <= ST_SHELF_LIMIT; req += 13) {
        char *mem = strata_malloc(req);
        size_t usable = strata_usable_size(mem);
        memset(mem, 0xa5, usable);
        strata_free(mem);
        if (usable > ST_SHELF_LIMIT) continue;
        assert_int_equal(shelf_look_kept_count(), 1);
        assert_int_equal(shelf_look_count_of(shelf_look_class_of(usable)), 1);
        assert_ptr_equal(shelf_look_block_of(shelf_look_class_of(usable), 0), mem);
        assert_ptr_equal(strata_malloc(req), mem);
        assert_int_equal(strata_usable_size(mem), usable);
        assert_int_equal(shelf_look_kept_count(), 0);
        strata_free(mem);
        st_shelf_flush();
        assert_int_equal(shelf_look_kept_count(), 0);
    }
}

static void blocks_out_of_range_are_not_kept(void **state)
{
    (void)state;
    static const size_t reqs[] = {1000, 1015, ST_SHELF_LIMIT + 1, ST_SHELF_LIMIT - 6,
                                  ST_SHELF_LIMIT + 9999};
    for (size_t i = 0; i < TESTING_COUNT(reqs); i++) {
        char *mem = st_heap_alloc(reqs[i], NULL);
        size_t usable = strata_usable_size(mem);
        assert_true(usable < ST_SLAB_LIMIT || usable > ST_SHELF_LIMIT);
        strata_free(mem);
        assert_int_equal(shelf_look_kept_count(), 0);
        assert_false(shelf_look_is_kept(mem));
    }
    /* The first and the last that are. */
    for (size_t i = 0; i < 2; i++) {
        char *mem = st_heap_alloc(i == 0 ? 1024 : ST_SHELF_LIMIT - 7, NULL);
        assert_int_equal(strata_usable_size(mem), i == 0 ? 1032 : ST_SHELF_LIMIT - 7);
        strata_free(mem);
        assert_int_equal(shelf_look_kept_count(), 1);
        assert_true(shelf_look_is_kept(mem));
        st_shelf_flush();
    }
}

/* Of its own class or the one below, and larger than the request by a quarter of it at most. */
static void a_kept_block_serves_requests_near_its_size(void **state)
{
    (void)state;
    static const size_t usables[] = {1032, 1144, 1160, 2040,  2056,
                                     3000, 4088, 9992, 32776, ST_SHELF_LIMIT - 7};
    for (size_t i = 0; i < TESTING_COUNT(usables); i++) {
        char *mem = st_heap_alloc(usables[i], NULL);
        assert_int_equal(strata_usable_size(mem), usables[i]);
        strata_free(mem);
        for (size_t req = ST_SLAB_LIMIT + 1; req <= ST_SHELF_LIMIT; req++) {
            size_t up = shelf_look_class_of(usables[i]) - shelf_look_class_of(req);
            bool serves = req <= usables[i] && usables[i] - req <= req / 4 && up <= 1;
            void *taken = st_shelf_take(req, 1);
            if ((taken != NULL) != serves) fail_msg("%zu for %zu", usables[i], req);
            if (!serves) continue;
            assert_ptr_equal(taken, mem);
            strata_free(mem);
        }
        st_shelf_flush();
    }
}

static void the_newest_of_a_class_is_looked_at(void **state)
{
    (void)state;
    char *small = st_heap_alloc(2056, NULL); /* one class: 2,048 to 2,303 */
    char *large = st_heap_alloc(2296, NULL);
    strata_free(large);
    strata_free(small);
    assert_int_equal(shelf_look_count_of(8), 2);
    assert_null(st_shelf_take(2200, 1)); /* the newest is too small, and so is nothing above */
    assert_ptr_equal(st_shelf_take(2050, 1), small);
    assert_ptr_equal(st_shelf_take(2200, 1), large);
    strata_free(small);
    strata_free(large);
}

static void the_class_above_is_asked_next(void **state)
{
    (void)state;
    char *mem = st_heap_alloc(2312, NULL); /* class 9 begins at 2,304 */
    char *last = st_heap_alloc(ST_SHELF_LIMIT - 7, NULL);
    strata_free(mem);
    assert_int_equal(shelf_look_count_of(9), 1);
    assert_ptr_equal(st_shelf_take(2100, 1), mem);
    assert_null(st_shelf_take(2100, 1));
    strata_free(mem);
    assert_null(st_shelf_take(2047, 1)); /* that would be two classes */
    strata_free(last);
    assert_null(st_shelf_take(ST_SHELF_LIMIT, 1)); /* the last class: there is none above */
    assert_ptr_equal(st_shelf_take(ST_SHELF_LIMIT - 7, 1), last);
    strata_free(last);
}

/* ---- marks ---- */

static void a_block_has_a_mark_only_while_it_is_kept(void **state)
{
    (void)state;
    char *mem = strata_malloc(2000);
    memset(mem, 0xff, 2000);
    assert_false(st_shelf_keeps(mem));
    strata_free(mem);
    assert_true(st_shelf_keeps(mem));
    assert_false(st_shelf_keeps(mem + 16));
    assert_ptr_equal(strata_malloc(2000), mem);
    assert_false(st_shelf_keeps(mem));
    for (size_t i = sizeof(size_t); i < 2000; i++) assert_int_equal(mem[i], (char)0xff);
    strata_free(mem); /* it is one more free, and no second one */
    st_shelf_flush();
    assert_int_equal(strata_usable_size(mem), 0);
}

static void expect_double_free(size_t thread, void *mem)
{
    char line[80];
    size_t kept = shelf_look_kept_count();
    snprintf(line, sizeof line, "strata: double free: the block at 0x%lx is already free\n",
             (unsigned long)(uintptr_t)mem);
    crew_do(thread, shelf_look_free_act, mem);
    assert_string_equal(os_fake_output(), line);
    os_fake_clear_output();
    assert_int_equal(shelf_look_kept_count(), kept);
    little_front_expect_sound();
}

static void a_second_free_is_told_at_once(void **state)
{
    (void)state;
    char *mem[5];
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < 5; i++) mem[i] = strata_malloc(3000);
    strata_free(mem[0]);
    expect_double_free(0, mem[0]); /* with room on the shelf for it */
    for (size_t i = 1; i < 5; i++) strata_free(mem[i]);
    for (size_t i = 0; i < 5; i++) { /* those that are kept, and those in their space again */
        expect_double_free(0, mem[i]);
        expect_double_free(1, mem[i]);
    }
}

/* By threads that keep nothing themselves: one that never allocated, one that has ended, one without
 * magazines. The block would be in two places. */
static void end_and_free_twice(void *mem)
{
    strata_free(strata_malloc(1));
    assert_true(os_fake_end_thread());
    strata_free(mem);
}

static void who_keeps_nothing_tells_a_second_free_too(void **state)
{
    (void)state;
    char *mem = strata_malloc(3000);
    st_option_set(st_option_id_on_misuse, 1);
    strata_free(mem);
    expect_double_free(1, mem);
    assert_int_equal(shelf_look_kept_count(), 1);
    crew_do(2, end_and_free_twice, mem);
    assert_non_null(strstr(os_fake_output(), "is already free"));
    os_fake_clear_output();
    st_option_set(st_option_id_magazine_limit, 0); /* for threads that begin from now on */
    crew_do(3, shelf_look_begin_act, &mem);
    st_option_set(st_option_id_magazine_limit, 64 * ST_KIB);
    strata_free(mem); /* that of the third thread: this one keeps it */
    expect_double_free(3, mem);
    little_front_expect_sound();
}

static void a_kept_block_is_not_resized(void **state)
{
    (void)state;
    char *mem = strata_malloc(3000);
    st_option_set(st_option_id_on_misuse, 1);
    strata_free(mem);
    void *result = strata_realloc(mem, 5000);
    assert_null(result);
    assert_non_null(strstr(os_fake_output(), "is already free"));
    os_fake_clear_output();
    assert_int_equal(strata_usable_size(mem), 0);
    assert_true(shelf_look_is_kept(mem));
    assert_ptr_equal(strata_malloc(3000), mem);
    strata_free(mem);
}

/* ---- aligned ---- */

static void a_kept_block_serves_an_aligned_request_if_it_lies_right(void **state)
{
    (void)state;
    char *mem = strata_memalign(4096, 2000);
    char *other = strata_malloc(2000);
    assert_int_equal(st_addr(mem) % 4096, 0);
    strata_free(mem);
    assert_ptr_equal(st_shelf_take(2000, 4096), mem);
    strata_free(mem);
    assert_ptr_equal(strata_memalign(2048, 1990), mem);
    strata_free(mem);
    assert_ptr_equal(strata_memalign(1, 1990), mem);
    while (st_addr(other) % 4096 == 0) other = strata_malloc(2000);
    strata_free(other);
    char *aligned = strata_memalign(4096, 2000);
    assert_ptr_not_equal(aligned, other);
    assert_int_equal(st_addr(aligned) % 4096, 0);
    strata_free(aligned);
    strata_free(mem);
}

/* So that they, too, are kept. */
static void small_blocks_aligned_to_much_are_of_a_size_that_is_kept(void **state)
{
    (void)state;
    for (size_t alignment = 2048; alignment <= 64 * ST_KIB; alignment *= 2) {
        char *mem = strata_memalign(alignment, 10);
        assert_int_equal(st_addr(mem) % alignment, 0);
        assert_true(strata_usable_size(mem) > ST_SLAB_LIMIT);
        strata_free(mem);
        /* The head of a block at the start of a granule is looked at only with the lock. */
        bool is_kept_then = st_addr(mem) % ST_GRANULE != 0;
        assert_int_equal(shelf_look_is_kept(mem), is_kept_then);
        if (!is_kept_then) continue;
        assert_ptr_equal(strata_memalign(alignment, 1), mem);
        strata_free(mem);
        st_shelf_flush();
    }
}

static void a_change_of_options_empties_shelves(void **state)
{
    (void)state;
    strata_free(strata_malloc(5000));
    strata_free(strata_malloc(15000));
    assert_int_equal(shelf_look_kept_count(), 2);
    assert_int_equal(strata_option_set("report", 0), 0);
    assert_int_equal(shelf_look_kept_count(), 0);
}

/* ---- contents ---- */

static void calloc_clears_what_was_kept(void **state)
{
    (void)state;
    for (size_t size = ST_SLAB_LIMIT + 1; size < ST_SHELF_LIMIT - 16; size = size * 9 / 8) {
        char *dirty = strata_malloc(size);
        size_t usable = strata_usable_size(dirty);
        memset(dirty, 0xff, usable);
        strata_free(dirty);
        char *mem = strata_calloc(1, size);
        assert_ptr_equal(mem, dirty);
        for (size_t i = 0; i < size; i++) assert_int_equal(mem[i], 0);
        strata_free(mem);
    }
}

static void realloc_between_kept_sizes_keeps_contents(void **state)
{
    (void)state;
    char *kept[40];
    for (size_t i = 0; i < 40; i++) kept[i] = strata_malloc(1100 + i * 700);
    for (size_t i = 0; i < 40; i++) memset(kept[i], 0xee, 1100 + i * 700);
    for (size_t i = 0; i < 40; i++) strata_free(kept[i]);
    for (size_t from = 1100; from < 32000; from += 1400) {
        for (size_t to = 1100; to < 32000; to += 1900) {
            char *mem = strata_malloc(from);
            for (size_t i = 0; i < from; i++) mem[i] = (char)(i * 7 + from);
            mem = strata_realloc(mem, to);
            assert_non_null(mem);
            for (size_t i = 0; i < st_min(from, to); i++)
                assert_int_equal(mem[i], (char)(i * 7 + from));
            strata_free(mem);
        }
    }
    little_front_expect_sound();
}

/* ---- totals ---- */

static void kept_blocks_are_counted_to_the_byte(void **state)
{
    (void)state;
    static const size_t sizes[] = {1100, 2000, 3000, 5000, 9000, 32000};
    strata_stats before, after;
    char *mem[6];
    size_t bytes = 0;
    for (size_t i = 0; i < 6; i++) mem[i] = strata_malloc(sizes[i]);
    strata_stats_get(&before);
    for (size_t i = 0; i < 6; i++) {
        bytes += strata_usable_size(mem[i]) + ST_CHUNK_OVERHEAD;
        strata_free(mem[i]);
        strata_stats_get(&after);
        assert_int_equal(after.kept, bytes);
        assert_int_equal(shelf_look_kept_count(), i + 1);
        if (!STRATA_STATS) continue;
        assert_int_equal(after.live, before.live - bytes);
        assert_int_equal(after.frees, before.frees + i + 1);
        assert_int_equal(after.allocations, before.allocations);
    }
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_front_setup, little_front_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_size_that_is_kept_is_had_again),
        UNIT_TEST(blocks_out_of_range_are_not_kept),
        UNIT_TEST(a_kept_block_serves_requests_near_its_size),
        UNIT_TEST(the_newest_of_a_class_is_looked_at),
        UNIT_TEST(the_class_above_is_asked_next),
        UNIT_TEST(a_block_has_a_mark_only_while_it_is_kept),
        UNIT_TEST(a_second_free_is_told_at_once),
        UNIT_TEST(who_keeps_nothing_tells_a_second_free_too),
        UNIT_TEST(a_kept_block_is_not_resized),
        UNIT_TEST(a_kept_block_serves_an_aligned_request_if_it_lies_right),
        UNIT_TEST(small_blocks_aligned_to_much_are_of_a_size_that_is_kept),
        UNIT_TEST(a_change_of_options_empties_shelves),
        UNIT_TEST(calloc_clears_what_was_kept),
        UNIT_TEST(realloc_between_kept_sizes_keeps_contents),
        UNIT_TEST(kept_blocks_are_counted_to_the_byte),
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
