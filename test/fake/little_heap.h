/* SPDX-License-Identifier: MIT-0
 *
 * Heaps over the fake host, for tests of the layer heaps: what they begin and end with.
 */
#ifndef LITTLE_HEAP_H
#define LITTLE_HEAP_H

#include "fake/testing.h"

#include "api/heap.h"
#include "books/options.h"
#include "strata.h"

#if STRATA_HEAPS

#include "heaps/heap_object.h"

static size_t little_heap_taken; /* bytes of address space that were there before the test */

/* The page map keeps what it has. */
ST_INLINE size_t little_heap_taken_now(void)
{
#if STRATA_PAGEMAP
    return os_fake_taken() - st_pagemap_reserved();
#else
    return os_fake_taken();
#endif
}

/* The process's heap was used, and keeps some. */
ST_INLINE void little_heap_trim_process(void)
{
    strata_trim(0);
    little_heap_taken = little_heap_taken_now();
}

/* All options as declared, a host that can do everything, and all that strata itself keeps for heaps. */
ST_INLINE int little_heap_setup(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    os_fake_configure(&os_fake_usual);
    os_fake_clear_output();
    for (unsigned id = 0; id < st_option_count; id++)
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    st_option_set(st_option_id_dirty_max, SIZE_MAX); /* what was freed stays, but where that is tested */
    strata_heap *heap = strata_heap_create(NULL);
    assert_non_null(heap);
    assert_int_not_equal(strata_heap_destroy(heap), 0);
    little_heap_taken = little_heap_taken_now();
    return 0;
}

/* No heap is left, and nothing of one. */
ST_INLINE int little_heap_teardown(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_null(strata_heap_next(NULL));
    assert_int_equal(little_heap_taken_now(), little_heap_taken);
    assert_string_equal(os_fake_output(), "");
    return 0;
}

ST_INLINE void little_heap_expect_sound(const strata_heap *heap)
{
    const char *first = NULL;
    int broken = st_space_check(&heap->space, &first);
    TESTING_SOUND(broken, first);
}

ST_INLINE strata_heap *little_heap_new(const strata_heap_config *config)
{
    strata_heap *heap = strata_heap_create(config);
    assert_non_null(heap);
    little_heap_expect_sound(heap);
    return heap;
}

ST_INLINE size_t little_heap_segments(const strata_heap *heap)
{
    size_t count = 0;
    const st_segment *segment = heap->space.segments;
    for (; segment != NULL; segment = segment->next) count++;
    return count;
}

/* Fills a block, and tells whether it is still as it was filled. */
ST_INLINE void little_heap_fill(void *mem, size_t size, int byte)
{
    memset(mem, byte, size);
}
ST_INLINE bool little_heap_is(const void *mem, size_t size, int byte)
{
    const unsigned char *at = mem;
    for (size_t i = 0; i < size; i++)
        if (at[i] != (unsigned char)byte) return false;
    return true;
}

#define LITTLE_HEAP_TEST(f) cmocka_unit_test_setup_teardown(f, little_heap_setup, little_heap_teardown)

#endif
#endif
