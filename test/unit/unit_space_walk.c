/* SPDX-License-Identifier: MIT-0
 *
 * The walk: every chunk once, upward, of the right kind; and what it finds out about pointers.
 */
#include "fake/little_space.h"

static st_space space;

static int setup(void **state)
{
    (void)state;
    return little_setup(&space);
}

static int teardown(void **state)
{
    (void)state;
    return little_teardown(&space);
}

typedef struct seen {
    size_t count, sum[4], number[4], end_after;
    const st_segment *segment;
    const st_chunk *next; /* where the next chunk of the segment must be */
} seen;

static int see(void *context, const st_segment *segment, const st_chunk *chunk, size_t size,
               st_chunk_kind kind)
{
    seen *all = context;
    if (segment != all->segment) {
        all->segment = segment;
        all->next = segment_first(segment);
    }
    assert_ptr_equal(chunk, all->next);
    assert_int_equal(size, chunk_size(chunk));
    all->next = chunk_at(chunk, size);
    all->sum[kind] += size;
    all->number[kind]++;
    all->count++;
    return all->count == all->end_after ? 42 : 0;
}

static void every_chunk_is_visited_once(void **state)
{
    (void)state;
    char *mem[6];
    for (size_t i = 0; i < 6; i++) mem[i] = little_take(&space, 100 + 600 * i);
    little_give(&space, mem[4]);
    little_give(&space, mem[2]);
#if STRATA_QUICK
    little_set_quick_limit(&space, 64 * ST_KIB);
#endif
    little_give(&space, mem[0]);
    seen all = {.count = 0};
    assert_int_equal(st_space_walk(&space, see, &all), 0);
    assert_int_equal(all.count, 7);
    assert_ptr_equal(all.next, segment_fence(space.segments));
    assert_int_equal(all.number[st_chunk_used], 3);
    assert_int_equal(all.number[st_chunk_quick], STRATA_QUICK ? 1 : 0);
    assert_int_equal(all.number[st_chunk_free], STRATA_QUICK ? 2 : 3);
    assert_int_equal(all.sum[st_chunk_top], space.top_size);
    assert_int_equal(all.sum[0] + all.sum[1] + all.sum[2] + all.sum[3],
                     space.footprint - ST_SEGMENT_HEADER - ST_FENCE_SIZE);
    if (STRATA_STATS) assert_int_equal(all.sum[st_chunk_used], space.live);
}

static void a_visitor_ends_the_walk(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) little_take(&space, 100);
    seen all = {.end_after = 3};
    assert_int_equal(st_space_walk(&space, see, &all), 42);
    assert_int_equal(all.count, 3);
}

static void an_empty_space_has_nothing_to_visit(void **state)
{
    (void)state;
    seen all = {.count = 0};
    assert_int_equal(st_space_walk(&space, see, &all), 0);
    assert_int_equal(all.count, 0);
}

static void a_broken_head_ends_the_walk(void **state)
{
    (void)state;
    char *mem[3];
    for (size_t i = 0; i < 3; i++) mem[i] = little_take(&space, 100);
    size_t head = chunk_of(mem[1])->head;
    size_t wrong[] = {0, 8, head + ST_GIB, SIZE_MAX};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        seen all = {.count = 0};
        chunk_of(mem[1])->head = wrong[i];
        assert_true(st_space_walk(&space, see, &all) < 0);
        assert_int_equal(all.count, 1);
    }
    chunk_of(mem[1])->head = head;
}

static void all_segments_are_visited(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    st_option_set(st_option_id_segment_size, 64 * ST_KIB);
    for (size_t i = 0; i < 6; i++) little_take(&space, 200 * ST_KIB);
    seen all = {.count = 0};
    assert_int_equal(st_space_walk(&space, see, &all), 0);
    assert_int_equal(all.number[st_chunk_used], 6);
    assert_int_equal(all.number[st_chunk_top], 1);
    assert_true(all.segment != space.segments);
    os_fake_configure(&os_fake_usual);
}

#if STRATA_DIAGNOSE
static void expect_diagnosis(void *mem, st_misuse_kind kind, void *blamed) ST_NO_LOCK_ANALYSIS
{
    const void *culprit = mem;
    st_lock_take(&space.lock);
    assert_int_equal(st_space_diagnose(&space, &culprit), kind);
    st_lock_drop(&space.lock);
    assert_ptr_equal(culprit, blamed);
}

static void a_wrong_pointer_is_told_from_another(void **state)
{
    (void)state;
    char *mem[5];
    for (size_t i = 0; i < 5; i++) mem[i] = little_take(&space, 1000);
    little_give(&space, mem[1]);
    expect_diagnosis(mem[1], st_misuse_double_free, mem[1]);
    expect_diagnosis(mem[1] + 64, st_misuse_double_free, mem[1] + 64);
    expect_diagnosis(mem[2] + 64, st_misuse_interior, mem[2] + 64);
    expect_diagnosis(space.top_fresh + 4096, st_misuse_double_free, space.top_fresh + 4096);
    char local[64];
    expect_diagnosis(local, st_misuse_foreign, local);
    size_t head = chunk_of(mem[3])->head;
    chunk_of(mem[3])->head = 8 | ST_HEAD_C; /* no size of a chunk */
    expect_diagnosis(mem[3], st_misuse_broken_tag, mem[3]);
    expect_diagnosis(mem[4], st_misuse_broken_tag, mem[3]);
    expect_diagnosis(mem[2], st_misuse_broken_next, mem[2]);
    chunk_of(mem[3])->head = head;
}
#endif

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_chunk_is_visited_once),
        UNIT_TEST(a_visitor_ends_the_walk),
        UNIT_TEST(an_empty_space_has_nothing_to_visit),
        UNIT_TEST(a_broken_head_ends_the_walk),
        UNIT_TEST(all_segments_are_visited),
#if STRATA_DIAGNOSE
        UNIT_TEST(a_wrong_pointer_is_told_from_another),
#endif
    };
    return TESTING_RUN(tests);
}
