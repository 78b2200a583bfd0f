/* SPDX-License-Identifier: MIT-0
 *
 * Whose a block is: the process's functions find the heap by the address, a heap knows its own, and forks
 * find every lock free.
 */
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>

static _Alignas(128) unsigned char memory[64 * 1024];

#if STRATA_PAGEMAP

static void the_process_frees_and_resizes_blocks_of_heaps(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    for (size_t size = 1; size < 100000000; size = size * 9) {
        char *mem = strata_heap_malloc(heap, size);
        void *wall = strata_heap_malloc(heap, 1);
        little_heap_fill(mem, size, 9);
        assert_true(strata_usable_size(mem) >= size);
        assert_int_equal(strata_usable_size(mem), strata_heap_usable_size(heap, mem));
        mem = strata_realloc(mem, size * 2 + 100);
        assert_true(little_heap_is(mem, size, 9));
        assert_ptr_equal(strata_heap_of(mem), heap);
        strata_free_sized(mem, size * 2 + 100);
        strata_free(wall);
        little_heap_expect_sound(heap);
    }
    assert_int_equal(heap->space.live, 0);
    strata_heap_destroy(heap);
}

static void a_limit_holds_for_the_process_functions(void **state)
{
    (void)state;
    const strata_heap_config config = {.limit = 65536};
    strata_heap *heap = little_heap_new(&config);
    char *mem = strata_heap_malloc(heap, 1000);
    little_heap_fill(mem, 1000, 1);
    errno = 0;
    assert_null(strata_realloc(mem, 100000));
    assert_int_equal(errno, ENOMEM);
    assert_true(little_heap_is(mem, 1000, 1));
    assert_ptr_equal(strata_heap_of(mem), heap);
    strata_heap_destroy(heap);
}

#endif

static void a_block_of_the_process_is_in_no_heap(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    void *mem[] = {strata_malloc(10), strata_malloc(10000), strata_malloc(40000000)};
    for (size_t i = 0; i < TESTING_COUNT(mem); i++) {
        assert_null(strata_heap_of(mem[i]));
        assert_int_equal(strata_heap_usable_size(heap, mem[i]), 0);
        strata_free(mem[i]);
    }
    assert_null(strata_heap_of(NULL));
    assert_null(strata_heap_of(&heap));
    assert_int_equal(strata_heap_usable_size(heap, NULL), 0);
    strata_heap_free(heap, NULL);
    strata_heap_destroy(heap);
    little_heap_trim_process();
}

/* ---- misuse ---- */

typedef struct wrong_free {
    strata_heap *heap;
    void *mem;
} wrong_free;

static void act_free(void *context)
{
    const wrong_free *wrong = context;
    strata_heap_free(wrong->heap, wrong->mem);
}

static void act_realloc(void *context)
{
    const wrong_free *wrong = context;
    assert_null(strata_heap_realloc(wrong->heap, wrong->mem, 100));
}

/* Nothing is changed if the program wants to go on. */
static void a_block_of_another_heap_is_reported(void **state)
{
    (void)state;
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory, .is_fixed = 1};
    strata_heap *heaps[] = {little_heap_new(NULL), little_heap_new(NULL), little_heap_new(&config)};
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < 9; i++) {
        strata_heap *heap = heaps[i / 3], *other = heaps[i % 3];
        if (heap == other) continue;
        assert_int_not_equal(heap->space.secret, other->space.secret);
        wrong_free wrong = {heap, strata_heap_malloc(other, 50)};
        little_heap_fill(wrong.mem, 50, 1);
        act_free(&wrong);
        if (STRATA_CHECK >= 1) assert_non_null(strstr(os_fake_output(), "strata: free of a "));
        os_fake_clear_output();
        act_realloc(&wrong);
        if (STRATA_CHECK >= 1) assert_string_not_equal(os_fake_output(), "");
        os_fake_clear_output();
        assert_true(little_heap_is(wrong.mem, 50, 1));
        little_heap_expect_sound(heap);
        little_heap_expect_sound(other);
        strata_heap_free(other, wrong.mem);
    }
    for (size_t i = 0; i < 3; i++) strata_heap_destroy(heaps[i]);
    st_option_set(st_option_id_on_misuse, 0);
}

/* One that lies between two segments of the heap. */
static void a_block_between_ones_own_is_reported(void **state)
{
    (void)state;
    os_fake_config host = os_fake_usual;
    host.refuses_reserve_at = true;
    os_fake_configure(&host);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    strata_heap *heap = little_heap_new(NULL), *other = little_heap_new(NULL);
    wrong_free wrong = {heap, strata_heap_malloc(other, 50)};
    assert_non_null(strata_heap_malloc(heap, 300000));
    const char *lowest = heap->space.lowest;
    assert_true(st_distance(lowest, wrong.mem) < heap->space.grains * ST_CHUNK_GRAIN);
    little_heap_fill(wrong.mem, 50, 1);
    st_option_set(st_option_id_on_misuse, 1);
    act_free(&wrong);
    if (STRATA_CHECK >= 1) assert_non_null(strstr(os_fake_output(), "that strata did not give out"));
    os_fake_clear_output();
    act_realloc(&wrong);
    if (STRATA_CHECK >= 1) assert_non_null(strstr(os_fake_output(), "that strata did not give out"));
    os_fake_clear_output();
    st_option_set(st_option_id_on_misuse, 0);
    assert_true(little_heap_is(wrong.mem, 50, 1));
    little_heap_expect_sound(heap);
    little_heap_expect_sound(other);
    strata_heap_destroy(heap);
    strata_heap_destroy(other);
}

#if STRATA_DIAGNOSE
static void a_double_free_is_reported(void **state)
{
    (void)state;
    const strata_heap_config config = {.base = memory + 3, .base_size = sizeof memory - 3, .is_fixed = 1};
    strata_heap *heaps[] = {little_heap_new(NULL), little_heap_new(&config)};
    for (size_t i = 0; i < 2; i++) {
        st_option_set(st_option_id_on_misuse, 1);
        wrong_free wrong = {heaps[i], strata_heap_malloc(heaps[i], 50)};
        act_free(&wrong);
        act_free(&wrong);
        assert_non_null(strstr(os_fake_output(), "double free"));
        os_fake_clear_output();
        st_option_set(st_option_id_on_misuse, 0);
        assert_true(os_fake_stops(act_free, &wrong));
        os_fake_clear_output();
        st_lock_reset(&heaps[i]->space.lock);
        st_lock_pass_none();
        little_heap_expect_sound(heaps[i]);
        strata_heap_destroy(heaps[i]);
    }
}
#endif

/* ---- fork ---- */

static void locks_of_heaps_are_taken_around_a_fork(void **state)
{
    (void)state;
    const strata_heap_config config = {.base = memory, .base_size = sizeof memory};
    strata_heap *heaps[] = {little_heap_new(NULL), little_heap_new(&config), little_heap_new(NULL)};
    for (int in_child = 0; in_child < 2; in_child++) {
        st_heap_lock_all();
#if STRATA_THREADS
        for (size_t i = 0; i < 3; i++) assert_int_equal(heaps[i]->space.lock.word, 1);
#endif
        if (in_child) {
            st_heap_reset_locks();
        } else {
            st_heap_unlock_all();
        }
        for (size_t i = 0; i < 3; i++) {
#if STRATA_THREADS
            assert_int_equal(heaps[i]->space.lock.word, 0);
#endif
            assert_non_null(strata_heap_malloc(heaps[i], 100));
        }
    }
    for (size_t i = 0; i < 3; i++) strata_heap_destroy(heaps[i]);
    /* Heaps that have gone are not locked. */
    st_heap_lock_all();
    st_heap_unlock_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if STRATA_PAGEMAP
        LITTLE_HEAP_TEST(the_process_frees_and_resizes_blocks_of_heaps),
        LITTLE_HEAP_TEST(a_limit_holds_for_the_process_functions),
#endif
        LITTLE_HEAP_TEST(a_block_of_the_process_is_in_no_heap),
        LITTLE_HEAP_TEST(a_block_of_another_heap_is_reported),
        LITTLE_HEAP_TEST(a_block_between_ones_own_is_reported),
#if STRATA_DIAGNOSE
        LITTLE_HEAP_TEST(a_double_free_is_reported),
#endif
        LITTLE_HEAP_TEST(locks_of_heaps_are_taken_around_a_fork),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
