/* SPDX-License-Identifier: MIT-0
 *
 * calloc: zero whatever the memory held before, and no product that overflows slips through.
 */
#include "api/names.h"

static void fresh_blocks_are_zero(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        size_t size = api_border_sizes[idx];
        unsigned char *mem = api_calloc(1, size);
        assert_non_null(mem);
        assert_true(is_filled_with(mem, size, 0));
        api_free(mem);
    }
}

/* The usual case: the same size again, right after a free. */
static void dirty_blocks_come_back_zero(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        size_t size = api_border_sizes[idx];
        for (unsigned round = 0; round < 3; round++) {
            unsigned char *dirty = api_malloc(size);
            assert_non_null(dirty);
            memset(dirty, 0xff, api_usable_size(dirty));
            api_free(dirty);
            unsigned char *mem = api_calloc(size == 0 ? 0 : 1, size);
            assert_non_null(mem);
            assert_true(is_filled_with(mem, size, 0));
            memset(mem, 0xff, api_usable_size(mem));
            api_free(mem);
        }
    }
    assert_sound();
}

/* A dirty region that is cut and merged anew, so that blocks lie across old borders. */
static void blocks_across_old_borders_are_zero(void **state)
{
    (void)state;
    enum { piece_count = 64 };
    void *pieces[piece_count];
    for (unsigned round = 1; round < 40; round++) {
        for (size_t idx = 0; idx < piece_count; idx++) {
            pieces[idx] = api_malloc(round * 40 + idx);
            assert_non_null(pieces[idx]);
            memset(pieces[idx], 0xff, api_usable_size(pieces[idx]));
        }
        for (size_t idx = 0; idx < piece_count; idx++) api_free(pieces[idx]);
        for (size_t size = 1; size < 70000; size = size * 3 + round) {
            unsigned char *mem = api_calloc(size, 1);
            assert_non_null(mem);
            assert_true(is_filled_with(mem, size, 0));
            memset(mem, 0xff, api_usable_size(mem));
            api_free(mem);
        }
    }
    assert_sound();
}

/* The end of the heap is partly touched and partly fresh: the border is where zeroing may err. */
static void blocks_across_the_touched_end_are_zero(void **state)
{
    (void)state;
    for (size_t touched = 1000; touched < 3000000; touched = touched * 2 + 17) {
        unsigned char *dirty = api_malloc(touched);
        assert_non_null(dirty);
        memset(dirty, 0xff, touched);
        api_free(dirty);
        unsigned char *mem = api_calloc(touched, 2);
        assert_non_null(mem);
        assert_true(is_filled_with(mem, touched * 2, 0));
        memset(mem, 0xff, touched * 2);
        api_free(mem);
        (void)strata_trim(0);
    }
    assert_sound();
}

static void zero_counts_and_sizes_give_blocks(void **state)
{
    (void)state;
    void *a = api_calloc(hidden(0), 0);
    void *b = api_calloc(hidden(0), SIZE_MAX);
    void *c = api_calloc(SIZE_MAX, hidden(0));
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(b, c);
    api_free(a);
    api_free(b);
    api_free(c);
}

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    static const size_t half = (size_t)1 << (sizeof(size_t) * 4);
    const size_t pairs[][2] = {
        {SIZE_MAX, 2},        {2, SIZE_MAX},           {SIZE_MAX, SIZE_MAX},
        {half, half},         {half * 2, half},        {half, half + 1},
        {half + 1, half + 1}, {SIZE_MAX / 2 + 1, 2},   {SIZE_MAX / 3, 4},
        {SIZE_MAX, 16},       {SIZE_MAX / 16 + 1, 16}, {SIZE_MAX / 8 + 2, 8},
        {SIZE_MAX, 1},        {1, SIZE_MAX},           {PTRDIFF_MAX, 1},
        {PTRDIFF_MAX, 2},     {half / 2, half},        {(size_t)PTRDIFF_MAX + 1, 1},
    };
    for (size_t idx = 0; idx < API_COUNT(pairs); idx++) {
        errno = 0;
        assert_null(api_calloc(hidden(pairs[idx][0]), hidden(pairs[idx][1])));
        assert_int_equal(errno, ENOMEM);
    }
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_blocks_are_zero),
        cmocka_unit_test(dirty_blocks_come_back_zero),
        cmocka_unit_test(blocks_across_old_borders_are_zero),
        cmocka_unit_test(blocks_across_the_touched_end_are_zero),
        cmocka_unit_test(zero_counts_and_sizes_give_blocks),
        cmocka_unit_test(products_that_overflow_are_refused),
    };
    return API_RUN(tests);
}
