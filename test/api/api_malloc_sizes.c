/* SPDX-License-Identifier: MIT-0
 *
 * malloc at every edge of its argument: what is given is unique, aligned and writable to its
 * last byte, and what can't be given is refused with ENOMEM and without a trace.
 */
#include "api/names.h"

static void size_zero_gives_unique_blocks(void **state)
{
    (void)state;
    void *blocks[100];
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) {
        blocks[idx] = api_malloc(hidden(0));
        assert_non_null(blocks[idx]);
        for (size_t older = 0; older < idx; older++) {
            assert_ptr_not_equal(blocks[older], blocks[idx]);
        }
    }
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) api_free(blocks[idx]);
}

static void every_block_is_aligned_and_writable(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        size_t size = api_border_sizes[idx];
        void *mem = api_malloc(size);
        assert_non_null(mem);
        assert_int_equal(address_of(mem) % STRATA_BLOCK_ALIGNMENT, 0);
        memset(mem, 0xa5, size);
        assert_true(is_filled_with(mem, size, 0xa5));
        api_free(mem);
    }
    assert_sound();
}

static void neighbors_do_not_overlap(void **state)
{
    (void)state;
    void *blocks[API_COUNT(api_border_sizes)];
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) {
        blocks[idx] = api_malloc(api_border_sizes[idx]);
        assert_non_null(blocks[idx]);
        fill_pattern(blocks[idx], api_border_sizes[idx], (unsigned)idx);
    }
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) {
        assert_true(has_pattern(blocks[idx], api_border_sizes[idx], (unsigned)idx));
        api_free(blocks[idx]);
    }
    assert_sound();
}

static void usable_size_is_stable_and_all_of_it_is_writable(void **state)
{
    (void)state;
    assert_int_equal(api_usable_size(NULL), 0);
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        size_t size = api_border_sizes[idx];
        void *mem = api_malloc(size);
        void *above = api_malloc(size);
        assert_non_null(mem);
        assert_non_null(above);
        size_t usable = api_usable_size(mem);
        assert_true(usable >= size);
        assert_true(usable >= sizeof(void *));
        memset(above, 0x11, api_usable_size(above));
        memset(mem, 0xee, usable);
        assert_int_equal(api_usable_size(mem), usable);
        assert_true(is_filled_with(above, api_usable_size(above), 0x11));
        assert_true(is_filled_with(mem, usable, 0xee));
        api_free(above);
        assert_int_equal(api_usable_size(mem), usable);
        api_free(mem);
    }
    assert_sound();
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    static const size_t impossible[] = {
        PTRDIFF_MAX,
        (size_t)PTRDIFF_MAX + 1,
        (size_t)PTRDIFF_MAX - 1,
        SIZE_MAX,
        SIZE_MAX - 1,
        SIZE_MAX - 7,
        SIZE_MAX - 8,
        SIZE_MAX - 15,
        SIZE_MAX - 16,
        SIZE_MAX - 17,
        SIZE_MAX - 31,
        SIZE_MAX - 64,
        SIZE_MAX - 4095,
        SIZE_MAX - 4096,
        SIZE_MAX - 65536,
        SIZE_MAX / 2 + 4096,
        SIZE_MAX - SIZE_MAX / 4,
        SIZE_MAX / 2 - 65536,
        SIZE_MAX / 2 - 0x100000,
    };
    for (size_t idx = 0; idx < API_COUNT(impossible); idx++) {
        errno = 0;
        void *mem = api_malloc(hidden(impossible[idx]));
        assert_null(mem);
        assert_int_equal(errno, ENOMEM);
    }
    assert_sound();
}

#if SIZE_MAX > 0xffffffff
static void sizes_beyond_the_address_space_are_refused(void **state)
{
    (void)state;
    for (unsigned bit = 47; bit < 64; bit++) {
        errno = 0;
        assert_null(api_malloc(hidden((size_t)1 << bit)));
        assert_int_equal(errno, ENOMEM);
    }
    assert_sound();
}
#endif

static void a_refusal_leaves_the_heap_usable(void **state)
{
    (void)state;
    char *before = api_malloc(100);
    assert_non_null(before);
    fill_pattern(before, 100, 3);
    assert_null(api_malloc(hidden(SIZE_MAX)));
    char *after = api_malloc(100);
    assert_non_null(after);
    assert_true(has_pattern(before, 100, 3));
    api_free(before);
    api_free(after);
    assert_sound();
}

static void success_does_not_clear_errno(void **state)
{
    (void)state;
    errno = 7777;
    void *small = api_malloc(10);
    void *large = api_malloc((size_t)1 << 23);
    assert_int_equal(errno, 7777);
    assert_non_null(small);
    assert_non_null(large);
    api_free(large);
    api_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_unique_blocks),
        cmocka_unit_test(every_block_is_aligned_and_writable),
        cmocka_unit_test(neighbors_do_not_overlap),
        cmocka_unit_test(usable_size_is_stable_and_all_of_it_is_writable),
        cmocka_unit_test(impossible_sizes_are_refused),
#if SIZE_MAX > 0xffffffff
        cmocka_unit_test(sizes_beyond_the_address_space_are_refused),
#endif
        cmocka_unit_test(a_refusal_leaves_the_heap_usable),
        cmocka_unit_test(success_does_not_clear_errno),
    };
    return API_RUN(tests);
}
