/* SPDX-License-Identifier: MIT-0
 *
 * What is known of all caches and slabs at a moment: totals that add up to the byte, a walk that sees
 * each block once and in its state, and the check that proves INV-CACHE-1 and INV-CACHE-2.
 */
#include "fake/little_slabs.h"

#include "fake/crew.h"

#if STRATA_SLABS

#define GET little_slabs_get
#define PUT little_slabs_put

/* What the test knows of each block that it ever had. */
enum { block_used = 1, block_free };

static struct {
    char *mem[20000];
    unsigned char class_of[20000];
    unsigned char state[20000]; /* 0: none yet */
    size_t count, allocations;
} known;

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    little_slabs_start();
    memset(&known, 0, sizeof known);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    crew_end_all();
    little_slabs_expect_empty();
    return 0;
}

static st_cache_totals totals(void)
{
    st_cache_totals all;
    st_cache_totals_get(&all);
    return all;
}

/* ---- totals ---- */

static void what_one_block_counts(void **state)
{
    (void)state;
    assert_int_equal(totals().live + totals().kept + totals().free + totals().records, 0);
    char *mem = GET(6);
    size_t in_slab = ST_SLICE / 96;
    assert_int_equal(totals().live, 96);
    assert_int_equal(totals().live_count, 1);
    assert_int_equal(totals().kept, 15 * 96);
    assert_int_equal(totals().free, (in_slab - 16) * 96);
    assert_int_equal(totals().allocations, STRATA_STATS);
    assert_int_equal(totals().records, st_cache_room_size());
    PUT(mem);
    assert_int_equal(totals().live + totals().live_count, 0);
    assert_int_equal(totals().kept, 16 * 96);
    assert_int_equal(totals().allocations, STRATA_STATS);
    st_cache_flush();
    assert_int_equal(totals().kept + totals().free, 0);
}

static void collect_act(void *mem)
{
    for (size_t i = 0; i < 20; i++) PUT(((char **)mem)[i]);
}

static void others_blocks_on_their_way_are_kept(void **state)
{
    (void)state;
    char *mem[40];
    for (size_t i = 0; i < 40; i++) mem[i] = GET(i < 20 ? 6 : 60);
    st_cache_totals before = totals();
    crew_do(1, collect_act, mem);
    assert_int_equal(totals().live, before.live - 20 * 96);
    assert_int_equal(totals().live_count, 20);
    assert_int_equal(totals().kept, before.kept + 20 * 96);
    assert_int_equal(totals().free, before.free);
    for (size_t i = 20; i < 40; i++) PUT(mem[i]);
}

static void get_and_put_act(void *context)
{
    (void)context;
    for (size_t i = 0; i < 10; i++) PUT(GET(2));
}

/* Those of threads that have ended are counted, too, and those of who has their cache now. */
static void calls_are_counted_across_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        crew_do(1 + i % 2, get_and_put_act, NULL);
        assert_int_equal(totals().allocations, STRATA_STATS * 10 * (i + 1));
        if (i % 2 == 1) crew_end(1);
        assert_int_equal(totals().allocations, STRATA_STATS * 10 * (i + 1));
    }
}

/* ---- walk ---- */

static size_t find_known(const void *mem)
{
    for (size_t i = 0; i < known.count; i++)
        if (known.mem[i] == mem) return i;
    return known.count;
}

typedef struct walk_sums {
    size_t used, kept, free, used_count;
    const char *end; /* of the block before */
    uint32_t idx;
    size_t calls, until;
} walk_sums;

/* Each block of a slab follows the one before; what the test knows to be in use is. */
static int see_block(void *context, void *mem, size_t size, st_block_state state)
{
    walk_sums *sums = context;
    uint32_t idx = little_slabs_idx(mem);
    if (idx != sums->idx) {
        assert_true(idx > sums->idx);
        assert_ptr_equal(mem, st_slices_base(idx));
        sums->idx = idx;
    } else {
        assert_ptr_equal(mem, sums->end);
    }
    sums->end = (char *)mem + size;
    assert_true((size_t)(sums->end - st_slices_base(idx)) <= ST_SLICE);
    size_t at = find_known(mem);
    if (state == st_block_used) {
        assert_true(at < known.count);
        assert_int_equal(known.state[at], block_used);
        assert_int_equal(size, known.class_of[at] * ST_SLAB_GRAIN);
        sums->used += size;
        sums->used_count++;
    } else {
        assert_true(at == known.count || known.state[at] != block_used);
        if (state == st_block_kept) sums->kept += size;
        if (state == st_block_free) sums->free += size;
    }
    return ++sums->calls == sums->until ? 99 : 0;
}

static void expect_walk_is_right(void)
{
    walk_sums sums = {0};
    st_cache_visitor visitor = {see_block, &sums};
    size_t used = 0, used_count = 0;
    for (size_t i = 0; i < known.count; i++) {
        if (known.state[i] != block_used) continue;
        used_count++;
        used += known.class_of[i] * ST_SLAB_GRAIN;
    }
    assert_int_equal(st_cache_walk(&visitor), 0);
    assert_int_equal(sums.used_count, used_count);
    st_cache_totals all = totals();
    assert_int_equal(all.live_count, used_count);
    assert_int_equal(all.live, used);
    assert_int_equal(sums.used, used);
    assert_int_equal(sums.kept, all.kept);
    assert_int_equal(sums.free, all.free);
    assert_int_equal(all.allocations, STRATA_STATS * known.allocations);
}

/* ---- a script of several threads ---- */

typedef struct step {
    size_t at; /* in `known`; or a new one */
    size_t class_idx;
} step;

static void get_act(void *context)
{
    step *wanted = context;
    known.mem[wanted->at] = little_slabs_try(wanted->class_idx);
}

static void put_act(void *context)
{
    const step *wanted = context;
    PUT(known.mem[wanted->at]);
}

static void flush_act(void *context)
{
    (void)context;
    st_cache_flush();
}

static void get_by(size_t thread, size_t class_idx)
{
    step wanted = {known.count, class_idx};
    crew_do(thread, get_act, &wanted);
    assert_non_null(known.mem[wanted.at]);
    /* A place that was known before is no longer free. */
    char *mem = known.mem[wanted.at];
    size_t before = find_known(mem);
    if (before < known.count) assert_int_not_equal(known.state[before], block_used);
    if (before == known.count) known.count++;
    known.class_of[before] = (unsigned char)class_idx;
    known.state[before] = block_used;
    known.allocations++;
}

static void put_by(size_t thread, size_t at)
{
    crew_do(thread, put_act, &(step){at, 0});
    known.state[at] = block_free;
}

static void walk_and_totals_agree_whatever_threads_do(void **state)
{
    (void)state;
    uint32_t dice = 99;
    static const unsigned char classes[] = {1, 3, 17, 40, 64};
    for (size_t round = 0; round < 3000; round++) {
        dice = dice * 1664525 + 1013904223;
        size_t thread = dice >> 28 & 3;
        size_t what = dice >> 16 & 255;
        size_t at = known.count > 0 ? (dice >> 8) % known.count : 0;
        bool is_used = known.count > 0 && known.state[at] == block_used;
        if (what == 0) {
            crew_end(thread);
        } else if (what == 1) {
            crew_do(thread, flush_act, NULL);
        } else if (what < 140) {
            get_by(thread, classes[(dice >> 20 & 63) % TESTING_COUNT(classes)]);
        } else if (is_used) {
            put_by(thread, at);
        }
        if (round % 50 == 0) {
            expect_walk_is_right();
            little_slabs_expect_sound();
        }
    }
    for (size_t i = 0; i < known.count; i++)
        if (known.state[i] == block_used) put_by(i % 4, i);
    expect_walk_is_right();
}

static void a_walk_ends_when_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) get_by(0, 64);
    for (size_t until = 1; until < 8; until++) {
        walk_sums sums = {.until = until};
        st_cache_visitor visitor = {see_block, &sums};
        bool ends = until <= 5; /* four blocks were handed out, and the rest is one */
        assert_int_equal(st_cache_walk(&visitor), ends ? 99 : 0);
        assert_int_equal(sums.calls, ends ? until : 5);
    }
    for (size_t i = 0; i < 3; i++) put_by(0, i);
}

/* ---- invariants ---- */

#define EXPECT_BROKEN(id) LITTLE_SLABS_EXPECT_BROKEN(st_cache_check, id)

static void a_block_that_is_none_of_its_magazine_breaks_inv_cache_1(void **state)
{
    (void)state;
    char *mem[3], *other = GET(4), *back = GET(5);
    static char foreign[16];
    for (size_t i = 0; i < 3; i++) mem[i] = GET(5);
    for (size_t i = 0; i < 3; i++) PUT(mem[i]);
    char *theirs;
    size_t at = known.count;
    crew_do(1, get_act, &(step){at, 5});
    theirs = known.mem[at];
    /* Another class, another's, none at all, no block, never handed out. */
    void *const wrong[] = {other, theirs, foreign, NULL, mem[0] + 16, mem[0] + 80 * 500};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        void *right = *st_near.top[5];
        *st_near.top[5] = wrong[i];
        EXPECT_BROKEN("INV-CACHE-1");
        *st_near.top[5] = right;
        little_slabs_expect_sound();
    }
    /* One that is free in its slab. */
    void *lowest = st_near.cache->magazine[5].slots[1];
    PUT(back);
    st_lock_take(&st_near.cache->depot.lock);
    st_slab_put(&st_near.cache->depot, &lowest, 1);
    st_lock_drop(&st_near.cache->depot.lock);
    EXPECT_BROKEN("INV-CACHE-1");
    st_near.cache->magazine[5].slots[1] = *st_near.top[5]; /* the last takes its place */
    st_near.top[5]--;
    little_slabs_expect_sound();
    PUT(other);
    PUT(theirs);
}

static void a_magazine_that_ends_outside_breaks_inv_cache_2(void **state)
{
    (void)state;
    PUT(GET(5));
    st_cache_slot *top = st_near.top[5];
    st_cache_slot *slots = st_near.cache->magazine[5].slots;
    st_cache_slot *const wrong[] = {slots - 1, slots + ST_CACHE_GROUP, slots + 100};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        st_near.top[5] = wrong[i];
        EXPECT_BROKEN("INV-CACHE-2");
        st_near.top[5] = top;
        little_slabs_expect_sound();
    }
}

/* The id that is told first is that of the slabs. */
static void what_is_wrong_with_slabs_is_told_by_the_check_of_caches(void **state)
{
    (void)state;
    char *mem = GET(5);
    st_slab *slab = st_slices_note(little_slabs_idx(mem));
    slab->free_count++;
    EXPECT_BROKEN("INV-SLAB-1");
    slab->free_count--;
    PUT(mem);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_one_block_counts),
        UNIT_TEST(others_blocks_on_their_way_are_kept),
        UNIT_TEST(calls_are_counted_across_threads),
        UNIT_TEST(walk_and_totals_agree_whatever_threads_do),
        UNIT_TEST(a_walk_ends_when_told),
        UNIT_TEST(a_block_that_is_none_of_its_magazine_breaks_inv_cache_1),
        UNIT_TEST(a_magazine_that_ends_outside_breaks_inv_cache_2),
        UNIT_TEST(what_is_wrong_with_slabs_is_told_by_the_check_of_caches),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_caches_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_caches_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
