/* SPDX-License-Identifier: MIT-0
 *
 * Heaps whose pages come from functions of the caller's.
 */
#include "fake/little_heap.h"
#include "map/room.h"

#if STRATA_HEAPS

#include <errno.h>
#include <stdlib.h>

/* Hands out pieces of an area, in order or from its end, and checks what comes back. */
#define AREA_GRANULES 512
static _Alignas(65536) unsigned char area[AREA_GRANULES * 65536];

typedef struct giver {
    size_t used;                   /* granules of the area */
    size_t most;                   /* granules that there are */
    size_t takes, gives;           /* calls */
    size_t size_of[AREA_GRANULES]; /* bytes given at a granule; 0: none */
    size_t skew;                   /* what is given lies so far off */
    bool gives_up;                 /* takes nothing back */
    int fill;                      /* what the bytes are at first */
} giver;

static void *giver_take(void *context, size_t size)
{
    giver *me = context;
    size_t granules = size / 65536;
    me->takes++;
    assert_int_equal(size % 65536, 0);
    assert_int_not_equal(size, 0);
    if (granules > me->most - me->used) return NULL;
    size_t idx = me->used;
    me->used += granules;
    me->size_of[idx] = size;
    memset(area + idx * 65536, me->fill, size);
    return area + idx * 65536 + me->skew;
}

static int giver_give(void *context, void *mem, size_t size)
{
    giver *me = context;
    size_t idx = (size_t)((unsigned char *)mem - me->skew - area) / 65536;
    me->gives++;
    if (me->gives_up) return 0;
    assert_int_equal(me->size_of[idx], size);
    me->size_of[idx] = 0;
    while (me->used > 0 && me->size_of[me->used - 1] == 0 && !(me->used > 1 && me->size_of[me->used - 2] > 65536))
        me->used--;
    return 1;
}

static size_t outstanding(const giver *me)
{
    size_t sum = 0;
    for (size_t i = 0; i < AREA_GRANULES; i++) sum += me->size_of[i];
    return sum;
}

static strata_heap *new_from(giver *me, bool may_give, bool is_zero)
{
    const strata_pages pages = {giver_take, may_give ? giver_give : NULL, me, is_zero};
    const strata_heap_config config = {.pages = &pages};
    return strata_heap_create(&config);
}

static void fill_some(strata_heap *heap)
{
    for (size_t i = 0; i < 300; i++) {
        size_t size = i % 50 == 49 ? 1000000 : i * 17;
        char *mem = strata_heap_calloc(heap, 1, size);
        assert_non_null(mem);
        assert_true(little_heap_is(mem, size, 0));
        little_heap_fill(mem, size, (int)i);
    }
    little_heap_expect_sound(heap);
}

static void all_lies_in_what_was_given_and_goes_back(void **state)
{
    (void)state;
    for (int is_zero = 0; is_zero < 2; is_zero++) {
        giver me = {.most = AREA_GRANULES, .fill = is_zero ? 0 : 0xaa};
        os_fake_counts before, after;
        os_fake_count(&before);
        strata_heap *heap = new_from(&me, true, is_zero);
        assert_non_null(heap);
        assert_true(st_distance(area, heap) < sizeof area);
        fill_some(heap);
        assert_int_equal(strata_heap_footprint(heap), outstanding(&me));
        assert_true(me.takes > 2);
        void *mem = strata_heap_malloc(heap, 10);
        assert_ptr_equal(strata_heap_of(mem), heap);
        size_t footprint = strata_heap_footprint(heap);
        assert_int_equal(strata_heap_destroy(heap), footprint);
        assert_int_equal(outstanding(&me), 0);
        os_fake_count(&after);
        assert_int_equal(before.calls[os_fake_call_reserve], after.calls[os_fake_call_reserve]);
        assert_int_equal(before.calls[os_fake_call_purge], after.calls[os_fake_call_purge]);
        assert_int_equal(before.calls[os_fake_call_release], after.calls[os_fake_call_release]);
    }
}

#if STRATA_PAGEMAP && STRATA_RETURN
static void what_is_lent_is_not_in_the_account(void **state)
{
    (void)state;
    giver me = {.most = AREA_GRANULES};
    size_t held = st_room_held();
    strata_heap *heap = new_from(&me, true, true);
    fill_some(heap);
    assert_int_equal(st_room_held(), held);
    strata_heap_reset(heap);
    fill_some(heap);
    strata_heap_destroy(heap);
    assert_int_equal(st_room_held(), held);
}
#endif

static void a_trim_gives_whole_segments_back(void **state)
{
    (void)state;
    giver me = {.most = AREA_GRANULES};
    strata_heap *heap = new_from(&me, true, true);
    char *mem = strata_heap_malloc(heap, 3000000);
    assert_non_null(strata_heap_malloc(heap, 100000)); /* so that top lies elsewhere */
    assert_non_null(strata_heap_malloc(heap, 1000000));
    size_t footprint = strata_heap_footprint(heap);
    strata_heap_free(heap, mem);
    /* Blocks that fit into its rest may lie there. */
    (void)strata_heap_trim(heap, 0);
    assert_int_equal(strata_heap_footprint(heap), outstanding(&me));
    assert_true(strata_heap_footprint(heap) <= footprint);
    little_heap_expect_sound(heap);
    strata_heap_reset(heap);
    assert_int_equal(little_heap_segments(heap), 1);
    assert_int_equal(strata_heap_footprint(heap), outstanding(&me));
    little_heap_expect_sound(heap);
    fill_some(heap);
    strata_heap_destroy(heap);
    assert_int_equal(outstanding(&me), 0);
}

static void who_takes_nothing_back_is_not_asked_twice(void **state)
{
    (void)state;
    for (int may_give = 0; may_give < 2; may_give++) {
        giver me = {.most = AREA_GRANULES, .gives_up = true, .fill = 0xaa};
        strata_heap *heap = new_from(&me, may_give, false);
        fill_some(heap);
        size_t held = outstanding(&me);
        strata_heap_reset(heap);
        little_heap_expect_sound(heap);
        assert_int_equal(strata_heap_footprint(heap), held);
        fill_some(heap);
        assert_int_equal(strata_heap_footprint(heap), outstanding(&me));
        assert_int_equal(strata_heap_destroy(heap), 0);
        assert_int_equal(outstanding(&me) != 0, true);
    }
}

static void what_is_not_given_is_not_there(void **state)
{
    (void)state;
    for (size_t most = 0; most < 40; most++) {
        giver me = {.most = most};
        errno = 0;
        strata_heap *heap = new_from(&me, true, true);
        if (heap == NULL) {
            assert_int_equal(errno, ENOMEM);
            assert_int_equal(most, 0);
            continue;
        }
        size_t size = 0;
        while (strata_heap_malloc(heap, 5000) != NULL) size += 5000;
        assert_true(size + 20000 > most * 65536 / 10 * 9);
        assert_int_equal(errno, ENOMEM);
        little_heap_expect_sound(heap);
        strata_heap_destroy(heap);
        assert_int_equal(outstanding(&me), 0);
    }
}

static void what_lies_wrong_is_given_back(void **state)
{
    (void)state;
    giver me = {.most = AREA_GRANULES, .skew = 4096};
    assert_null(new_from(&me, true, true));
    assert_int_equal(outstanding(&me), 0);
    assert_int_equal(me.gives, me.takes);
}

static void a_page_map_that_can_not_grow_is_survived(void **state)
{
    (void)state;
    giver me = {.most = AREA_GRANULES};
    os_fake_fail(OS_FAKE_ONLY(map), 1, true);
    strata_heap *heap = new_from(&me, true, true);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    if (heap != NULL) strata_heap_destroy(heap);
    assert_int_equal(outstanding(&me), 0);
}

static void limit_and_reserve_hold_for_pages(void **state)
{
    (void)state;
    giver me = {.most = AREA_GRANULES};
    const strata_pages pages = {giver_take, giver_give, &me, 1};
    const strata_heap_config config = {.pages = &pages, .limit = 1048576, .reserve = 524288};
    strata_heap *heap = little_heap_new(&config);
    assert_int_equal(me.size_of[0], 524288);
    while (strata_heap_malloc(heap, 3000) != NULL) assert_true(strata_heap_footprint(heap) <= 1048576);
    assert_int_equal(strata_heap_footprint(heap), 1048576);
    strata_heap_destroy(heap);
    const strata_heap_config tight = {.pages = &pages, .limit = 65536, .reserve = 524288};
    heap = little_heap_new(&tight);
    assert_int_equal(strata_heap_footprint(heap), 65536);
    strata_heap_destroy(heap);
    assert_int_equal(outstanding(&me), 0);
}

/* A heap within a heap: its pages are blocks of another one. */
static void *nested_take(void *context, size_t size) { return strata_heap_memalign(context, 65536, size); }
static int nested_give(void *context, void *mem, size_t size)
{
    assert_true(strata_heap_usable_size(context, mem) >= size);
    strata_heap_free(context, mem);
    return 1;
}

static void pages_may_come_from_another_heap(void **state)
{
    (void)state;
    strata_heap *outer = little_heap_new(NULL);
    const strata_pages pages = {nested_take, nested_give, outer, 0};
    const strata_heap_config config = {.pages = &pages};
    strata_heap *inner = little_heap_new(&config);
    fill_some(inner);
    little_heap_expect_sound(outer);
    strata_heap_reset(inner);
    fill_some(inner);
    assert_int_not_equal(strata_heap_destroy(inner), 0);
    assert_int_equal(outer->space.live, 0);
    little_heap_expect_sound(outer);
    strata_heap_destroy(outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(all_lies_in_what_was_given_and_goes_back),
        LITTLE_HEAP_TEST(a_trim_gives_whole_segments_back),
#if STRATA_PAGEMAP && STRATA_RETURN
        LITTLE_HEAP_TEST(what_is_lent_is_not_in_the_account),
#endif
        LITTLE_HEAP_TEST(who_takes_nothing_back_is_not_asked_twice),
        LITTLE_HEAP_TEST(what_is_not_given_is_not_there),
        LITTLE_HEAP_TEST(what_lies_wrong_is_given_back),
        LITTLE_HEAP_TEST(a_page_map_that_can_not_grow_is_survived),
        LITTLE_HEAP_TEST(limit_and_reserve_hold_for_pages),
        LITTLE_HEAP_TEST(pages_may_come_from_another_heap),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
