/* SPDX-License-Identifier: MIT-0
 *
 * free and its sized kin: nothing happens to errno, whatever the host is asked meanwhile, and a
 * wrong size is tolerated and counted.
 */
#include "api/names.h"

static void null_is_nothing(void **state)
{
    (void)state;
    errno = 7777;
    api_free(NULL);
    api_free_sized(NULL, 10);
    api_free_aligned_sized(NULL, 64, 10);
    assert_int_equal(errno, 7777);
}

/* Blocks of every kind: those that go to a bin, that trim, that unmap. */
static void errno_survives_every_kind_of_free(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
            void *mem = api_malloc(api_border_sizes[idx]);
            assert_non_null(mem);
            memset(mem, 1, api_border_sizes[idx]);
            errno = 4321;
            api_free(mem);
            assert_int_equal(errno, 4321);
        }
    }
    void *huge = api_malloc((size_t)64 << 20);
    assert_non_null(huge);
    errno = 4321;
    api_free(huge);
    assert_int_equal(errno, 4321);
}

static void errno_survives_the_sized_frees(void **state)
{
    (void)state;
    void *small = api_malloc(100);
    void *large = api_malloc((size_t)12 << 20);
    void *aligned = api_aligned_alloc(256, (size_t)8 << 20);
    assert_non_null(small);
    assert_non_null(large);
    assert_non_null(aligned);
    errno = 4321;
    api_free_sized(small, 100);
    api_free_sized(large, (size_t)12 << 20);
    api_free_aligned_sized(aligned, 256, (size_t)8 << 20);
    assert_int_equal(errno, 4321);
    assert_sound();
}

static size_t mismatches(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats.size_mismatches;
}

static void expect_no_mismatch(size_t before, const char *call, size_t size)
{
    if (mismatches() != before) fail_msg("%s of %zu bytes is counted", call, size);
}

static void right_sizes_are_not_counted(void **state)
{
    (void)state;
    size_t before = mismatches();
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        size_t size = api_border_sizes[idx];
        void *mem = api_malloc(size);
        assert_non_null(mem);
        api_free_sized(mem, size);
        expect_no_mismatch(before, "malloc", size);
        for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
            mem = api_aligned_alloc(alignment, size);
            assert_non_null(mem);
            api_free_aligned_sized(mem, alignment, size);
            expect_no_mismatch(before, "aligned_alloc", size);
        }
        mem = api_calloc(size, 1);
        assert_non_null(mem);
        api_free_sized(mem, size);
        expect_no_mismatch(before, "calloc", size);
    }
}

static void wrong_sizes_are_tolerated_and_counted(void **state)
{
    (void)state;
    size_t before = mismatches();
    void *small = api_malloc(100);
    void *medium = api_malloc(20000);
    void *direct = api_malloc((size_t)9 << 20);
    void *aligned = api_aligned_alloc(64, 640);
    assert_non_null(small);
    assert_non_null(medium);
    assert_non_null(direct);
    assert_non_null(aligned);
    assert_int_equal(strata_option_set("on_misuse", 1), 0); /* a build that checks all stops */
    api_free_sized(small, hidden(5000));
    api_free_sized(medium, hidden(10));
    api_free_sized(direct, hidden(SIZE_MAX));
    api_free_aligned_sized(aligned, 64, hidden(1 << 20));
    assert_int_equal(strata_option_set("on_misuse", 0), 0);
    if (STRATA_STATS) assert_int_equal(mismatches(), before + 4);
    assert_sound();
}

static void what_was_freed_is_given_again(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 600, 5000, 100000};
    for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
        size_t footprint = 0;
        for (unsigned round = 0; round < 2000; round++) {
            void *mem = api_malloc(sizes[idx]);
            assert_non_null(mem);
            api_free(mem);
            if (round == 20) footprint = strata_footprint();
        }
        assert_true(strata_footprint() <= footprint);
    }
}

#if API_PLAIN
static void cfree_is_free(void **state)
{
    (void)state;
    void *mem = api_malloc(300);
    assert_non_null(mem);
    errno = 4321;
    cfree(mem);
    cfree(NULL);
    assert_int_equal(errno, 4321);
    assert_sound();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_nothing),
        cmocka_unit_test(errno_survives_every_kind_of_free),
        cmocka_unit_test(errno_survives_the_sized_frees),
        cmocka_unit_test(right_sizes_are_not_counted),
        cmocka_unit_test(wrong_sizes_are_tolerated_and_counted),
        cmocka_unit_test(what_was_freed_is_given_again),
#if API_PLAIN
        cmocka_unit_test(cfree_is_free),
#endif
    };
    return API_RUN(tests);
}
