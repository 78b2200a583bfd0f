/* SPDX-License-Identifier: MIT-0
 *
 * Heaps on memory of the caller's: how little is enough, how much of it is used, and that nothing else is
 * touched.
 */
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>

#define BASE_SIZE (64 * ST_KIB)
static _Alignas(128) unsigned char memory[4 * BASE_SIZE];

/* Whatever is there. */
static strata_heap *new_over(size_t offset, size_t size, bool is_fixed)
{
    const strata_heap_config config = {.base = memory + offset, .base_size = size, .is_fixed = is_fixed};
    return strata_heap_create(&config);
}

static strata_heap *new_on(size_t offset, size_t size, bool is_fixed)
{
    memset(memory, 0xee, sizeof memory);
    return new_over(offset, size, is_fixed);
}

static void expect_untouched_but(size_t offset, size_t size)
{
    assert_true(little_heap_is(memory, offset, 0xee));
    assert_true(little_heap_is(memory + offset + size, sizeof memory - offset - size, 0xee));
}

/* As many blocks as there are of this size, all of them written to; how many those are. */
static size_t exhaust(strata_heap *heap, size_t size, void **blocks, size_t most)
{
    size_t count = 0;
    for (void *mem; count < most && (mem = strata_heap_malloc(heap, size)) != NULL; count++) {
        little_heap_fill(mem, size, (int)count + 1);
        blocks[count] = mem;
    }
    if (count < most) assert_int_equal(errno, ENOMEM);
    little_heap_expect_sound(heap);
    for (size_t i = 0; i < count; i++) assert_true(little_heap_is(blocks[i], size, (int)i + 1));
    return count;
}

/* On 64-bit hosts with blocks aligned to 16 bytes, and no less than that elsewhere. */
static void a_kilobyte_is_enough(void **state)
{
    (void)state;
    void *blocks[64];
    for (size_t offset = 0; offset < 32; offset++) {
        strata_heap *heap = new_on(offset, 1040, true);
        if (STRATA_ALIGNMENT > 16 && heap == NULL) continue;
        assert_non_null(heap);
        size_t count = exhaust(heap, 1, blocks, TESTING_COUNT(blocks));
        assert_true(count >= 1);
        for (size_t i = 0; i < count; i++) strata_heap_free(heap, blocks[i]);
        assert_int_equal(exhaust(heap, 1, blocks, TESTING_COUNT(blocks)), count);
        assert_int_equal(strata_heap_destroy(heap), 0);
        expect_untouched_but(offset, 1040);
    }
}

static void too_little_is_refused(void **state)
{
    (void)state;
    size_t least = st_space_base_min(ST_HEAP_SHORT_LEAD);
    for (size_t size = 1; size < least; size++) {
        errno = 0;
        assert_null(new_on(0, size, true));
        assert_int_equal(errno, ENOMEM);
        expect_untouched_but(0, 0);
    }
    assert_null(new_on(1, least, false));
    strata_heap *heap = new_on(0, least, true);
    assert_non_null(heap);
    assert_non_null(strata_heap_malloc(heap, 1));
    assert_null(strata_heap_malloc(heap, 1));
    strata_heap_destroy(heap);
}

static void little_is_lost_of_64_kib(void **state)
{
    (void)state;
    static void *blocks[1000];
    for (size_t offset = 0; offset < 3; offset++) {
        strata_heap *heap = new_on(offset, BASE_SIZE, true);
        size_t count = exhaust(heap, 100, blocks, TESTING_COUNT(blocks));
        if (STRATA_ALIGNMENT <= 16) assert_true(count >= 575);
        /* In any order they are freed, all of it is one piece again. */
        for (size_t i = 0; i < count; i++) strata_heap_free(heap, blocks[i * 7 % count]);
        little_heap_expect_sound(heap);
        assert_int_equal(heap->space.live, 0);
        void *all = strata_heap_malloc(heap, count * 112 - ST_CHUNK_OVERHEAD);
        assert_true(STRATA_ALIGNMENT > 16 || all != NULL);
        strata_heap_free(heap, all);
        assert_int_equal(exhaust(heap, 100, blocks, TESTING_COUNT(blocks)), count);
        strata_heap_reset(heap);
        assert_int_equal(exhaust(heap, 100, blocks, TESTING_COUNT(blocks)), count);
        assert_int_equal(strata_heap_footprint(heap), st_round_down(BASE_SIZE - (offset != 0), 16));
        assert_int_equal(strata_heap_destroy(heap), 0);
        expect_untouched_but(offset, BASE_SIZE);
    }
}

/* Behind such a record are blocks, not quick lists. */
static void aligned_blocks_need_no_quick_lists(void **state)
{
    (void)state;
    static void *blocks[1000];
    strata_heap *heap = new_on(0, BASE_SIZE, true);
    size_t count = exhaust(heap, 200, blocks, TESTING_COUNT(blocks));
    for (size_t i = 1; i < count; i += 2) strata_heap_free(heap, blocks[i]);
    for (size_t alignment = 32; alignment <= 128; alignment *= 2) {
        for (size_t size = 1; size < 60; size += 7) {
            char *mem = strata_heap_memalign(heap, alignment, size);
            assert_true(mem == NULL ? alignment == 128 : st_is_aligned(mem, alignment));
            if (mem != NULL) little_heap_fill(mem, size, 0x55);
            little_heap_expect_sound(heap);
        }
    }
    for (size_t i = 0; i < count; i += 2) assert_true(little_heap_is(blocks[i], 200, (int)i + 1));
    strata_heap_destroy(heap);
}

static void a_fixed_heap_asks_the_host_for_nothing(void **state)
{
    (void)state;
    os_fake_counts before, after;
    os_fake_count(&before);
    os_fake_fail(OS_FAKE_ANY, 1, true);
    strata_heap *heap = new_on(16, sizeof memory - 16, true);
    static void *blocks[10000];
    size_t count = exhaust(heap, 40, blocks, TESTING_COUNT(blocks));
    assert_true(count > (sizeof memory - 2048) / 48);
    assert_null(strata_heap_malloc(heap, 1000000));
    for (size_t i = 0; i < count; i++) strata_heap_free(heap, blocks[i]);
    char *mem = strata_heap_calloc(heap, 1, 100000);
    assert_true(little_heap_is(mem, 100000, 0));
    mem = strata_heap_realloc(heap, mem, 150000);
    assert_non_null(mem);
    assert_non_null(strata_heap_memalign(heap, 4096, 100));
    assert_int_equal(strata_heap_usable_size(heap, mem), chunk_usable(chunk_of(mem)));
    strata_heap_reset(heap);
    assert_non_null(strata_heap_malloc(heap, 250000));
    strata_heap_destroy(heap);
    os_fake_count(&after);
    assert_memory_equal(before.calls, after.calls, sizeof before.calls);
}

/* Freed small blocks wait on quick lists; when nothing else is left they are merged, and found. */
static void what_is_kept_unmerged_is_found_at_the_first_try(void **state)
{
    (void)state;
    static void *blocks[4 * BASE_SIZE / 112];
    strata_heap *heap = new_on(0, 4 * BASE_SIZE, true);
    size_t count = exhaust(heap, 100, blocks, TESTING_COUNT(blocks));
    for (size_t i = 0; i < 100; i++) strata_heap_free(heap, blocks[i]);
    void *large = strata_heap_malloc(heap, 5000);
    assert_non_null(large);
    void *aligned = strata_heap_memalign(heap, 256, 1000);
    assert_non_null(aligned);
    strata_heap_free(heap, large);
    strata_heap_free(heap, aligned);
    for (size_t i = 100; i < count; i++) strata_heap_free(heap, blocks[i]);
    little_heap_expect_sound(heap);
    assert_int_equal(strata_heap_destroy(heap), 0);
}

static void a_base_can_be_grown_from(void **state)
{
    (void)state;
    strata_heap *heap = new_on(1, BASE_SIZE, false);
    char *inside = strata_heap_malloc(heap, 1000);
    assert_true(st_distance(memory, inside) < BASE_SIZE);
    size_t base = strata_heap_footprint(heap);
    char *outside = strata_heap_malloc(heap, BASE_SIZE);
    assert_true(st_distance(memory, outside) >= sizeof memory);
    little_heap_fill(outside, BASE_SIZE, 1);
    assert_ptr_equal(strata_heap_of(inside), heap);
    assert_ptr_equal(strata_heap_of(outside), STRATA_PAGEMAP ? heap : NULL);
    for (size_t i = 0; i < 2000; i++) assert_non_null(strata_heap_malloc(heap, i * 11));
    little_heap_expect_sound(heap);
    strata_heap_free(heap, outside);
    strata_heap_free(heap, inside);
    little_heap_expect_sound(heap);
    strata_heap_reset(heap);
    little_heap_expect_sound(heap);
    assert_int_equal(strata_heap_footprint(heap), base);
    for (size_t i = 0; i < 2000; i++) assert_non_null(strata_heap_calloc(heap, i * 11, 1));
    size_t footprint = strata_heap_footprint(heap);
    assert_int_equal(strata_heap_destroy(heap), footprint - base);
    expect_untouched_but(1, BASE_SIZE);
}

/* The caller's pages are not purged: what the host is told to take back lies elsewhere. */
static void trimming_leaves_the_base_alone(void **state)
{
    (void)state;
    strata_heap *heap = new_on(0, sizeof memory, false);
    char *first = strata_heap_malloc(heap, 100000);
    void *wall = strata_heap_malloc(heap, 10);
    strata_heap_free(heap, first);
    os_fake_counts before, after;
    os_fake_count(&before);
    assert_false(strata_heap_trim(heap, 0));
    os_fake_count(&after);
    assert_memory_equal(before.calls, after.calls, sizeof before.calls);
    char *outside = strata_heap_malloc(heap, 1000000);
    void *other_wall = strata_heap_malloc(heap, 10);
    memset(outside, 1, 1000000);
    strata_heap_free(heap, outside);
    assert_true(strata_heap_trim(heap, 0));
    little_heap_expect_sound(heap);
    assert_non_null(wall);
    assert_non_null(other_wall);
    strata_heap_destroy(heap);
}

static void an_abandoned_heap_is_forgotten_when_its_memory_is_one_again(void **state)
{
    (void)state;
    strata_heap *first = new_on(100, 2000, true);
    strata_heap *other = new_over(BASE_SIZE, 2000, true);
    assert_non_null(first);
    memset(first, 0xdd, 2000);
    assert_ptr_equal(strata_heap_of(memory + BASE_SIZE + 1500), other);
    strata_heap *second = new_over(0, BASE_SIZE, true);
    assert_ptr_equal(strata_heap_of(memory + 1500), second);
    assert_int_equal(strata_heap_destroy(second), 0);
    assert_null(strata_heap_of(memory + 1500));
    assert_ptr_equal(strata_heap_next(NULL), other);
    other = new_over(BASE_SIZE, 2000, false);
    assert_non_null(other);
    strata_heap_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(a_kilobyte_is_enough),
        LITTLE_HEAP_TEST(too_little_is_refused),
        LITTLE_HEAP_TEST(little_is_lost_of_64_kib),
        LITTLE_HEAP_TEST(aligned_blocks_need_no_quick_lists),
        LITTLE_HEAP_TEST(a_fixed_heap_asks_the_host_for_nothing),
        LITTLE_HEAP_TEST(what_is_kept_unmerged_is_found_at_the_first_try),
        LITTLE_HEAP_TEST(a_base_can_be_grown_from),
        LITTLE_HEAP_TEST(trimming_leaves_the_base_alone),
        LITTLE_HEAP_TEST(an_abandoned_heap_is_forgotten_when_its_memory_is_one_again),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
