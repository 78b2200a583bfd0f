/* SPDX-License-Identifier: MIT-0
 *
 * Blocks: allocate, free, resize and align, in each way.
 */
#include "dl_test.h"

static void malloc_of_nothing_gives_a_block_of_its_own(void **state)
{
    const way *w = *state;
    void *first = w->malloc(0), *second = w->malloc(0);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_true(w->usable_size(first) >= 1);
    w->free(first);
    w->free(second);
}

static void malloc_gives_as_many_bytes_aligned_and_apart(void **state)
{
    const way *w = *state;
    enum { count = 600 };
    void *mem[count];
    for (unsigned i = 0; i < count; i++) {
        size_t size = (size_t)i * i / 7 + i % 5;
        mem[i] = w->malloc(size);
        assert_non_null(mem[i]);
        assert_true(is_multiple_of(mem[i], 2 * sizeof(void *)));
        assert_true(w->usable_size(mem[i]) >= size);
        fill(mem[i], w->usable_size(mem[i]), i);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_true(is_filled(mem[i], w->usable_size(mem[i]), i));
        w->free(mem[i]);
    }
}

static void malloc_of_negative_sizes_fails(void **state)
{
    const way *w = *state;
    for (int i = 1; i < 70000; i += 111) assert_no_memory(w->malloc((size_t)0 - (size_t)i));
    assert_no_memory(w->malloc((size_t)PTRDIFF_MAX + 1));
    assert_no_memory(w->malloc(PTRDIFF_MAX));
}

static void free_of_null_does_nothing_and_errno_stays(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {0, 40, 3000, 600000, 70 * (size_t)MIB};
    errno = 77;
    w->free(NULL);
    assert_int_equal(errno, 77);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *mem = w->malloc(sizes[i]);
        assert_non_null(mem);
        errno = 77;
        w->free(mem);
        assert_int_equal(errno, 77);
    }
}

static void calloc_gives_zeros_also_from_used_memory(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {1, 24, 500, 3000, 100000, 600000, 40 * (size_t)MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int round = 0; round < 3; round++) {
            void *mem = w->calloc(1, sizes[i]);
            assert_non_null(mem);
            assert_true(is_zero(mem, sizes[i]));
            memset(mem, 0xff, sizes[i]);
            w->free(mem);
        }
    }
}

static void calloc_multiplies_and_fails_if_that_overflows(void **state)
{
    const way *w = *state;
    void *mem = w->calloc(30, 50);
    assert_true(w->usable_size(mem) >= 1500);
    w->free(mem);
    assert_no_memory(w->calloc(SIZE_MAX, 2));
    assert_no_memory(w->calloc(SIZE_MAX / 16 + 2, 16));
    assert_no_memory(w->calloc((size_t)1 << sizeof(size_t) * 4, (size_t)1 << sizeof(size_t) * 4));
    void *none[3] = {w->calloc(0, 100), w->calloc(100, 0), w->calloc(0, SIZE_MAX)};
    for (int i = 0; i < 3; i++) {
        assert_non_null(none[i]);
        w->free(none[i]);
    }
}

static void realloc_keeps_the_contents(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {10, 100, 90, 1000, 1001, 5000, 200, 200000, 700000, 40 * (size_t)MIB, 50};
    void *mem = w->realloc(NULL, sizes[0]);
    assert_non_null(mem);
    fill(mem, sizes[0], 5);
    for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
        size_t kept = sizes[i - 1] < sizes[i] ? sizes[i - 1] : sizes[i];
        mem = w->realloc(mem, sizes[i]);
        assert_non_null(mem);
        assert_true(is_filled(mem, kept, 5));
        assert_true(w->usable_size(mem) >= sizes[i]);
        fill(mem, sizes[i], 5);
    }
    w->free(mem);
}

static void realloc_to_nothing_gives_a_smallest_block(void **state)
{
    const way *w = *state;
    void *mem = w->realloc(w->malloc(3000), 0);
    assert_non_null(mem);
    assert_true(w->usable_size(mem) >= 1 && w->usable_size(mem) < 200);
    w->free(mem);
}

static void realloc_that_fails_leaves_the_block(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {40, 3000, 600000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *mem = w->malloc(sizes[i]);
        fill(mem, sizes[i], 9);
        assert_no_memory(w->realloc(mem, SIZE_MAX));
        assert_no_memory(w->realloc(mem, SIZE_MAX - 200));
        assert_no_memory(w->realloc(mem, (size_t)PTRDIFF_MAX + 1));
        assert_true(is_filled(mem, sizes[i], 9));
        w->free(mem);
    }
}

static void realloc_to_less_frees_the_tail(void **state)
{
    const way *w = *state;
    const size_t size = LARGE + 400000; /* no mapping of its own on 32-bit hosts either */
    char *mem = w->malloc(size);
    void *above = w->malloc(LARGE); /* so that the tail is not the end of the space */
    size_t in_use = w->mallinfo().uordblks;
    assert_ptr_equal(w->realloc(mem, 5000), mem);
    assert_true(w->usable_size(mem) < 6000);
    assert_true(w->mallinfo().uordblks <= in_use - size + 6000);
    char *in_tail = w->malloc(size - 6000);
    assert_true(in_tail > mem && in_tail < mem + size);
    w->free(in_tail);
    w->free(above);
    w->free(mem);
}

static void realloc_in_place_grows_into_free_neighbors(void **state)
{
    const way *w = *state;
    char *mem = w->malloc(LARGE), *middle = w->malloc(LARGE), *above = w->malloc(LARGE);
    assert_true(middle > mem && middle < mem + LARGE + 100);
    assert_true(above > middle && above < middle + LARGE + 100);
    fill(mem, LARGE, 1);
    assert_null(w->realloc_in_place(mem, LARGE + 1000));
    assert_true(is_filled(mem, LARGE, 1));
    w->free(middle);
    assert_ptr_equal(w->realloc_in_place(mem, LARGE + 1000), mem);
    assert_true(w->usable_size(mem) >= LARGE + 1000);
    assert_ptr_equal(w->realloc_in_place(mem, 2 * LARGE), mem);
    assert_null(w->realloc_in_place(mem, 2 * LARGE + 1000));
    assert_true(is_filled(mem, LARGE, 1));
    fill(mem, w->usable_size(mem), 2);
    w->free(above);
    w->free(mem);
}

/* Also when there is nothing above but memory that was never used. */
static void realloc_in_place_grows_into_the_end_of_the_space(void **state)
{
    const way *w = *state;
    char *mem = w->malloc(LARGE);
    char *below = w->malloc(LARGE);
    if (below > mem) mem = below;
    assert_ptr_equal(w->realloc_in_place(mem, 2 * LARGE), mem);
    fill(mem, 2 * LARGE, 3);
    assert_ptr_equal(w->realloc_in_place(mem, LARGE), mem);
    assert_true(is_filled(mem, LARGE, 3));
}

static void realloc_in_place_never_moves_and_never_takes_nothing(void **state)
{
    const way *w = *state;
    assert_null(w->realloc_in_place(NULL, 100));
    static const size_t sizes[] = {40, 3000, 600000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *mem = w->malloc(sizes[i]);
        fill(mem, sizes[i], 4);
        assert_null(w->realloc_in_place(mem, SIZE_MAX));
        assert_null(w->realloc_in_place(mem, (size_t)PTRDIFF_MAX + 1));
        assert_ptr_equal(w->realloc_in_place(mem, sizes[i]), mem);
        assert_ptr_equal(w->realloc_in_place(mem, w->usable_size(mem)), mem);
        assert_true(is_filled(mem, sizes[i], 4));
        assert_ptr_equal(w->realloc_in_place(mem, sizes[i] - 8), mem);
        assert_ptr_equal(w->realloc_in_place(mem, 0), mem);
        w->free(mem);
    }
}

static void memalign_raises_to_a_power_of_two(void **state)
{
    const way *w = *state;
    static const size_t asked[] = {0, 1, 3, 8, 16, 17, 24, 33, 48, 100, 513, 4096, 4097, 65536, 100000};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        size_t raised = 16;
        while (raised < asked[i]) raised *= 2;
        for (size_t size = 0; size < 5000; size = size * 3 + 1) {
            void *mem = w->memalign(asked[i], size);
            assert_non_null(mem);
            assert_true(is_multiple_of(mem, raised));
            assert_true(w->usable_size(mem) >= size);
            fill(mem, w->usable_size(mem), 1);
            w->free(mem);
        }
    }
}

static void memalign_of_too_much_fails(void **state)
{
    const way *w = *state;
    assert_no_memory(w->memalign(64, SIZE_MAX));
    assert_no_memory(w->memalign(64, SIZE_MAX - 64));
    assert_no_memory(w->memalign(4096, (size_t)PTRDIFF_MAX));
    assert_no_memory(w->memalign(SIZE_MAX / 2 + 1, 1));
    assert_no_memory(w->memalign(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1));
}

/* What lies around an aligned block stays free, and is found again. */
static void memalign_gives_the_slack_back(void **state)
{
    const way *w = *state;
    void *mem[8];
    size_t in_use = w->mallinfo().uordblks;
    for (int i = 0; i < 8; i++) mem[i] = w->memalign(256 * KIB, 5000);
    assert_true(w->mallinfo().uordblks - in_use < 8 * 6000);
    for (int i = 0; i < 8; i++) w->free(mem[i]);
}

static void usable_size_is_no_less_and_0_for_null(void **state)
{
    const way *w = *state;
    assert_int_equal(w->usable_size(NULL), 0);
    for (size_t size = 0; size < 3 * MIB; size = size * 3 / 2 + 1) {
        const void *mem = w->malloc(size);
        assert_true(w->usable_size(mem) >= size);
        assert_true(w->usable_size(mem) <= size + size / 4 + 200);
        w->free((void *)(uintptr_t)mem);
    }
}

/* Of the process's heap only what no thread keeps. */
static void usable_size_of_a_freed_block_is_0(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {LARGE, 40, 3000};
    for (size_t i = 0; i < (w->is_mspace ? 3 : 1); i++) {
        void *mem = w->malloc(sizes[i]), *above = w->malloc(sizes[i]);
        w->free(mem);
        assert_int_equal(w->usable_size(mem), 0);
        w->free(above);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(malloc_of_nothing_gives_a_block_of_its_own),
        IN_EACH_WAY(malloc_gives_as_many_bytes_aligned_and_apart),
        IN_EACH_WAY(malloc_of_negative_sizes_fails),
        IN_EACH_WAY(free_of_null_does_nothing_and_errno_stays),
        IN_EACH_WAY(calloc_gives_zeros_also_from_used_memory),
        IN_EACH_WAY(calloc_multiplies_and_fails_if_that_overflows),
        IN_EACH_WAY(realloc_keeps_the_contents),
        IN_EACH_WAY(realloc_to_nothing_gives_a_smallest_block),
        IN_EACH_WAY(realloc_that_fails_leaves_the_block),
        IN_EACH_WAY(realloc_to_less_frees_the_tail),
        IN_EACH_WAY(realloc_in_place_grows_into_free_neighbors),
        IN_EACH_WAY(realloc_in_place_grows_into_the_end_of_the_space),
        IN_EACH_WAY(realloc_in_place_never_moves_and_never_takes_nothing),
        IN_EACH_WAY(memalign_raises_to_a_power_of_two),
        IN_EACH_WAY(memalign_of_too_much_fails),
        IN_EACH_WAY(memalign_gives_the_slack_back),
        IN_EACH_WAY(usable_size_is_no_less_and_0_for_null),
        IN_EACH_WAY(usable_size_of_a_freed_block_is_0),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
