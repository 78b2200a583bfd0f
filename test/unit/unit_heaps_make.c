/* SPDX-License-Identifier: MIT-0
 *
 * Heaps on memory of the host: they come, grow, are reset and go, and nothing stays behind.
 */
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>

#include "map/room.h"

static void a_heap_gives_all_back_whatever_is_allocated(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    size_t size = 1;
    for (size_t i = 0; i < 400; i++) {
        char *mem = strata_heap_malloc(heap, size);
        assert_non_null(mem);
        little_heap_fill(mem, size, (int)i);
        size = size * 5 / 4 % 100000 + 1;
    }
    little_heap_expect_sound(heap);
    size_t footprint = strata_heap_footprint(heap);
    assert_int_equal(footprint, strata_heap_footprint_peak(heap));
    assert_int_equal(strata_heap_destroy(heap), footprint);
}

#if STRATA_PAGEMAP && STRATA_RETURN
/* map/room.h's, which tells when memory goes back. */
static void all_that_was_in_the_account_goes_out_of_it(void **state)
{
    (void)state;
    size_t held = st_room_held();
    strata_heap *heap = little_heap_new(NULL);
    void *blocks[60];
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < TESTING_COUNT(blocks); i++)
            blocks[i] = strata_heap_calloc(heap, 1, i % 20 == 19 ? 30000000 : i * 4000);
        assert_true(st_room_held() > held);
        for (size_t i = round; i < TESTING_COUNT(blocks); i++) strata_heap_free(heap, blocks[i]);
        if (round == 1) strata_heap_trim(heap, 0);
        if (round == 2) strata_heap_reset(heap);
        assert_true(st_room_held() >= held);
    }
    strata_heap_destroy(heap);
    assert_int_equal(st_room_held(), held);
}
#endif

static void blocks_of_any_size_lie_in_the_heap(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 1000, 100000, 10000000, 100000000};
    void *mem[TESTING_COUNT(sizes)];
    strata_heap *heap = little_heap_new(NULL);
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        mem[i] = strata_heap_malloc(heap, sizes[i]);
        assert_non_null(mem[i]);
        assert_ptr_equal(strata_heap_of(mem[i]), heap);
        assert_true(strata_heap_usable_size(heap, mem[i]) >= sizes[i]);
        assert_true(st_is_aligned(mem[i], STRATA_BLOCK_ALIGNMENT));
        little_heap_expect_sound(heap);
    }
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) strata_heap_free(heap, mem[i]);
    little_heap_expect_sound(heap);
    assert_int_equal(heap->space.live, 0);
    strata_heap_destroy(heap);
}

static void resizing_keeps_what_is_in_a_block(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    char *mem = strata_heap_realloc(heap, NULL, 10);
    size_t old_size = 10;
    little_heap_fill(mem, 10, 7);
    for (size_t size = 30; size < 1000000; size = size * 7 / 3) {
        void *wall = strata_heap_malloc(heap, 20); /* in the way */
        mem = strata_heap_realloc(heap, mem, size);
        assert_non_null(mem);
        assert_non_null(wall);
        assert_true(little_heap_is(mem, old_size, 7));
        assert_ptr_equal(strata_heap_of(mem), heap);
        little_heap_fill(mem, size, 7);
        old_size = size;
    }
    volatile size_t nothing = 0; /* compilers believe that there are no bytes */
    mem = strata_heap_realloc(heap, mem, nothing);
    assert_non_null(mem);
    assert_null(strata_heap_realloc(heap, mem, SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
    assert_true(little_heap_is(mem, 1, 7));
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

static void calloc_gives_zeros_also_where_something_was(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    for (size_t size = 1; size < 4000000; size = size * 3 + 1) {
        char *mem = strata_heap_malloc(heap, size);
        little_heap_fill(mem, size, 0xff);
        strata_heap_free(heap, mem);
        mem = strata_heap_calloc(heap, 1, size);
        assert_true(little_heap_is(mem, size, 0));
        little_heap_fill(mem, size, 0xff);
        if (size % 2 != 0) strata_heap_free(heap, mem);
    }
    assert_null(strata_heap_calloc(heap, SIZE_MAX / 2, 3));
    assert_int_equal(errno, ENOMEM);
    strata_heap_destroy(heap);
}

static void aligned_blocks_are(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2) {
        char *mem = strata_heap_memalign(heap, alignment, 100);
        assert_non_null(mem);
        assert_true(st_is_aligned(mem, alignment));
        assert_non_null(strata_heap_malloc(heap, 24));
    }
    assert_true(st_is_aligned(strata_heap_memalign(heap, 33, 1), 64));
    errno = 0;
    assert_null(strata_heap_memalign(heap, SIZE_MAX, 1));
    assert_int_equal(errno, EINVAL);
    assert_null(strata_heap_memalign(heap, 64, SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
    assert_null(strata_heap_memalign(heap, SIZE_MAX / 2 + 1, 1));
    assert_int_equal(errno, ENOMEM);
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

static void a_reset_heap_is_as_new(void **state)
{
    (void)state;
    strata_heap *heap = little_heap_new(NULL);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 500; i++) assert_non_null(strata_heap_malloc(heap, 1 + i * i % 3000));
        char *large = strata_heap_malloc(heap, 50000000);
        assert_non_null(large);
        assert_non_null(strata_heap_calloc(heap, 1, 100000));
        bool is_alone = little_heap_segments(heap) == 1;
        strata_heap_reset(heap);
        little_heap_expect_sound(heap);
        assert_int_equal(little_heap_segments(heap), 1);
        assert_int_equal(heap->space.live, 0);
        assert_ptr_equal(strata_heap_of(large), is_alone ? heap : NULL);
        char *zeros = strata_heap_calloc(heap, 1, 200000);
        assert_true(little_heap_is(zeros, 200000, 0));
    }
    strata_heap_destroy(heap);
}

static void reset_where_the_host_takes_nothing_back(void **state)
{
    (void)state;
    os_fake_config host = os_fake_usual;
    host.refuses_reserve_at = true;
    os_fake_configure(&host);
    strata_heap *heap = little_heap_new(NULL);
    assert_non_null(strata_heap_malloc(heap, 50000000));
    size_t segments = little_heap_segments(heap);
    assert_true(segments > 1);
    os_fake_fail(OS_FAKE_ONLY(release), 1, true);
    strata_heap_reset(heap);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    little_heap_expect_sound(heap);
    assert_int_equal(little_heap_segments(heap), segments);
    /* It is free memory. */
    size_t footprint = strata_heap_footprint(heap);
    assert_non_null(strata_heap_malloc(heap, 45000000));
    assert_int_equal(strata_heap_footprint(heap), footprint);
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

static void heaps_are_named_and_counted(void **state)
{
    (void)state;
    strata_heap *heap[200];
    const strata_heap_config unnamed = {.reserve = ST_GRANULE};
    for (size_t i = 0; i < TESTING_COUNT(heap); i++) {
        const strata_heap_config config = {.name = "a name of more than thirty-one letters", .tag = i,
                                           .reserve = ST_GRANULE};
        heap[i] = little_heap_new(i == 0 ? &unnamed : &config);
    }
    assert_string_equal(strata_heap_name(heap[0]), "");
    assert_string_equal(strata_heap_name(heap[1]), "a name of more than thirty-one ");
    for (size_t i = 0; i < TESTING_COUNT(heap); i += 2) strata_heap_destroy(heap[i]);
    size_t count = 0;
    for (strata_heap *at = NULL; (at = strata_heap_next(at)) != NULL; count++)
        assert_ptr_equal(at, heap[strata_heap_tag(at)]);
    assert_int_equal(count, TESTING_COUNT(heap) / 2);
    for (size_t i = 0; i < TESTING_COUNT(heap); i += 2) heap[i] = little_heap_new(&unnamed);
    for (size_t i = 0; i < TESTING_COUNT(heap); i++) {
        void *mem = strata_heap_malloc(heap[i], 10);
        assert_ptr_equal(strata_heap_of(mem), heap[i]);
    }
    for (size_t i = 0; i < TESTING_COUNT(heap); i++) strata_heap_destroy(heap[i]);
    little_heap_taken += ST_GRANULE; /* the list of so many stays */
}

static void what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    char base[4096];
    const strata_pages pages = {.take = NULL};
    const strata_heap_config wrong[] = {
        {.is_fixed = 1},
        {.base_size = 4096},
        {.base = base, .base_size = sizeof base, .is_fixed = 1, .pages = &pages},
        {.base = base, .base_size = sizeof base, .pages = &pages},
        {.pages = &pages},
        {.base = base, .base_size = SIZE_MAX},
    };
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        errno = 0;
        assert_null(strata_heap_create(&wrong[i]));
        assert_int_equal(errno, EINVAL);
    }
}

/* ---- limits ---- */

static void a_limit_is_kept(void **state)
{
    (void)state;
    const strata_heap_config config = {.limit = 1000001};
    strata_heap *heap = little_heap_new(&config);
    size_t limit = strata_heap_footprint_limit(heap);
    assert_int_equal(limit, 16 * ST_GRANULE);
    size_t count = 0;
    while (strata_heap_malloc(heap, 1000) != NULL) count++;
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(strata_heap_footprint(heap), limit);
    assert_true(count * 1016 > limit - 4096);
    assert_null(strata_heap_malloc(heap, 1000));
    little_heap_expect_sound(heap);
    assert_int_equal(strata_heap_set_footprint_limit(heap, limit + 1), limit + ST_GRANULE);
    assert_non_null(strata_heap_malloc(heap, 1000));
    assert_int_equal(strata_heap_set_footprint_limit(heap, 0), 0);
    while (strata_heap_malloc(heap, 1000) != NULL) count++;
    assert_int_equal(strata_heap_footprint(heap), limit + ST_GRANULE);
    assert_int_equal(strata_heap_set_footprint_limit(heap, SIZE_MAX), SIZE_MAX);
    assert_non_null(strata_heap_malloc(heap, 10000000));
    little_heap_expect_sound(heap);
    strata_heap_destroy(heap);
}

static void a_limit_too_small_for_a_heap_fails(void **state)
{
    (void)state;
    const strata_heap_config least = {.limit = 1};
    strata_heap *heap = little_heap_new(&least);
    assert_int_equal(strata_heap_footprint(heap), ST_GRANULE);
    strata_heap_destroy(heap);
}

/* ---- faults ---- */

/* What a heap's life is; true if it could begin. */
static bool live_a_life(void)
{
    strata_heap *heap = strata_heap_create(NULL);
    if (heap == NULL) return false;
    void *mem[40];
    for (size_t i = 0; i < TESTING_COUNT(mem); i++)
        mem[i] = strata_heap_malloc(heap, i % 10 == 9 ? 20000000 : i * 3000);
    little_heap_expect_sound(heap);
    for (size_t i = 0; i < TESTING_COUNT(mem); i += 2) strata_heap_free(heap, mem[i]);
    mem[1] = strata_heap_realloc(heap, mem[1], 3000000) != NULL ? NULL : mem[1];
    little_heap_expect_sound(heap);
    strata_heap_reset(heap);
    little_heap_expect_sound(heap);
    assert_non_null(strata_heap_malloc(heap, 30000));
    strata_heap_destroy(heap);
    return true;
}

static void any_call_of_the_host_may_fail(void **state)
{
    (void)state;
    size_t lost = 0;
    for (size_t nth = 1;; nth++) {
        os_fake_counts before, after;
        os_fake_count(&before);
        size_t taken = little_heap_taken_now();
        os_fake_fail(OS_FAKE_ANY, nth, false);
        live_a_life();
        bool failed = os_fake_failed() != 0;
        os_fake_fail(OS_FAKE_ANY, 0, false);
        os_fake_count(&after);
        /* What the host does not take back at the very end can't be kept by anybody. */
        size_t refused = after.failed[os_fake_call_release] - before.failed[os_fake_call_release];
        if (refused == 0) assert_int_equal(little_heap_taken_now(), taken);
        lost += little_heap_taken_now() - taken;
        assert_null(strata_heap_next(NULL));
        if (!failed) break;
        assert_true(nth < 1000);
    }
    little_heap_taken += lost;
}

static void a_host_without_memory_has_no_heaps(void **state)
{
    (void)state;
    for (unsigned call = 0; call < os_fake_call_count; call++) {
        os_fake_fail(1u << call, 1, true);
        errno = 0;
        strata_heap *heap = strata_heap_create(NULL);
        os_fake_fail(OS_FAKE_ANY, 0, false);
        if (heap == NULL) assert_int_equal(errno, ENOMEM);
        strata_heap_destroy(heap);
        assert_int_equal(little_heap_taken_now(), little_heap_taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(a_heap_gives_all_back_whatever_is_allocated),
#if STRATA_PAGEMAP && STRATA_RETURN
        LITTLE_HEAP_TEST(all_that_was_in_the_account_goes_out_of_it),
#endif
        LITTLE_HEAP_TEST(blocks_of_any_size_lie_in_the_heap),
        LITTLE_HEAP_TEST(resizing_keeps_what_is_in_a_block),
        LITTLE_HEAP_TEST(calloc_gives_zeros_also_where_something_was),
        LITTLE_HEAP_TEST(aligned_blocks_are),
        LITTLE_HEAP_TEST(a_reset_heap_is_as_new),
        LITTLE_HEAP_TEST(reset_where_the_host_takes_nothing_back),
        LITTLE_HEAP_TEST(heaps_are_named_and_counted),
        LITTLE_HEAP_TEST(what_contradicts_itself_is_refused),
        LITTLE_HEAP_TEST(a_limit_is_kept),
        LITTLE_HEAP_TEST(a_limit_too_small_for_a_heap_fails),
        LITTLE_HEAP_TEST(any_call_of_the_host_may_fail),
        LITTLE_HEAP_TEST(a_host_without_memory_has_no_heaps),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
