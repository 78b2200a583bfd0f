/* SPDX-License-Identifier: MIT-0
 *
 * what standards leave open and programs rely on: blocks of 0 bytes, sizes that overflow or exceed
 * PTRDIFF_MAX, errno. (New handlers and the forms of operator new are test/api/cxx_new_*.cc.)
 */
#include "api/names.h"

static void blocks_of_nothing_are_blocks(void **state)
{
    (void)state;
    void *blocks[] = {api_malloc(hidden(0)),
                      api_calloc(hidden(0), 5),
                      api_calloc(5, hidden(0)),
                      api_realloc(NULL, hidden(0)),
                      api_aligned_alloc(64, hidden(0)),
                      api_reallocarray(NULL, hidden(0), 9)};
    for (size_t n = 0; n < API_COUNT(blocks); n++) {
        assert_non_null(blocks[n]);
        for (size_t other = 0; other < n; other++)
            assert_ptr_not_equal(blocks[n], blocks[other]);
    }
    for (size_t n = 0; n < API_COUNT(blocks); n++) {
        void *resized = api_realloc(blocks[n], hidden(0));
        assert_non_null(resized);
        api_free(resized);
    }
    api_free(NULL);
    api_free_sized(NULL, 5);
    assert_int_equal(api_usable_size(NULL), 0);
}

static void expect_no_memory(const void *mem)
{
    assert_null(mem);
    assert_int_equal(errno, ENOMEM);
    errno = 0;
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    static const size_t half = (size_t)1 << (4 * sizeof(size_t));
    unsigned char *kept = api_malloc(100);
    fill_pattern(kept, 100, 74);
    errno = 0;
    expect_no_memory(api_calloc(hidden(half), half));
    expect_no_memory(api_calloc(hidden(SIZE_MAX), 2));
    expect_no_memory(api_reallocarray(NULL, hidden(half), half));
    expect_no_memory(api_reallocarray(hidden_block(kept), hidden(SIZE_MAX / 2 + 1), 2));
    for (size_t less = 0; less < 100000; less = less * 2 + 1) {
        expect_no_memory(api_malloc(hidden(SIZE_MAX - less)));
        expect_no_memory(api_malloc(hidden((size_t)PTRDIFF_MAX + 1 + less)));
        expect_no_memory(api_calloc(hidden((size_t)PTRDIFF_MAX + 1 + less), 1));
        expect_no_memory(
            api_realloc(hidden_block(kept), hidden((size_t)PTRDIFF_MAX + 1 + less)));
        expect_no_memory(api_aligned_alloc(4096, hidden((size_t)PTRDIFF_MAX + 1 + less)));
    }
    assert_true(has_pattern(kept, 100, 74));
    api_free(kept);
    assert_sound();
}

static void free_leaves_errno_alone(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        void *mem = api_malloc(api_border_sizes[idx]),
             *other = api_malloc(api_border_sizes[idx]);
        errno = 4711;
        api_free(mem);
        api_free_sized(other, api_border_sizes[idx]);
        assert_int_equal(errno, 4711);
    }
    errno = 4711;
    strata_trim(0);
    void *mem = api_malloc(100);
    api_free(mem);
    assert_int_equal(errno, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_nothing_are_blocks),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(free_leaves_errno_alone),
    };
    return API_RUN(tests);
}
