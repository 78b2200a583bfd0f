/* SPDX-License-Identifier: MIT-0
 *
 * Magazines of one thread: how many blocks come at once, when they grow and when half goes back, in
 * which order blocks are had again, and when a wrong free is told: at once if the same block was
 * freed just before, otherwise when it is put back into its slab.
 */
#include "fake/little_slabs.h"

#if STRATA_SLABS

#define GET little_slabs_get
#define PUT little_slabs_put
#define KEPT little_slabs_kept

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    little_slabs_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    little_slabs_expect_empty();
    return 0;
}

static size_t slots_of(size_t class_idx)
{
    return st_near.cache->magazine[class_idx].slot_count;
}

/* ---- refill ---- */

static size_t first_refill(size_t class_idx)
{
    return st_max(1, st_min(16, 4096 / (class_idx * ST_SLAB_GRAIN)));
}

static void a_refill_is_of_half_a_magazine_or_a_page(void **state)
{
    (void)state;
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        size_t size = class_idx * ST_SLAB_GRAIN;
        assert_null(st_cache_take(size));
        char *first = GET(class_idx);
        assert_int_equal(slots_of(class_idx), ST_CACHE_GROUP);
        assert_int_equal(KEPT(class_idx), first_refill(class_idx) - 1);
        /* Upwards, without another refill. */
        for (size_t i = 1; i < first_refill(class_idx); i++) {
            char *mem = st_cache_take(size);
            assert_ptr_equal(mem, first + i * size);
            memset(mem, 0x55, size);
        }
        assert_int_equal(KEPT(class_idx), 0);
        assert_null(st_cache_take(size));
        for (size_t i = 0; i < first_refill(class_idx); i++) PUT(first + i * size);
        little_slabs_expect_sound();
    }
}

static void every_request_up_to_the_limit_is_small(void **state)
{
    (void)state;
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) PUT(GET(class_idx));
    for (size_t req = 1; req <= ST_SLAB_LIMIT; req++) {
        char *mem = st_cache_take(req);
        assert_non_null(mem);
        size_t class_idx = st_slab_class_of(st_slices_word(little_slabs_idx(mem)));
        assert_int_equal(class_idx, st_slab_class_for(req));
        PUT(mem);
    }
    static const size_t others[] = {0, ST_SLAB_LIMIT + 1, ST_SLAB_LIMIT + 17, 4096, SIZE_MAX};
    for (size_t i = 0; i < TESTING_COUNT(others); i++) assert_null(st_cache_take(others[i]));
}

/* As malloc(0) does it, which does not look into the magazine first. */
static void a_refill_of_a_magazine_that_has_blocks_loses_none(void **state)
{
    (void)state;
    char *mem[40];
    for (size_t i = 0; i < 40; i++) mem[i] = GET(1);
    for (size_t i = 0; i < 40; i++) PUT(mem[i]);
    size_t kept = KEPT(1);
    for (size_t i = 0; i < 40; i++) {
        mem[i] = st_cache_refill(1);
        assert_non_null(mem[i]);
        if (kept > 0) assert_int_equal(KEPT(1), --kept);
        kept = KEPT(1);
    }
    for (size_t i = 0; i < 40; i++) PUT(mem[i]);
}

static void the_block_freed_last_is_had_first(void **state)
{
    (void)state;
    char *mem[20];
    for (size_t i = 0; i < 20; i++) mem[i] = GET(10);
    for (size_t i = 0; i < 20; i++) PUT(mem[i]);
    for (size_t i = 20; i-- > 0;) assert_ptr_equal(GET(10), mem[i]);
    for (size_t i = 0; i < 20; i++) PUT(mem[i]);
}

/* ---- growth ---- */

/* Frees as many as it takes until the magazine has this many. */
static size_t put_until(size_t class_idx, char **mem, size_t from, size_t kept)
{
    while (KEPT(class_idx) < kept) PUT(mem[from++]);
    return from;
}

static void a_magazine_grows_if_it_was_empty_since_it_was_full(void **state)
{
    (void)state;
    enum { many = 2000 };
    static char *mem[many];
    for (size_t i = 0; i < many; i++) mem[i] = GET(1);
    assert_int_equal(KEPT(1), 0); /* a multiple of what comes at once */
    /* The first time without conditions, then no more: it has not been empty. */
    size_t at = put_until(1, mem, 0, 31);
    assert_int_equal(slots_of(1), 32);
    PUT(mem[at++]);
    assert_int_equal(slots_of(1), 64);
    assert_int_equal(KEPT(1), 32);
    at = put_until(1, mem, at, 63);
    PUT(mem[at++]);
    assert_int_equal(slots_of(1), 64);
    assert_int_equal(KEPT(1), 32); /* 32 went back, this one came */
    at = put_until(1, mem, at, 63);
    PUT(mem[at++]);
    assert_int_equal(KEPT(1), 32);
    little_slabs_expect_sound();
    /* Now it is emptied, and filled from slabs. */
    size_t taken = KEPT(1) + 1;
    for (size_t i = 0; i < taken; i++) mem[--at] = GET(1);
    at = put_until(1, mem, at, 63);
    PUT(mem[at++]);
    assert_int_equal(slots_of(1), 128);
    assert_int_equal(KEPT(1), 64);
    while (at < many) PUT(mem[at++]);
    assert_int_equal(slots_of(1), 128);
}

static void a_grown_magazine_is_refilled_with_more(void **state)
{
    (void)state;
    static char *mem[1000];
    static const size_t refill[] = {16, 32, 64, 64};
    size_t count = 0;
    while (count < 600) mem[count++] = GET(2);
    for (size_t round = 0; round < TESTING_COUNT(refill); round++) {
        size_t slots = (size_t)ST_CACHE_GROUP << round;
        assert_int_equal(slots_of(2), slots);
        while (KEPT(2) > 0) mem[count++] = GET(2);
        mem[count++] = GET(2);
        assert_int_equal(KEPT(2), refill[round] - 1);
        while (slots_of(2) == slots) PUT(mem[--count]);
    }
    while (count > 0) PUT(mem[--count]);
}

/* Turn by turn emptied and filled, a magazine grows as far as the option lets it. */
static void the_option_bounds_magazines(void **state)
{
    (void)state;
    static const struct {
        size_t limit, class_idx, slots;
    } cases[] = {
        {64 * ST_KIB, 1, 1024},
        {64 * ST_KIB, 4, 1024},
        {64 * ST_KIB, 5, 512},
        {64 * ST_KIB, 8, 512},
        {64 * ST_KIB, 63, 64},
        {64 * ST_KIB, 64, 64},
        {16 * ST_MIB, 64, 1024},
        {63 * ST_KIB, 64, 32},
        {4 * ST_KIB, 1, 256},
        {4 * ST_KIB - 1, 1, 128},
        {1, 1, 32},
        {1, 64, 32},
    };
    enum { many = 2200 };
    static char *mem[many];
    for (size_t c = 0; c < TESTING_COUNT(cases); c++) {
        little_slabs_forget();
        little_slabs_start();
        st_option_set(st_option_id_magazine_limit, cases[c].limit);
        for (size_t round = 0; round < 8; round++) {
            for (size_t i = 0; i < many; i++) mem[i] = GET(cases[c].class_idx);
            for (size_t i = 0; i < many; i++) PUT(mem[i]);
            assert_true(KEPT(cases[c].class_idx) < slots_of(cases[c].class_idx));
        }
        assert_int_equal(slots_of(cases[c].class_idx), cases[c].slots);
        little_slabs_expect_empty();
    }
}

/* The new limit holds at once, for magazines that have grown already, too. */
static void a_smaller_option_shrinks_magazines(void **state)
{
    (void)state;
    enum { many = 1100 };
    static char *mem[many];
    for (size_t round = 0; round < 7; round++) {
        for (size_t i = 0; i < many; i++) mem[i] = GET(1);
        for (size_t i = 0; i < many; i++) PUT(mem[i]);
    }
    assert_int_equal(slots_of(1), 1024);
    assert_true(KEPT(1) > 500);
    st_option_set(st_option_id_magazine_limit, ST_KIB);
    st_cache_take_options();
    assert_int_equal(KEPT(1), 0);
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < many; i++) mem[i] = GET(1);
        for (size_t i = 0; i < many; i++) {
            PUT(mem[i]);
            assert_true(KEPT(1) * 16 <= ST_KIB);
        }
        little_slabs_expect_sound();
    }
    st_option_set(st_option_id_magazine_limit, 64 * ST_KIB);
    st_cache_take_options();
    for (size_t round = 0; round < 7; round++) {
        for (size_t i = 0; i < many; i++) mem[i] = GET(1);
        for (size_t i = 0; i < many; i++) PUT(mem[i]);
    }
    assert_int_equal(slots_of(1), 1024);
}

/* ---- flush ---- */

static void the_oldest_half_goes_back(void **state)
{
    (void)state;
    char *mem[64];
    char *more[64];
    size_t more_count = 0;
    for (size_t round = 0; round < 3; round++) { /* it grows when it was full and then empty */
        for (size_t i = 0; i < 64; i++) mem[i] = GET(64);
        while (KEPT(64) > 0) more[more_count++] = GET(64);
        for (size_t i = 0; i < 64 && round < 2; i++) PUT(mem[i]);
    }
    assert_int_equal(KEPT(64), 0);
    for (size_t i = 0; i < 63; i++) PUT(mem[i]);
    assert_int_equal(slots_of(64), 64); /* the most of this class */
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(little_slabs_fault(mem[i]), st_misuse_none);
    PUT(mem[63]);
    for (size_t i = 0; i < 64; i++) {
        bool is_back = i < 32;
        assert_int_equal(little_slabs_fault(mem[i]),
                         is_back ? st_misuse_double_free : st_misuse_none);
    }
    assert_int_equal(KEPT(64), 32);
    for (size_t i = 64; i-- > 32;) assert_ptr_equal(st_cache_take(1024), mem[i]);
    for (size_t i = 32; i < 64; i++) PUT(mem[i]);
    for (size_t i = 0; i < more_count; i++) PUT(more[i]);
}

static void a_flush_puts_all_back(void **state)
{
    (void)state;
    char *mem[ST_SLAB_CLASSES + 1];
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++)
        mem[class_idx] = GET(class_idx);
    st_cache_flush();
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        assert_int_equal(KEPT(class_idx), 0);
        const st_slab *slab = st_slices_note(little_slabs_idx(mem[class_idx]));
        assert_int_equal(slab->free_count, st_slab_block_count(class_idx) - 1);
        PUT(mem[class_idx]);
        assert_int_equal(KEPT(class_idx), 1);
    }
    st_cache_flush();
    assert_int_equal(little_slabs_used(), 0); /* empty slabs went, too */
}

/* ---- wrong frees ---- */

#if STRATA_CHECK >= 1
/* Also where a group of slots begins, and before and after a magazine grows. */
static void a_block_freed_twice_in_a_row_is_told_at_once(void **state)
{
    (void)state;
    char *mem[100];
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < 100; i++) mem[i] = GET(3);
    for (size_t i = 0; i < 100; i++) {
        PUT(mem[i]);
        size_t kept = KEPT(3);
        PUT(mem[i]);
        assert_int_equal(KEPT(3), kept);
        little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[i], 1);
        little_slabs_expect_sound();
    }
}
#endif

static void a_block_freed_twice_is_told_when_it_is_put_back(void **state)
{
    (void)state;
    char *mem[3] = {GET(3), GET(3), GET(3)};
    st_option_set(st_option_id_on_misuse, 1);
    PUT(mem[0]);
    PUT(mem[1]);
    PUT(mem[0]);
    assert_string_equal(os_fake_output(), "");
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[0], 1);
    assert_int_equal(little_slabs_fault(mem[0]), st_misuse_double_free);
    assert_int_equal(little_slabs_fault(mem[2]), st_misuse_none);
    PUT(mem[2]);
}

static void a_block_that_is_back_is_told_when_it_comes_again(void **state)
{
    (void)state;
    char *mem = GET(20);
    char *other = GET(20);
    st_option_set(st_option_id_on_misuse, 1);
    PUT(mem);
    st_cache_flush();
    PUT(mem);
    assert_string_equal(os_fake_output(), "");
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem, 1);
    PUT(other);
    st_cache_flush(); /* the slab goes */
    PUT(mem);
    little_slabs_expect_sound();
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem, 1);
}

static void wrong_addresses_are_told_when_they_are_put_back(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        const char *words;
    } cases[] = {{1, LITTLE_SLABS_MISALIGNED},
                 {8, LITTLE_SLABS_MISALIGNED},
                 {16, LITTLE_SLABS_INTERIOR},
                 {144, LITTLE_SLABS_INTERIOR},
                 {160 * 400, LITTLE_SLABS_FOREIGN}};
    char *mem = GET(10);
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        PUT(mem + cases[i].offset);
        st_cache_flush();
        little_slabs_expect_told(cases[i].words, mem + cases[i].offset, 1);
        little_slabs_expect_sound();
    }
    PUT(mem);
}

static void flush_context(void *context)
{
    (void)context;
    st_cache_flush();
}

static void a_wrong_free_ends_the_process_if_not_told_otherwise(void **state)
{
    (void)state;
    char *mem = GET(10);
    PUT(mem + 16);
    assert_true(os_fake_stops(flush_context, NULL));
    little_slabs_expect_told(LITTLE_SLABS_INTERIOR, mem + 16, 1);
    st_lock_reset(&st_near.cache->depot.lock);
    little_slabs_forget(); /* nothing can be relied on any more */
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_refill_is_of_half_a_magazine_or_a_page),
        UNIT_TEST(every_request_up_to_the_limit_is_small),
        UNIT_TEST(a_refill_of_a_magazine_that_has_blocks_loses_none),
        UNIT_TEST(the_block_freed_last_is_had_first),
        UNIT_TEST(a_magazine_grows_if_it_was_empty_since_it_was_full),
        UNIT_TEST(a_grown_magazine_is_refilled_with_more),
        UNIT_TEST(the_option_bounds_magazines),
        UNIT_TEST(a_smaller_option_shrinks_magazines),
        UNIT_TEST(the_oldest_half_goes_back),
        UNIT_TEST(a_flush_puts_all_back),
#if STRATA_CHECK >= 1
        UNIT_TEST(a_block_freed_twice_in_a_row_is_told_at_once),
#endif
        UNIT_TEST(a_block_freed_twice_is_told_when_it_is_put_back),
        UNIT_TEST(a_block_that_is_back_is_told_when_it_comes_again),
        UNIT_TEST(wrong_addresses_are_told_when_they_are_put_back),
        UNIT_TEST(a_wrong_free_ends_the_process_if_not_told_otherwise),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_caches_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_caches_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
