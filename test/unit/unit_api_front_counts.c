/* SPDX-License-Identifier: MIT-0
 *
 * What the heap tells of itself when all its parts are in use: sized frees, trims, statistics and the
 * walk add up whatever was done.
 */
#include "fake/little_front.h"

#if STRATA_SLABS

#include "space/chunk.h"

/* Mappings of their own for blocks that are not too large to be filled. */
static int setup(void **state)
{
    little_front_setup(state);
    assert_int_equal(strata_option_set("direct_threshold", ST_MIB), 0);
    return 0;
}

/* ---- sized frees ---- */

static void right_sizes_are_not_counted(void **state)
{
    (void)state;
    for (size_t req = 0; req < 3000; req++) {
        strata_free_sized(strata_malloc(req), req);
        strata_free_sized(strata_calloc(1, req), req);
        for (size_t alignment = 32; alignment <= 4096; alignment *= 4)
            strata_free_aligned_sized(strata_memalign(alignment, req), alignment, req);
        strata_free_sized(strata_realloc(strata_malloc(3000 - req), req), req);
        strata_free_sized(strata_realloc(strata_malloc(req + req / 5), req), req);
        if (little_front_stats().size_mismatches != 0) fail_msg("%zu", req);
    }
    assert_int_equal(little_front_stats().size_mismatches, 0);
}

static void wrong_sizes_are_counted_once_each(void **state)
{
    (void)state;
    static const size_t wrong[][2] = {
        {16, 17},     {16, 1025},   {100, 0},    {100, 200},     {1000, 500}, {1024, 1025},
        {1025, 1000}, {2000, 5000}, {5000, 100}, {30000, 20000}, {300000, 1}, {2000000, 17},
    };
    size_t before = little_front_stats().size_mismatches;
    assert_int_equal(strata_option_set("on_misuse", 1), 0); /* a build that checks all stops */
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        volatile size_t size = wrong[i][1]; /* the compiler would see that it is wrong */
        bool is_tolerated =
            wrong[i][0] == 1025; /* as much as some aligned ones are made larger */
        strata_free_sized(strata_malloc(wrong[i][0]), size);
        before += !is_tolerated;
        assert_int_equal(little_front_stats().size_mismatches, STRATA_STATS * before);
    }
    assert_int_equal(strata_option_set("on_misuse", 0), 0);
    os_fake_clear_output();
}

/* ---- trim ---- */

static void free_act(void *context)
{
    char **mem = context;
    for (size_t i = 0; i < 64; i++) strata_free(mem[i]);
}

/* Slabs that go back to where slices are kept are not yet memory of the host's. */
static void a_trim_tells_whether_the_host_got_something(void **state)
{
    (void)state;
    char *mem[64];
    (void)strata_trim(0);
    assert_int_equal(strata_trim(0), 0);
    for (size_t i = 0; i < 64; i++) mem[i] = strata_malloc(1000);
    crew_do(1, free_act, mem);
    assert_true(little_front_stats().slabs > 0);
    crew_end(1);
    assert_int_equal(strata_trim(SIZE_MAX), 0);
    assert_int_equal(little_front_stats().slabs, 0);
    assert_int_equal(strata_trim(0), 1);
    assert_int_equal(strata_trim(0), 0);
}

/* ---- statistics ---- */

typedef struct front_block {
    char *mem;
    size_t usable;
} front_block;

static struct {
    front_block block[600];
    size_t count, allocations, frees, live;
} front_model;

/* The bytes that a block takes, its head included. */
static size_t size_of(const front_block *block)
{
    bool has_head = little_front_part_of(block->mem) == little_front_space;
    return block->usable + (has_head ? ST_CHUNK_OVERHEAD : 0);
}

static void model_take(size_t req, size_t alignment)
{
    front_block *block = &front_model.block[front_model.count++];
    block->mem = alignment > 1 ? strata_memalign(alignment, req) : strata_malloc(req);
    assert_non_null(block->mem);
    block->usable = strata_usable_size(block->mem);
    front_model.allocations++;
    front_model.live += size_of(block);
}

static void model_give(size_t at)
{
    front_model.live -= size_of(&front_model.block[at]);
    front_model.frees++;
    strata_free(front_model.block[at].mem);
    front_model.block[at] = front_model.block[--front_model.count];
}

static void expect_statistics(const strata_stats *first)
{
    strata_stats stats = little_front_stats();
    assert_int_equal(stats.live - first->live, front_model.live);
    if (!STRATA_STATS) return;
    assert_int_equal(stats.allocations - first->allocations, front_model.allocations);
    assert_int_equal(stats.frees - first->frees, front_model.frees);
}

static void statistics_add_up_after_every_call(void **state)
{
    (void)state;
    static const size_t most[] = {64, 1100, 5000, 40000, 300000, 2000000};
    strata_stats first = little_front_stats();
    uint32_t dice = 31415;
    memset(&front_model, 0, sizeof front_model);
    for (size_t step = 0; step < 6000; step++) {
        dice = dice * 1664525 + 1013904223;
        bool is_up = step / 700 % 2 == 0;
        bool takes = (dice >> 24) < (is_up ? 170u : 80u);
        if (takes && front_model.count < TESTING_COUNT(front_model.block)) {
            size_t req = (dice >> 8) % most[dice >> 4 & 3];
            if (step % 50 == 0) req = (dice >> 3) % most[5];
            model_take(req, step % 11 == 0 ? (size_t)8 << step % 9 : 1);
        } else if (front_model.count > 0) {
            model_give((dice >> 5) % front_model.count);
        }
        if (step % 1500 == 0) (void)strata_trim(dice % 100000);
        expect_statistics(&first);
    }
    while (front_model.count > 0) model_give(0);
    expect_statistics(&first);
}

/* ---- walk ---- */

static struct {
    uintptr_t used[2000];
    size_t used_count, used_bytes;
} front_walk;

static int note_used(void *context, const strata_region *region)
{
    (void)context;
    bool is_used = region->kind == strata_region_used || region->kind == strata_region_direct;
    if (!is_used) return 0;
    assert_true(front_walk.used_count < TESTING_COUNT(front_walk.used));
    front_walk.used[front_walk.used_count++] = st_addr(region->start);
    front_walk.used_bytes += region->size;
    return 0;
}

/* Blocks of all parts, some of them kept by this thread, some on their way back from another one. */
static void the_walk_sees_each_block_once(void **state)
{
    (void)state;
    enum { many = 900 };
    static char *mem[many];
    size_t bytes = 0;
    for (size_t i = 0; i < many; i++) mem[i] = strata_malloc(i * 7919 % 5000 + i % 40 * 1000);
    crew_do(1, free_act, mem); /* 64 of them; the thread goes on to live */
    for (size_t i = 64; i < many; i += 3) strata_free(mem[i]);
    memset(&front_walk, 0, sizeof front_walk);
    assert_int_equal(strata_walk(note_used, NULL), 0);
    size_t expected = 0;
    for (size_t i = 64; i < many; i++) {
        if ((i - 64) % 3 == 0) continue;
        size_t found = 0;
        for (size_t j = 0; j < front_walk.used_count; j++)
            found += front_walk.used[j] == st_addr(mem[i]);
        assert_int_equal(found, 1);
        bytes += strata_usable_size(mem[i]);
        expected++;
    }
    assert_int_equal(front_walk.used_count, expected);
    assert_int_equal(front_walk.used_bytes, bytes);
    for (size_t i = 64; i < many; i++)
        if ((i - 64) % 3 != 0) strata_free(mem[i]);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, little_front_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(right_sizes_are_not_counted),
        UNIT_TEST(wrong_sizes_are_counted_once_each),
        UNIT_TEST(a_trim_tells_whether_the_host_got_something),
        UNIT_TEST(statistics_add_up_after_every_call),
        UNIT_TEST(the_walk_sees_each_block_once),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_small_blocks_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_no_small_blocks_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
