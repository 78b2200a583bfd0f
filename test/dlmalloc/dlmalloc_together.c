/* SPDX-License-Identifier: MIT-0
 *
 * Many blocks at once: independent_calloc, independent_comalloc and bulk_free, in each way.
 */
#include "dl_test.h"

static void independent_calloc_gives_zeroed_neighbors(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {0, 1, 24, 25, 100, 1000, 5000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        void *chunks[50];
        void *dirty = w->malloc(50 * (sizes[s] + 32));
        memset(dirty, 0xee, 50 * (sizes[s] + 32));
        w->free(dirty);
        assert_ptr_equal(w->independent_calloc(50, sizes[s], chunks), chunks);
        size_t step = (size_t)((char *)chunks[1] - (char *)chunks[0]);
        assert_true(step >= sizes[s] && step <= sizes[s] + 40);
        for (unsigned i = 0; i < 50; i++) {
            assert_true(is_multiple_of(chunks[i], 2 * sizeof(void *)));
            assert_ptr_equal(chunks[i], (char *)chunks[0] + i * step);
            assert_true(w->usable_size(chunks[i]) >= sizes[s]);
            assert_true(is_zero(chunks[i], sizes[s]));
        }
        for (unsigned i = 0; i < 50; i++) fill(chunks[i], w->usable_size(chunks[i]), i);
        for (unsigned i = 0; i < 50; i++) {
            assert_true(is_filled(chunks[i], w->usable_size(chunks[i]), i));
            w->free(chunks[i]);
        }
    }
}

static void independent_calloc_gives_the_array_too(void **state)
{
    const way *w = *state;
    void **chunks = w->independent_calloc(20, 40, NULL);
    assert_non_null(chunks);
    assert_true(w->usable_size(chunks) >= 20 * sizeof(void *));
    for (unsigned i = 0; i < 20; i++) {
        assert_true(is_zero(chunks[i], 40));
        memset(chunks[i], 0xff, 40);
    }
    for (unsigned i = 0; i < 20; i++) w->free(chunks[i]);
    w->free(chunks);
}

static void independent_of_none_gives_the_array_or_a_smallest_block(void **state)
{
    const way *w = *state;
    void *mine[1] = {mine};
    size_t no_sizes[1] = {0};
    assert_ptr_equal(w->independent_calloc(0, 100, mine), mine);
    assert_ptr_equal(w->independent_comalloc(0, no_sizes, mine), mine);
    assert_ptr_equal(mine[0], mine);
    void **chunks = w->independent_calloc(0, 100, NULL);
    assert_non_null(chunks);
    w->free(chunks);
    chunks = w->independent_comalloc(0, no_sizes, NULL);
    assert_non_null(chunks);
    w->free(chunks);
}

static void independent_comalloc_gives_neighbors_of_each_size(void **state)
{
    const way *w = *state;
    size_t sizes[] = {100, 0, 5000, 1, 333, 24, 70000, 8};
    enum { count = sizeof sizes / sizeof *sizes };
    void *chunks[count];
    assert_ptr_equal(w->independent_comalloc(count, sizes, chunks), chunks);
    for (unsigned i = 0; i < count; i++) {
        assert_true(is_multiple_of(chunks[i], 2 * sizeof(void *)));
        assert_true(w->usable_size(chunks[i]) >= sizes[i]);
        if (i > 0) {
            size_t step = (size_t)((char *)chunks[i] - (char *)chunks[i - 1]);
            assert_true(step >= sizes[i - 1] && step <= sizes[i - 1] + 40);
        }
        fill(chunks[i], w->usable_size(chunks[i]), i);
    }
    for (unsigned i = 0; i < count; i++)
        assert_true(is_filled(chunks[i], w->usable_size(chunks[i]), i));
    /* Each lives on its own: freed in any order, and resized. */
    for (unsigned i = 0; i < count; i += 2) w->free(chunks[i]);
    for (unsigned i = 1; i < count; i += 2) {
        chunks[i] = w->realloc(chunks[i], sizes[i] + 3000);
        assert_true(is_filled(chunks[i], sizes[i], i));
        w->free(chunks[i]);
    }
}

static void independent_comalloc_gives_the_array_too(void **state)
{
    const way *w = *state;
    size_t sizes[] = {10, 2000, 30};
    void **chunks = w->independent_comalloc(3, sizes, NULL);
    assert_non_null(chunks);
    for (unsigned i = 0; i < 3; i++) memset(chunks[i], 0xff, w->usable_size(chunks[i]));
    for (unsigned i = 0; i < 3; i++) w->free(chunks[i]);
    w->free(chunks);
}

/* Larger than what gets a mapping of its own elsewhere. */
static void independent_of_much_is_as_good(void **state)
{
    const way *w = *state;
    void *chunks[40];
    size_t sizes[2] = {40 * (size_t)MIB, 100};
    assert_ptr_equal(w->independent_calloc(40, MIB, chunks), chunks);
    for (unsigned i = 0; i < 40; i++) assert_true(is_zero(chunks[i], MIB));
    for (unsigned i = 0; i < 40; i++) w->free(chunks[i]);
    assert_ptr_equal(w->independent_comalloc(2, sizes, chunks), chunks);
    memset(chunks[0], 1, sizes[0]);
    memset(chunks[1], 2, sizes[1]);
    w->free(chunks[0]);
    w->free(chunks[1]);
}

static void bulk_free_frees_and_makes_null(void **state)
{
    const way *w = *state;
    enum { count = 300 };
    void *mem[count];
    void *first = w->malloc(100); /* what a thread or a space sets up at first is no leak */
    w->free(first);
    size_t in_use = w->mallinfo().uordblks;
    for (unsigned i = 0; i < count; i++)
        mem[i] = i % 7 == 3 ? NULL : w->malloc((size_t)i * i * (i % 3 + 1));
    assert_true(w->mallinfo().uordblks > in_use + MIB);
    errno = 77;
    assert_int_equal(w->bulk_free(mem, count), 0);
    assert_int_equal(errno, 77);
    for (unsigned i = 0; i < count; i++) assert_null(mem[i]);
    assert_int_equal(w->mallinfo().uordblks, in_use);
    assert_int_equal(w->bulk_free(mem, count), 0); /* all are NULL now */
    assert_int_equal(w->bulk_free(NULL, 0), 0);
}

/* Neighbors freed in order are one free chunk afterwards. */
static void bulk_free_merges_neighbors(void **state)
{
    const way *w = *state;
    void *mem[8];
    size_t sizes[8] = {LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE};
    assert_ptr_equal(w->independent_comalloc(8, sizes, mem), mem);
    size_t free_chunks = w->mallinfo().ordblks;
    assert_int_equal(w->bulk_free(mem, 8), 0);
    assert_true(w->mallinfo().ordblks <= free_chunks + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(independent_calloc_gives_zeroed_neighbors),
        IN_EACH_WAY(independent_calloc_gives_the_array_too),
        IN_EACH_WAY(independent_of_none_gives_the_array_or_a_smallest_block),
        IN_EACH_WAY(independent_comalloc_gives_neighbors_of_each_size),
        IN_EACH_WAY(independent_comalloc_gives_the_array_too),
        IN_EACH_WAY(independent_of_much_is_as_good),
        IN_EACH_WAY(bulk_free_frees_and_makes_null),
        IN_EACH_WAY(bulk_free_merges_neighbors),
    };
    return cmocka_run_group_tests_name("together", tests, NULL, NULL);
}
