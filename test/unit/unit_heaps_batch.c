/* SPDX-License-Identifier: MIT-0
 *
 * Many blocks with one call: batches, and blocks that lie side by side.
 */
#include "fake/front_start.h"
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>
#include <stdio.h>


#define COUNT 1000
static void *blocks[COUNT];

static size_t live_of(strata_heap *heap) { return heap->space.live; }

static void a_batch_is_blocks_like_others(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    assert_int_equal(strata_heap_malloc_batch(heap, 100, blocks, COUNT), COUNT);
    for (size_t i = 0; i < COUNT; i++) little_heap_fill(blocks[i], 100, (int)i);
    for (size_t i = 0; i < COUNT; i++) assert_true(little_heap_is(blocks[i], 100, (int)i));
    little_heap_expect_sound(heap);
    strata_heap_free(heap, blocks[3]);
    blocks[3] = NULL;
    assert_int_equal(strata_heap_free_batch(heap, blocks, COUNT), 0);
    for (size_t i = 0; i < COUNT; i++) assert_null(blocks[i]);
    assert_int_equal(live_of(heap), 0);
    little_heap_expect_sound(heap);
    assert_int_equal(strata_heap_malloc_batch(heap, SIZE_MAX, blocks, COUNT), 0);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(strata_heap_malloc_batch(heap, 1, NULL, 0), 0);
    strata_heap_destroy(heap);
}

static void a_batch_ends_where_memory_does(void **state)
{
    (void)state;
    const strata_heap_config config = {.limit = ST_GRANULE};
    strata_heap *heap = little_heap_new(&config);
    errno = 0;
    size_t count = strata_heap_malloc_batch(heap, 1000, blocks, COUNT);
    assert_int_equal(errno, ENOMEM);
    assert_true(count >= 60 && count < 65);
    assert_null(strata_heap_malloc(heap, 1000));
    assert_int_equal(strata_heap_free_batch(heap, blocks, count), 0);
    assert_int_equal(strata_heap_malloc_batch(heap, 1000, blocks, COUNT), count);
    strata_heap_destroy(heap);
}

/* What is nobody's was reported, once, and then ignored. */
static void expect_told_foreign(const void *mem)
{
    char words[100];
    snprintf(words, sizeof words, "strata: free of a pointer that strata did not give out: %p\n", mem);
    if (STRATA_PAGEMAP && STRATA_CHECK >= 1) assert_string_equal(os_fake_output(), words);
    os_fake_clear_output();
}

static void blocks_of_others_are_left_alone(void **state)
{
    (void)state;
    st_option_set(st_option_id_on_misuse, 1);
    strata_heap *heap = little_heap_new(NULL);
    strata_heap *other = little_heap_new(NULL);
    void *mixed[] = {strata_heap_malloc(heap, 10), strata_heap_malloc(other, 10), strata_malloc(10),
                     NULL, &mixed, strata_heap_malloc(heap, 1000000)};
    assert_int_equal(strata_heap_free_batch(heap, mixed, TESTING_COUNT(mixed)), 3);
    assert_null(mixed[0]);
    assert_null(mixed[5]);
    assert_non_null(mixed[1]);
    assert_int_equal(live_of(heap), 0);
#if STRATA_PAGEMAP
    expect_told_foreign(&mixed);
    assert_int_equal(strata_free_batch(mixed, TESTING_COUNT(mixed)), 2);
    assert_null(mixed[2]);
    expect_told_foreign(&mixed);
#else
    strata_free(mixed[2]);
#endif
    assert_int_equal(strata_heap_free_batch(other, &mixed[1], 1), 0);
    assert_int_equal(live_of(other), 0);
    strata_heap_destroy(heap);
    strata_heap_destroy(other);
    little_heap_trim_process();
}

#if STRATA_CHECK >= 1
/* It stays where it is, and is among those that are counted. */
static void blocks_that_are_none_are_left_alone(void **state)
{
    (void)state;
    st_option_set(st_option_id_on_misuse, 1);
    strata_heap *heap = little_heap_new(NULL);
    char *mem = strata_heap_malloc(heap, 1000);
    char *wall = strata_heap_malloc(heap, 1000);
    void *bad[] = {mem + 16, mem, NULL, mem + 32, wall};
    assert_int_equal(strata_heap_free_batch(heap, bad, TESTING_COUNT(bad)), 2);
    assert_ptr_equal(bad[0], mem + 16);
    assert_ptr_equal(bad[3], mem + 32);
    assert_string_not_equal(os_fake_output(), "");
    assert_null(bad[1]);
    assert_null(bad[4]);
    os_fake_clear_output();
    char *large = strata_malloc(100000);
    void *own[] = {large, large + 160, large};
    assert_int_equal(strata_free_batch(own + 1, 1), 1);
    assert_ptr_equal(own[1], large + 160);
    assert_int_equal(strata_free_batch(own, 1), 0);
    assert_string_not_equal(os_fake_output(), "");
    os_fake_clear_output();
    strata_heap_destroy(heap);
    little_heap_trim_process();
}
#endif

static void the_process_frees_batches_of_all_sizes(void **state)
{
    (void)state;
    strata_stats before, after;
    strata_stats_get(&before);
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = strata_malloc(i % 100 == 99 ? 40000000 : i * 13);
        assert_non_null(blocks[i]);
    }
    assert_int_equal(strata_free_batch(blocks, COUNT), 0);
    for (size_t i = 0; i < COUNT; i++) assert_null(blocks[i]);
    strata_stats_get(&after);
    assert_int_equal(before.live, after.live);
    little_heap_trim_process();
}

/* ---- side by side ---- */

static void *usable_end(strata_heap *heap, void *mem)
{
    return (char *)mem + (heap != NULL ? strata_heap_usable_size(heap, mem) : strata_usable_size(mem));
}

static void free_of(strata_heap *heap, void *mem)
{
    if (heap != NULL) {
        strata_heap_free(heap, mem);
    } else {
        strata_free(mem);
    }
}

static void *resize_of(strata_heap *heap, void *mem, size_t size)
{
    return heap != NULL ? strata_heap_realloc(heap, mem, size) : strata_realloc(mem, size);
}

/* Fills all, frees and resizes each by itself. */
static void expect_single_blocks(strata_heap *heap, void **array, size_t count, const size_t *sizes,
                                 size_t size)
{
    for (size_t i = 0; i < count; i++) {
        size_t own = sizes != NULL ? sizes[i] : size;
        assert_true((char *)usable_end(heap, array[i]) >= (char *)array[i] + own);
        little_heap_fill(array[i], own, (int)i);
        if (i > 0) assert_ptr_equal(array[i], (char *)usable_end(heap, array[i - 1]) + ST_CHUNK_OVERHEAD);
    }
    for (size_t i = 0; i < count; i++) {
        size_t own = sizes != NULL ? sizes[i] : size;
        assert_true(little_heap_is(array[i], own, (int)i));
        if (i % 3 == 0) free_of(heap, array[i]);
        if (i % 3 == 1) array[i] = resize_of(heap, array[i], own + 100);
        if (i % 3 == 1) assert_true(little_heap_is(array[i], own, (int)i));
    }
    for (size_t i = 0; i < count; i++)
        if (i % 3 != 0) free_of(heap, array[i]);
}

static void expect_together(strata_heap *heap, size_t count, size_t size)
{
    void *given[200];
    assert_true(count <= TESTING_COUNT(given));
    void **array = strata_heap_calloc_together(heap, count, size, given);
    assert_ptr_equal(array, given);
    for (size_t i = 0; i < count; i++) assert_true(little_heap_is(array[i], size, 0));
    expect_single_blocks(heap, array, count, NULL, size);
    array = strata_heap_calloc_together(heap, count, size, NULL);
    assert_non_null(array);
    for (size_t i = 0; i < count; i++) assert_true(little_heap_is(array[i], size, 0));
    expect_single_blocks(heap, array, count, NULL, size);
    free_of(heap, array);
}

static void equal_blocks_lie_side_by_side(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    for (size_t count = 0; count < 200; count = count * 2 + 1) {
        for (size_t size = 0; size < 60000; size = size * 3 + 7) {
            expect_together(heap, count, size);
            little_heap_expect_sound(heap);
        }
    }
    assert_int_equal(live_of(heap), 0);
    assert_int_equal(heap->space.allocations, heap->space.frees);
    strata_heap_destroy(heap);
}

static void different_blocks_lie_side_by_side(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    size_t sizes[150];
    void *given[150];
    for (size_t i = 0; i < 150; i++) sizes[i] = i * i * i % 5000;
    assert_ptr_equal(strata_heap_malloc_together(heap, 150, sizes, given), given);
    little_heap_expect_sound(heap);
    expect_single_blocks(heap, given, 150, sizes, 0);
    void **array = strata_heap_malloc_together(heap, 150, sizes, NULL);
    expect_single_blocks(heap, array, 150, sizes, 0);
    strata_heap_free(heap, array);
    little_heap_expect_sound(heap);
    assert_int_equal(live_of(heap), 0);
    strata_heap_destroy(heap);
}

static void the_process_has_them_too(void **state)
{
    (void)state;
    const char *first = NULL;
    strata_stats before, after;
    strata_stats_get(&before);
    for (size_t size = 0; size < 60000; size = size * 3 + 7) {
        expect_together(NULL, 50, size);
        TESTING_SOUND(strata_check(&first), first);
    }
    /* More than a mapping of its own would be made for, and than a space grows by at once. */
    void *large[3];
    assert_non_null(strata_heap_calloc_together(NULL, 3, 30 * ST_MIB, large));
    assert_true(little_heap_is(large[2], 30 * ST_MIB, 0));
    for (size_t i = 0; i < 3; i++) strata_free(large[i]);
    strata_stats_get(&after);
    assert_int_equal(before.live, after.live);
    assert_int_equal(after.allocations - before.allocations, after.frees - before.frees);
    little_heap_trim_process();
}

static void what_can_not_be_is_refused(void **state)
{
    (void)state;
    strata_heap *heaps[2] = {little_heap_new(NULL), NULL};
    const size_t much[3] = {PTRDIFF_MAX / 2, PTRDIFF_MAX / 2, PTRDIFF_MAX / 2};
    const size_t most[2] = {SIZE_MAX, 1};
    size_t live = heaps[0]->space.live;
    for (size_t i = 0; i < 2; i++) {
        strata_heap *heap = heaps[i];
        void *array[3] = {NULL};
        errno = 0;
        assert_null(strata_heap_calloc_together(heap, SIZE_MAX / 16, 32, array));
        assert_int_equal(errno, ENOMEM);
        assert_null(strata_heap_calloc_together(heap, (SIZE_MAX >> 5) + 2, 1, array));
        assert_null(strata_heap_calloc_together(heap, SIZE_MAX / 8 + 2, 0, NULL));
        assert_null(strata_heap_calloc_together(heap, 1, SIZE_MAX, array));
        assert_null(strata_heap_malloc_together(heap, 3, much, array));
        assert_null(strata_heap_malloc_together(heap, 2, most, array));
        assert_null(array[0]);
        void **nothing = strata_heap_malloc_together(heap, 0, NULL, NULL);
        assert_non_null(nothing);
        free_of(heap, nothing);
        assert_ptr_equal(strata_heap_malloc_together(heap, 0, NULL, array), array);
    }
    assert_int_equal(heaps[0]->space.live, live);
    strata_heap_destroy(heaps[0]);
    little_heap_trim_process();
}

/* ---- in place ---- */

static void blocks_of_a_heap_are_resized_in_place(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    char *mem = strata_heap_malloc(heap, 1000);
    little_heap_fill(mem, 1000, 5);
    errno = 0;
    assert_ptr_equal(strata_heap_realloc_in_place(heap, mem, 5000), mem);
    assert_true(strata_heap_usable_size(heap, mem) >= 5000);
    assert_non_null(strata_heap_malloc(heap, 10));
    assert_null(strata_heap_realloc_in_place(heap, mem, 10000));
    assert_null(strata_heap_realloc_in_place(heap, mem, SIZE_MAX));
    assert_null(strata_heap_realloc_in_place(heap, NULL, 1));
    assert_ptr_equal(strata_heap_realloc_in_place(heap, mem, 100), mem);
    assert_true(strata_heap_usable_size(heap, mem) < 200);
    assert_true(little_heap_is(mem, 100, 5));
#if STRATA_PAGEMAP
    assert_ptr_equal(strata_realloc_in_place(mem, 4000), mem);
    assert_null(strata_realloc_in_place(mem, 40000));
#endif
    assert_int_equal(errno, 0);
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

static void blocks_of_the_process_are_resized_in_place(void **state)
{
    (void)state;
    errno = 0;
    assert_null(strata_realloc_in_place(NULL, 1));
    for (size_t size = 1; size < 100 * ST_MIB; size = size * 4 + 3) {
        char *mem = strata_malloc(size);
        size_t usable = strata_usable_size(mem);
        little_heap_fill(mem, st_min(size, 1000), 3);
        assert_ptr_equal(strata_realloc_in_place(mem, usable), mem);
        assert_null(strata_realloc_in_place(mem, SIZE_MAX));
        assert_ptr_equal(strata_realloc_in_place(mem, size / 2), mem);
        assert_true(strata_usable_size(mem) >= size / 2);
        assert_true(little_heap_is(mem, st_min(size / 2, 1000), 3));
        char *grown = strata_realloc_in_place(mem, size);
        assert_true(grown == NULL || grown == mem);
        strata_free(mem);
    }
    assert_int_equal(errno, 0);
    little_heap_trim_process();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(a_batch_is_blocks_like_others),
        LITTLE_HEAP_TEST(a_batch_ends_where_memory_does),
        LITTLE_HEAP_TEST(blocks_of_others_are_left_alone),
#if STRATA_CHECK >= 1
        LITTLE_HEAP_TEST(blocks_that_are_none_are_left_alone),
#endif
        LITTLE_HEAP_TEST(the_process_frees_batches_of_all_sizes),
        LITTLE_HEAP_TEST(equal_blocks_lie_side_by_side),
        LITTLE_HEAP_TEST(different_blocks_lie_side_by_side),
        LITTLE_HEAP_TEST(the_process_has_them_too),
        LITTLE_HEAP_TEST(what_can_not_be_is_refused),
        LITTLE_HEAP_TEST(blocks_of_a_heap_are_resized_in_place),
        LITTLE_HEAP_TEST(blocks_of_the_process_are_resized_in_place),
    };
    assert_int_equal(front_start(), STRATA_SLABS);
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
