/* SPDX-License-Identifier: MIT-0
 *
 * The front over all parts of the heap: which of them serves which request and owns which pointer, and
 * what crosses their borders. Shelves have tests of their own (unit_api_shelf.c), and so has what is
 * told of it all (unit_api_front_counts.c).
 */
#include "fake/little_front.h"

#include <errno.h>

#if STRATA_SLABS

#include "space/chunk.h"

static const size_t border_sizes[] = {
    0,      1,      15,     16,      17,      31,      32,      33,     48,     255,
    256,    257,    511,    512,     513,     1007,    1008,    1009,   1023,   1024,
    1025,   1032,   1040,   2047,    2048,    4095,    4096,    4097,   32759,  32760,
    32767,  32768,  32769,  65535,   65536,   65537,   262135,  262136, 262143, 262144,
    262145, 524288, 999983, 1048575, 1048576, 1048577, 3000000,
};

/* A threshold among the sizes above. */
static int setup(void **state)
{
    little_front_setup(state);
    assert_int_equal(strata_option_set("direct_threshold", ST_MIB), 0);
    return 0;
}

static void fill(void *mem, size_t size, size_t seed)
{
    unsigned char *bytes = mem;
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i * 31 + (i >> 9) + seed);
}

static bool is_filled(const void *mem, size_t size, size_t seed)
{
    const unsigned char *bytes = mem;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (unsigned char)(i * 31 + (i >> 9) + seed)) return false;
    return true;
}

/* ---- before and without ---- */

/* Runs first in this process: the front end is not started yet. */
static void before_the_start_all_is_served_by_spaces(void **state)
{
    (void)state;
    void *mem[TESTING_COUNT(border_sizes)];
    st_option_set(st_option_id_direct_threshold, ST_MIB);
    for (size_t i = 0; i < TESTING_COUNT(border_sizes); i++) {
        mem[i] = strata_malloc(border_sizes[i]);
        assert_non_null(mem[i]);
        assert_int_not_equal(little_front_part_of(mem[i]), little_front_slab);
    }
    assert_int_equal(st_cache_count(), 0);
    assert_int_equal(little_front_stats().slabs + little_front_stats().kept, 0);
    /* They are freed when it has started: whose they are is told by their addresses. */
    assert_true(front_start());
    for (size_t i = 0; i < TESTING_COUNT(border_sizes); i++) strata_free(mem[i]);
    assert_int_equal(little_front_stats().live, 0);
    little_front_expect_sound();
}

static int start_without_slabs(void *context)
{
    void *mem[100];
    (void)context;
    os_fake_fail(OS_FAKE_ONLY(reserve) | OS_FAKE_ONLY(reserve_at), 1, true);
    if (front_start()) return 1;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    for (size_t i = 0; i < 100; i++) {
        mem[i] = strata_malloc(i * 20);
        if (little_front_part_of(mem[i]) != little_front_space) return 2;
    }
    for (size_t i = 0; i < 100; i++) mem[i] = strata_realloc(mem[i], 2100 - i * 20);
    for (size_t i = 0; i < 100; i++) strata_free(mem[i]);
    strata_stats stats = little_front_stats();
    if (stats.live + stats.slabs + stats.kept != 0) return 3;
    if (STRATA_STATS && stats.allocations != stats.frees) return 4;
    if (strata_check(NULL) != 0) return 5;
    if (st_cache_limit != 0 || st_slices_idx(mem[0]) < ST_SLICES_MAX) return 6;
    return 0;
}

/* Also later, when there would be memory: no thread may see the window open behind its back. */
static void a_start_without_memory_does_without_slabs_for_good(void **state)
{
    (void)state;
    child_end end = child_run(start_without_slabs, NULL, false);
    assert_false(end.was_killed);
    assert_int_equal(end.code, 0);
}

/* ---- which part ---- */

static little_front_part part_for(size_t req)
{
    if (req <= ST_SLAB_LIMIT) return little_front_slab;
    return st_chunk_size_for(req) < ST_MIB ? little_front_space : little_front_direct;
}

static void every_size_is_served_by_its_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < TESTING_COUNT(border_sizes); i++) {
        size_t req = border_sizes[i];
        for (size_t round = 0; round < 3; round++) { /* new, and what was kept */
            char *mem = round == 1 ? strata_calloc(1, req) : strata_malloc(req);
            assert_non_null(mem);
            assert_int_equal(st_addr(mem) % STRATA_ALIGNMENT, 0);
            assert_int_equal(little_front_part_of(mem), part_for(req));
            size_t usable = strata_usable_size(mem);
            assert_true(usable >= req);
            if (req <= ST_SLAB_LIMIT)
                assert_int_equal(usable,
                                 st_max(st_round_up(req, ST_SLAB_GRAIN), ST_SLAB_GRAIN));
            bool is_zero = true;
            for (size_t at = 0; at < req && round == 1; at++) is_zero = is_zero && mem[at] == 0;
            assert_true(is_zero);
            fill(mem, usable, i);
            assert_true(is_filled(mem, usable, i));
            assert_true(little_front_is(mem, part_for(req) == little_front_direct
                                                 ? strata_region_direct
                                                 : strata_region_used));
            strata_free(mem);
        }
    }
}

/* malloc(0) does not look into the magazine of the smallest class first: none of its blocks is lost
 * by that. */
static void blocks_of_0_bytes_are_unique_and_lose_nothing(void **state)
{
    (void)state;
    void *mem[100];
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < 100; i++) {
            mem[i] = strata_malloc(round == 3 ? 16 : 0);
            for (size_t j = 0; j < i; j++) assert_ptr_not_equal(mem[i], mem[j]);
        }
        assert_int_equal(little_front_stats().live, 1600);
        for (size_t i = 0; i < 100; i++) strata_free(mem[i]);
        assert_int_equal(little_front_stats().live, 0);
    }
}

/* Every second one of a class, so that slabs, magazines and what is left of them take turns. */
static void a_small_block_of_calloc_is_zero_whatever_it_was(void **state)
{
    (void)state;
    char *mem[200];
    for (size_t size = 1; size <= ST_SLAB_LIMIT; size += 37) {
        for (size_t i = 0; i < 200; i++) mem[i] = strata_malloc(size);
        for (size_t i = 0; i < 200; i++) memset(mem[i], 0xff, size);
        for (size_t i = 0; i < 200; i += 2) strata_free(mem[i]);
        for (size_t i = 0; i < 200; i += 2) {
            mem[i] = strata_calloc(size, 1);
            for (size_t at = 0; at < size; at++) assert_int_equal(mem[i][at], 0);
        }
        for (size_t i = 0; i < 200; i++) strata_free(mem[i]);
    }
}

/* ---- aligned ---- */

static void aligned_blocks_are_aligned_whatever_the_size(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 256 * ST_KIB; alignment *= 2) {
        for (size_t i = 0; i < TESTING_COUNT(border_sizes); i++) {
            size_t req = border_sizes[i];
            char *mem[3];
            for (size_t j = 0; j < 3; j++) {
                mem[j] = strata_memalign(alignment, req);
                assert_non_null(mem[j]);
                assert_int_equal(st_addr(mem[j]) % st_max(alignment, STRATA_ALIGNMENT), 0);
                assert_true(strata_usable_size(mem[j]) >= req);
                bool is_small = alignment <= ST_SLAB_LIMIT && req <= ST_SLAB_LIMIT;
                assert_int_equal(little_front_part_of(mem[j]) == little_front_slab, is_small);
                fill(mem[j], strata_usable_size(mem[j]), j);
            }
            for (size_t j = 0; j < 3; j++) {
                assert_true(is_filled(mem[j], strata_usable_size(mem[j]), j));
                strata_free(mem[j]);
            }
        }
    }
}

/* No slab is to be had any more, but a space has room: the block lies right all the same. */
static void aligned_small_blocks_may_come_from_a_space(void **state)
{
    (void)state;
    enum { many = 6000 };
    static char *mem[many];
    size_t count = 0, from_space = 0;
    strata_free(strata_malloc(200 * ST_KIB));
    os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
    do {
        assert_true(count < many);
        mem[count] = strata_malloc(1000);
        assert_non_null(mem[count]);
    } while (little_front_part_of(mem[count++]) == little_front_slab);
    for (size_t i = 0; i < 40; i++) {
        size_t alignment = (size_t)32 << i % 6;
        mem[count] = strata_memalign(alignment, 1000);
        assert_non_null(mem[count]);
        assert_int_equal(st_addr(mem[count]) % alignment, 0);
        from_space += little_front_part_of(mem[count++]) == little_front_space;
    }
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_int_equal(from_space, 40);
    while (count > 0) strata_free(mem[--count]);
}

/* To the next power of two, and no further: a small block has a multiple of its alignment. */
static void memalign_raises_its_alignment(void **state)
{
    (void)state;
    static const struct {
        size_t asked, raised;
    } cases[] = {{0, 1},
                 {1, 1},
                 {2, 2},
                 {3, 4},
                 {5, 8},
                 {15, 16},
                 {17, 32},
                 {24, 32},
                 {32, 32},
                 {33, 64},
                 {127, 128},
                 {513, 1024},
                 {1024, 1024},
                 {1025, 2048},
                 {4097, 8192},
                 {65537, 131072},
                 {1048577, 2097152}};
    static const size_t reqs[] = {1, 10, 1000, 2000, 600000};
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        for (size_t j = 0; j < TESTING_COUNT(reqs); j++) {
            char *mem = strata_memalign(cases[i].asked, reqs[j]);
            assert_non_null(mem);
            assert_int_equal(st_addr(mem) % cases[i].raised, 0);
            size_t step = st_max(cases[i].raised, ST_SLAB_GRAIN);
            if (reqs[j] <= ST_SLAB_LIMIT && step <= ST_SLAB_LIMIT)
                assert_int_equal(strata_usable_size(mem), st_round_up(reqs[j], step));
            strata_free(mem);
        }
    }
}

/* As nothing is aligned to so much, and what is more has no next power of two. */
static void memalign_fails_cleanly(void **state)
{
    (void)state;
    static const size_t quarter = SIZE_MAX / 4 + 1;
    const struct {
        size_t asked;
        int code;
    } cases[] = {{quarter - 1, ENOMEM}, {quarter, ENOMEM},         {quarter + 1, ENOMEM},
                 {2 * quarter, ENOMEM}, {2 * quarter + 1, EINVAL}, {SIZE_MAX, EINVAL}};
    static const size_t reqs[] = {0, 10, 2000, 600000, SIZE_MAX};
    strata_free(
        strata_malloc(10)); /* what the first call takes from the host is not the question */
    strata_free(strata_malloc(2000));
    size_t taken = os_fake_taken();
    strata_stats before = little_front_stats();
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        for (size_t j = 0; j < TESTING_COUNT(reqs); j++) {
            errno = 0;
            assert_null(strata_memalign(cases[i].asked, reqs[j]));
            assert_int_equal(errno, cases[i].code);
        }
    }
    assert_int_equal(os_fake_taken(), taken);
    assert_int_equal(little_front_stats().live, before.live);
}

/* ---- realloc ---- */

static bool stays(size_t usable, size_t req)
{
    return req <= usable && usable - req <= usable / 4 + 16;
}

static void contents_cross_every_border(void **state)
{
    (void)state;
    for (size_t from = 0; from < TESTING_COUNT(border_sizes); from++) {
        for (size_t to = 0; to < TESTING_COUNT(border_sizes); to++) {
            size_t old_size = border_sizes[from], new_size = border_sizes[to];
            if (old_size + new_size > 600000 && (from + to) % 5 != 0) continue;
            char *mem = strata_malloc(old_size);
            size_t usable = strata_usable_size(mem);
            bool was_small = little_front_part_of(mem) == little_front_slab;
            fill(mem, old_size, from);
            char *result = strata_realloc(mem, new_size);
            assert_non_null(result);
            assert_true(strata_usable_size(result) >= new_size);
            assert_true(is_filled(result, st_min(old_size, new_size), from));
            if (was_small) assert_int_equal(result == mem, stays(usable, new_size));
            /* What grows out of a part is served by the next one. */
            bool is_small = little_front_part_of(result) == little_front_slab;
            if (new_size > ST_SLAB_LIMIT) assert_false(is_small);
            if (was_small && new_size <= ST_SLAB_LIMIT) assert_true(is_small);
            memset(result, 0x5a, strata_usable_size(result));
            strata_free(result);
        }
    }
}

static void a_realloc_without_memory_leaves_the_block(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 500, 1024, 1025, 30000, 300000};
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        char *mem = strata_malloc(sizes[i]);
        size_t usable = strata_usable_size(mem);
        fill(mem, usable, i);
        os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), 1, true);
        void *result = strata_realloc(mem, 20 * ST_MIB);
        os_fake_fail(OS_FAKE_ANY, 0, false);
        assert_null(result);
        result = strata_realloc(mem, SIZE_MAX / 2);
        assert_null(result);
        assert_int_equal(strata_usable_size(mem), usable);
        assert_true(is_filled(mem, usable, i));
        strata_free(mem);
    }
}

/* Also of the smallest block that a space has: what is left of a larger one. */
static void a_realloc_to_what_no_machine_has_leaves_the_block(void **state)
{
    (void)state;
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 100, PTRDIFF_MAX};
    char *mem[3] = {strata_malloc(3000), strata_malloc(3000), strata_malloc(16)};
    mem[0] = strata_realloc(mem[0], 1);
    assert_int_equal(little_front_part_of(mem[0]), little_front_space);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < TESTING_COUNT(impossible); j++) {
            void *result = strata_realloc(mem[i], impossible[j]);
            assert_null(result);
        }
        strata_free(mem[i]);
    }
}

/* ---- whose is a pointer ---- */

static void expect_told(void *mem, const char *words)
{
    os_fake_clear_output();
    strata_free(mem);
    assert_int_equal(strata_trim(0) & ~1, 0); /* whatever is kept is looked at now */
    if (strstr(os_fake_output(), words) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", os_fake_output(), words);
    os_fake_clear_output();
    little_front_expect_sound();
}

static void pointers_that_are_none_of_ours_are_told(void **state)
{
    (void)state;
    static char bytes[64];
    char local[64];
    char *mem = strata_malloc(100);
    uint32_t idx = (uint32_t)st_slices_idx(mem);
    char *table = st_slices_base(idx & ~(ST_RUN_SLICES - 1));
    char *never = table + ST_RUN - 4096; /* reserved, and nothing else */
    void *const foreign[] = {bytes + 16, local + 16, table, table + 4096, never, (void *)8};
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < TESTING_COUNT(foreign); i++) {
        assert_int_equal(strata_usable_size(foreign[i]), 0);
        void *result = strata_realloc(foreign[i], 50);
        assert_null(result);
        assert_non_null(strstr(os_fake_output(), "did not give out"));
        expect_told(foreign[i], "did not give out");
    }
    assert_int_equal(strata_usable_size(mem + 16), 0);
    void *result = strata_realloc(mem + 16, 200);
    assert_null(result);
    result = strata_realloc(mem + 3, 200);
    assert_null(result);
    assert_non_null(strstr(os_fake_output(), "not the start of a block"));
    assert_non_null(strstr(os_fake_output(), "misaligned"));
    expect_told(mem + 16, "not the start of a block");
    strata_free(NULL);
    assert_int_equal(strata_usable_size(NULL), 0);
    strata_free(mem);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, little_front_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(before_the_start_all_is_served_by_spaces,
                                  little_front_teardown),
        UNIT_TEST(every_size_is_served_by_its_part),
        UNIT_TEST(blocks_of_0_bytes_are_unique_and_lose_nothing),
        UNIT_TEST(a_small_block_of_calloc_is_zero_whatever_it_was),
        UNIT_TEST(aligned_blocks_are_aligned_whatever_the_size),
        UNIT_TEST(aligned_small_blocks_may_come_from_a_space),
        UNIT_TEST(memalign_raises_its_alignment),
        UNIT_TEST(memalign_fails_cleanly),
        UNIT_TEST(contents_cross_every_border),
        UNIT_TEST(a_realloc_without_memory_leaves_the_block),
        UNIT_TEST(a_realloc_to_what_no_machine_has_leaves_the_block),
        UNIT_TEST(pointers_that_are_none_of_ours_are_told),
    };
    /* This one wants a process in which nothing has happened yet. */
    const struct CMUnitTest early[] = {
        cmocka_unit_test(a_start_without_memory_does_without_slabs_for_good)};
    return TESTING_RUN(early) + TESTING_RUN(tests);
}

#else

static void the_heap_serves_all_in_this_build(void **state)
{
    (void)state;
    for (size_t size = 0; size < 100000; size = size * 2 + 1) {
        char *mem = strata_malloc(size);
        assert_non_null(mem);
        mem = strata_realloc(mem, size / 2);
        strata_free(mem);
    }
    assert_int_equal(strata_check(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_heap_serves_all_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
