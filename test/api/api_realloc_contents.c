/* SPDX-License-Identifier: MIT-0
 *
 * realloc and reallocarray: contents survive from any size to any other, and a refusal leaves
 * the block as it was.
 */
#include "api/names.h"

static size_t smaller_of(size_t a, size_t b) { return a < b ? a : b; }

static void null_is_malloc(void **state)
{
    (void)state;
    for (size_t size = 0; size < 5000000; size = size * 5 + 1) {
        void *mem = api_realloc(NULL, size);
        assert_non_null(mem);
        memset(mem, 1, size);
        assert_true(api_usable_size(mem) >= size);
        api_free(mem);
    }
    errno = 0;
    assert_null(api_realloc(NULL, hidden(SIZE_MAX)));
    assert_int_equal(errno, ENOMEM);
}

static void size_zero_gives_a_smallest_block(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 900, 1024, 5000, 100000, 5000000};
    void *smallest = api_malloc(hidden(0));
    assert_non_null(smallest);
    size_t smallest_usable = api_usable_size(smallest);
    /* A larger one may stay where it is, in a space, where blocks have heads and smallest sizes of
     * their own. */
    size_t small_limit = STRATA_SLABS ? 1024 : 5000;
    size_t smallest_cut = 4 * sizeof(void *);
    for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
        void *mem = api_malloc(sizes[idx]);
        assert_non_null(mem);
        void *result = api_realloc(mem, hidden(0));
        assert_non_null(result);
        assert_true(api_usable_size(result) >= 1);
        size_t usable = api_usable_size(result);
        if (sizes[idx] <= small_limit) assert_int_equal(usable, smallest_usable);
        if (sizes[idx] <= 5000) assert_true(usable <= smallest_cut);
        api_free(result);
    }
    api_free(smallest);
    assert_sound();
}

/* From every border size to every other, up and down. */
static void contents_survive_between_all_sizes(void **state)
{
    (void)state;
    for (size_t from = 0; from < API_COUNT(api_border_sizes); from++) {
        size_t old_size = api_border_sizes[from];
        for (size_t to = 0; to < API_COUNT(api_border_sizes); to++) {
            size_t new_size = api_border_sizes[to];
            /* Large ones with a stride: copying megabytes a thousand times tells no more. */
            if (old_size + new_size > 10000000) continue;
            if (old_size + new_size > 100000 && (from + to) % 7 != 0) continue;
            void *mem = api_malloc(old_size);
            assert_non_null(mem);
            fill_pattern(mem, old_size, (unsigned)to);
            void *result = api_realloc(mem, new_size);
            assert_non_null(result);
            assert_true(api_usable_size(result) >= new_size);
            assert_int_equal(address_of(result) % STRATA_BLOCK_ALIGNMENT, 0);
            assert_true(has_pattern(result, smaller_of(old_size, new_size), (unsigned)to));
            memset(result, 0x5a, new_size);
            api_free(result);
        }
    }
    assert_sound();
}

/* The way a growing buffer goes, with another block in its way now and then. */
static void a_growing_buffer_keeps_its_contents(void **state)
{
    (void)state;
    void *obstacles[64];
    size_t obstacle_count = 0;
    size_t size = 1;
    void *mem = api_malloc(size);
    assert_non_null(mem);
    fill_pattern(mem, size, 9);
    while (size < (size_t)24 << 20) {
        size_t next = size + size / 2 + 3;
        if (obstacle_count < API_COUNT(obstacles))
            obstacles[obstacle_count++] = api_malloc(size % 700);
        mem = api_realloc(mem, next);
        assert_non_null(mem);
        assert_true(has_pattern(mem, size, 9));
        fill_pattern(mem, next, 9);
        size = next;
    }
    while (size > 1) {
        size_t next = size / 3 + 1;
        if (next >= size) break;
        mem = api_realloc(mem, next);
        assert_non_null(mem);
        assert_true(has_pattern(mem, next, 9));
        size = next;
    }
    api_free(mem);
    while (obstacle_count > 0) api_free(obstacles[--obstacle_count]);
    assert_sound();
}

static void a_refusal_leaves_the_block(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 5000, 100000, 5000000};
    static const size_t impossible[] = {SIZE_MAX, PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1,
                                        SIZE_MAX - 4095};
    for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
        void *mem = api_malloc(sizes[idx]);
        assert_non_null(mem);
        fill_pattern(mem, sizes[idx], 5);
        size_t usable = api_usable_size(mem);
        for (size_t which = 0; which < API_COUNT(impossible); which++) {
            errno = 0;
            assert_null(api_realloc(hidden_block(mem), hidden(impossible[which])));
            assert_int_equal(errno, ENOMEM);
        }
        assert_int_equal(api_usable_size(mem), usable);
        assert_true(has_pattern(mem, sizes[idx], 5));
        api_free(mem);
    }
    assert_sound();
}

static void reallocarray_refuses_products_that_overflow(void **state)
{
    (void)state;
    static const size_t half = (size_t)1 << (sizeof(size_t) * 4);
    const size_t pairs[][2] = {{SIZE_MAX, 2},    {2, SIZE_MAX},           {half, half},
                               {half + 1, half}, {SIZE_MAX / 16 + 1, 16}, {SIZE_MAX, 1},
                               {PTRDIFF_MAX, 1}};
    void *mem = api_reallocarray(NULL, 25, 4);
    assert_non_null(mem);
    fill_pattern(mem, 100, 6);
    for (size_t idx = 0; idx < API_COUNT(pairs); idx++) {
        errno = 0;
        void *block = hidden_block(mem);
        assert_null(api_reallocarray(block, hidden(pairs[idx][0]), hidden(pairs[idx][1])));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(api_reallocarray(NULL, hidden(pairs[idx][0]), hidden(pairs[idx][1])));
        assert_int_equal(errno, ENOMEM);
    }
    assert_true(has_pattern(mem, 100, 6));
    mem = api_reallocarray(mem, 1000, 7);
    assert_non_null(mem);
    assert_true(api_usable_size(mem) >= 7000);
    assert_true(has_pattern(mem, 100, 6));
    mem = api_reallocarray(mem, hidden(0), SIZE_MAX);
    assert_non_null(mem);
    api_free(mem);
}

static void an_aligned_block_keeps_its_contents(void **state)
{
    (void)state;
    for (size_t alignment = 32; alignment <= 65536; alignment *= 4) {
        void *mem = api_memalign(alignment, 3000);
        assert_non_null(mem);
        fill_pattern(mem, 3000, 8);
        mem = api_realloc(mem, 200000);
        assert_non_null(mem);
        assert_true(has_pattern(mem, 3000, 8));
        mem = api_realloc(mem, 64);
        assert_non_null(mem);
        assert_true(has_pattern(mem, 64, 8));
        api_free(mem);
    }
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_malloc),
        cmocka_unit_test(size_zero_gives_a_smallest_block),
        cmocka_unit_test(contents_survive_between_all_sizes),
        cmocka_unit_test(a_growing_buffer_keeps_its_contents),
        cmocka_unit_test(a_refusal_leaves_the_block),
        cmocka_unit_test(reallocarray_refuses_products_that_overflow),
        cmocka_unit_test(an_aligned_block_keeps_its_contents),
    };
    return API_RUN(tests);
}
