/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: which freed blocks a thread keeps, for which requests they serve, and that a second free of a
 * kept block is told at once, whoever does it. How many may be kept is in unit_api_shelf_limits.c.
 */
#include "fake/shelf_look.h"

#if STRATA_SLABS

/* ---- not at all ---- */

static const size_t medium_sizes[] = {ST_SLAB_LIMIT + 1, 2000, 5000, 100000, ST_SHELF_LIMIT};

/* Blocks of all sizes go back to their space at once. */
static void take_and_free_unkept(void *context)
{
    (void)context;
    for (size_t i = 0; i < TESTING_COUNT(medium_sizes); i++) {
        char *mem = strata_malloc(medium_sizes[i]);
        assert_int_equal(little_front_part_of(mem), little_front_space);
        strata_free(mem);
        assert_int_equal(shelf_look_kept_count(), 0);
        assert_false(st_shelf_keeps(mem));
        assert_int_equal(st_heap_usable(mem), 0);
    }
}

/* Runs first in this process: nothing may touch what is of a thread, not even to look. */
static void before_the_start_nothing_is_kept(void **state)
{
    (void)state;
    char *mem[TESTING_COUNT(medium_sizes)];
    assert_int_equal(st_shelf_range, 0);
    take_and_free_unkept(NULL);
    assert_int_equal(st_cache_count(), 0);
    assert_null(st_near.more);
    for (size_t i = 0; i < TESTING_COUNT(mem); i++) mem[i] = strata_malloc(medium_sizes[i]);
    assert_true(front_start());
    /* What is from before is kept like all others. */
    strata_free(strata_malloc(1));
    for (size_t i = 0; i < TESTING_COUNT(mem); i++) {
        strata_free(mem[i]);
        assert_true(shelf_look_is_kept(mem[i]));
    }
}

/* By who had shelves before, and by who begins then. */
static void without_magazines_nothing_is_kept(void **state)
{
    (void)state;
    strata_free(strata_malloc(5000));
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_int_equal(strata_option_set("magazine_limit", 0), 0);
    assert_int_not_equal(st_shelf_range, 0);
    take_and_free_unkept(NULL);
    assert_non_null(st_near.more);
    crew_do(1, take_and_free_unkept, NULL);
    assert_int_equal(strata_option_set("magazine_limit", 64 * ST_KIB), 0);
    strata_free(strata_malloc(5000));
    assert_int_equal(shelf_look_kept_count(), 1);
}

/* ---- keep and take ---- */

static void expect_had_again(size_t req)
{
    char *mem = strata_malloc(req);
    size_t usable = strata_usable_size(mem);
    size_t class_idx = shelf_look_class_of(usable + ST_CHUNK_OVERHEAD);
    memset(mem, 0xa5, usable);
    strata_free(mem);
    assert_true(usable - req < ST_CHUNK_MIN);
    if (usable <= ST_SHELF_LIMIT) {
        assert_int_equal(shelf_look_kept_count(), 1);
        assert_int_equal(shelf_look_count_of(class_idx), 1);
        assert_ptr_equal(shelf_look_block_of(class_idx, 0), mem);
        assert_ptr_equal(strata_malloc(req), mem);
        assert_int_equal(strata_usable_size(mem), usable);
        assert_int_equal(shelf_look_kept_count(), 0);
        strata_free(mem);
        st_shelf_flush();
    }
    assert_int_equal(shelf_look_kept_count(), 0);
}

static void every_size_that_is_kept_is_had_again(void **state)
{
    (void)state;
    for (size_t req = ST_SLAB_LIMIT + 1; req <= ST_SHELF_LIMIT;
         req += req < 64 * ST_KIB ? 13 : 93)
        expect_had_again(req);
}

/* The requests that get the smallest and the largest chunk of each class, and what is next to them: what
 * some of these need is of the class below that of their chunk. */
static void every_class_keeps_its_first_and_its_last_chunk(void **state)
{
    (void)state;
    assert_int_equal(shelf_look_least_of(ST_SHELF_CLASSES), ST_SHELF_CHUNK_END);
    for (size_t class_idx = 0; class_idx < ST_SHELF_CLASSES; class_idx++) {
        size_t least = shelf_look_least_of(class_idx);
        size_t most = shelf_look_least_of(class_idx + 1) - ST_CHUNK_GRAIN;
        assert_int_equal(st_shelf_class(least), class_idx);
        assert_int_equal(st_shelf_class(most), class_idx);
        for (size_t less = 0; less <= ST_CHUNK_GRAIN; less++) {
            expect_had_again(most - ST_CHUNK_OVERHEAD - less);
            if (class_idx != 0) expect_had_again(least - ST_CHUNK_OVERHEAD - less);
        }
    }
}

static void blocks_out_of_range_are_not_kept(void **state)
{
    (void)state;
    static const size_t reqs[] = {1000, 1015, 1016, ST_SHELF_LIMIT + 1, ST_SHELF_LIMIT + 9999};
    for (size_t i = 0; i < TESTING_COUNT(reqs); i++) {
        char *mem = st_heap_alloc(reqs[i], NULL);
        size_t usable = strata_usable_size(mem);
        assert_true(usable < ST_SLAB_LIMIT || usable > ST_SHELF_LIMIT);
        strata_free(mem);
        assert_int_equal(shelf_look_kept_count(), 0);
        assert_false(shelf_look_is_kept(mem));
    }
    /* The first and the last that are: in chunks of 1,040 bytes, and of a grain less than 512 KiB. */
    for (size_t i = 0; i < 2; i++) {
        char *mem = st_heap_alloc(i == 0 ? 1017 : ST_SHELF_LIMIT - 15, NULL);
        assert_int_equal(strata_usable_size(mem) + ST_CHUNK_OVERHEAD,
                         i == 0 ? 1040 : 512 * ST_KIB - 16);
        strata_free(mem);
        assert_int_equal(shelf_look_kept_count(), 1);
        assert_true(shelf_look_is_kept(mem));
        st_shelf_flush();
    }
}

/* True if a chunk of `size` bytes may serve a request that needs so many: it is large enough, and larger
 * by a quarter of that at most. */
static bool is_near(size_t size, size_t needed)
{
    return size >= needed && size - needed <= needed / 4;
}

/* Of its own class, and then of the one below. */
static void a_kept_block_serves_requests_near_its_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1040,  1136,   1152,   1168,   2032,
                                   2048,  2064,   3008,   4096,   10000,
                                   32784, 262128, 262144, 300000, ST_SHELF_CHUNK_END - 16};
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        char *mem = st_heap_alloc(sizes[i] - ST_CHUNK_OVERHEAD, NULL);
        assert_int_equal(strata_usable_size(mem), sizes[i] - ST_CHUNK_OVERHEAD);
        strata_free(mem);
        for (size_t req = ST_SLAB_LIMIT + 1; req <= ST_SHELF_LIMIT; req++) {
            size_t needed = req + ST_CHUNK_OVERHEAD;
            size_t up = shelf_look_class_of(sizes[i]) -
                        shelf_look_class_of(st_chunk_size_for(req));
            for (size_t above = 0; above <= 1; above++) {
                bool serves = is_near(sizes[i], needed) && up == above;
                void *taken = above ? st_shelf_take_other(req, 1) : st_shelf_take(req, 1);
                if ((taken != NULL) != serves)
                    fail_msg("%zu for %zu, %zu above", sizes[i], req, above);
                if (!serves) continue;
                assert_ptr_equal(taken, mem);
                strata_free(mem);
            }
        }
        st_shelf_flush();
    }
}

static void the_newest_of_a_class_is_looked_at(void **state)
{
    (void)state;
    char *small = st_heap_alloc(2064 - ST_CHUNK_OVERHEAD, NULL); /* one class: 2,048 to 2,288 */
    char *large = st_heap_alloc(2288 - ST_CHUNK_OVERHEAD, NULL);
    strata_free(large);
    strata_free(small);
    assert_int_equal(shelf_look_count_of(8), 2);
    /* The newest is too small, and so is nothing above. */
    assert_null(shelf_look_take(2200, 1));
    assert_ptr_equal(st_shelf_take(2050, 1), small);
    assert_ptr_equal(st_shelf_take(2200, 1), large);
    strata_free(small);
    strata_free(large);
}

static void the_class_above_is_asked_next(void **state)
{
    (void)state;
    char *mem = st_heap_alloc(2304 - ST_CHUNK_OVERHEAD, NULL); /* class 9 begins here */
    char *last = st_heap_alloc(ST_SHELF_LIMIT - 16, NULL);
    strata_free(mem);
    assert_int_equal(shelf_look_count_of(9), 1);
    assert_null(st_shelf_take(2100, 1));
    assert_ptr_equal(st_shelf_take_other(2100, 1), mem);
    assert_null(shelf_look_take(2100, 1));
    strata_free(mem);
    assert_null(shelf_look_take(2024, 1)); /* that would be two classes */
    assert_ptr_equal(shelf_look_take(2025, 1), mem);
    strata_free(mem);
    strata_free(last);
    assert_null(shelf_look_take(ST_SHELF_LIMIT, 1)); /* the last class: there is none above */
    assert_ptr_equal(st_shelf_take(ST_SHELF_LIMIT - 16, 1), last);
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
    assert_ptr_equal(shelf_look_take(2000, 4096), mem);
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
    for (size_t size = ST_SLAB_LIMIT + 1; size <= ST_SHELF_LIMIT; size = size * 9 / 8) {
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
        cmocka_unit_test_teardown(before_the_start_nothing_is_kept, little_front_teardown),
        UNIT_TEST(without_magazines_nothing_is_kept),
        UNIT_TEST(every_size_that_is_kept_is_had_again),
        UNIT_TEST(every_class_keeps_its_first_and_its_last_chunk),
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
