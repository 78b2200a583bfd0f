/* SPDX-License-Identifier: MIT-0
 *
 * Directly mapped blocks: exact pointers, a bounded cache, resizing without copying, and the
 * check that proves INV-DIRECT-1 to INV-DIRECT-3.
 */
#include "fake/testing.h"

#include "map/direct.h"

#if STRATA_PAGEMAP

/* Its records are broken below. In the amalgamation they are in sight already. */
#ifndef STRATA_AMALGAMATION
#include "map/direct.c"
#endif

#define PAGE ((size_t)4096)

static st_owner owner_of(const void *mem) { return st_pagemap_get(mem); }

static char *take(size_t req)
{
    bool is_zero = false;
    char *mem = st_direct_alloc(req, 1, &is_zero);
    assert_non_null(mem);
    return mem;
}

static void give(void *mem)
{
    assert_int_equal(st_direct_free(mem, owner_of(mem)), st_misuse_none);
}

static void expect_sound(void)
{
    const char *first = NULL;
    int broken = st_direct_check(&first);
    TESTING_SOUND(broken, first);
}

static int setup(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    os_fake_configure(&os_fake_usual);
    st_option_set(st_option_id_direct_cache, 4 * ST_MIB);
    return 0;
}

/* What is taken from the host is what the totals and the page map say. */
static int teardown(void **state)
{
    (void)state;
    st_direct_totals totals;
    st_direct_trim();
    st_direct_totals_get(&totals);
    expect_sound();
    assert_int_equal(totals.live + totals.blocks + totals.cached, 0);
    assert_int_equal(totals.allocations, totals.frees);
    assert_int_equal(os_fake_taken(), totals.records + st_pagemap_reserved());
    return 0;
}

/* ---- allocate and free ---- */

static void a_block_is_fresh_pages_at_a_granule(void **state)
{
    (void)state;
    static const size_t reqs[] = {0, 1, 4095, 4096, 4097, 65536, 5 * 1024 * 1024 + 1};
    for (size_t i = 0; i < TESTING_COUNT(reqs); i++) {
        bool is_zero = false;
        char *mem = st_direct_alloc(reqs[i], 1, &is_zero);
        assert_non_null(mem);
        assert_true(is_zero);
        assert_true(st_is_aligned(mem, ST_GRANULE));
        size_t usable = st_direct_usable(mem, owner_of(mem));
        assert_int_equal(usable, st_max(st_round_up(reqs[i], PAGE), PAGE));
        assert_int_equal(mem[0] | mem[usable - 1], 0);
        mem[0] = mem[usable - 1] = 1;
        expect_sound();
        give(mem);
        st_direct_trim();
    }
}

static void alignment_is_kept(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 64 * ST_MIB; alignment *= 4) {
        bool is_zero;
        char *mem = st_direct_alloc(3 * PAGE, alignment, &is_zero);
        assert_non_null(mem);
        assert_true(st_is_aligned(mem, st_max(alignment, ST_GRANULE)));
        give(mem);
    }
}

static void only_the_start_of_a_block_is_taken_back(void **state)
{
    (void)state;
    char *mem = take(3 * ST_GRANULE);
    st_owner owner = owner_of(mem);
    st_owner beyond = st_owner_make(st_owner_direct, 1u << 23);
    st_owner other = st_owner_make(st_owner_direct, st_owner_idx_of(owner) + 1);
    assert_int_equal(st_direct_free(mem + 16, owner), st_misuse_interior);
    assert_int_equal(st_direct_free(mem + ST_GRANULE, owner), st_misuse_interior);
    assert_int_equal(st_direct_free(mem, beyond), st_misuse_foreign);
    assert_int_equal(st_direct_free(mem, other), st_misuse_foreign);
    assert_int_equal(st_direct_usable(mem + 16, owner), 0);
    assert_null(st_direct_resize(mem + 16, owner, PAGE, true));
    give(mem);
    assert_int_equal(st_direct_free(mem, owner), st_misuse_double_free);
    assert_int_equal(st_direct_usable(mem, owner), 0);
    assert_null(st_direct_resize(mem, owner, PAGE, true));
    st_direct_trim();
    assert_int_equal(owner_of(mem), 0);
    assert_int_equal(st_direct_free(mem, owner), st_misuse_foreign);
    expect_sound();
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    bool is_zero;
    assert_null(st_direct_alloc(SIZE_MAX, 1, &is_zero));
    assert_null(st_direct_alloc(SIZE_MAX - PAGE, 1, &is_zero));
    char *mem = take(PAGE);
    assert_null(st_direct_resize(mem, owner_of(mem), SIZE_MAX, true));
    assert_null(st_direct_resize(mem, owner_of(mem), SIZE_MAX - PAGE, true));
    expect_sound();
    give(mem);
}

/* ---- the cache ---- */

static void a_freed_mapping_serves_what_fits_well(void **state)
{
    (void)state;
    bool is_zero = true;
    char *mem = take(ST_MIB);
    give(mem);
    char *larger = take(ST_MIB + 1);
    assert_ptr_not_equal(larger, mem);
    char *loose = take(ST_MIB / 2);
    assert_ptr_not_equal(loose, mem);
    assert_ptr_equal(st_direct_alloc(ST_MIB - ST_MIB / 8, 1, &is_zero), mem);
    assert_false(is_zero);
    assert_int_equal(st_direct_usable(mem, owner_of(mem)), ST_MIB);
    give(mem);
    give(loose);
    give(larger);
}

static void the_best_fit_is_chosen(void **state)
{
    (void)state;
    char *mem[3] = {take(ST_MIB + 2 * PAGE), take(ST_MIB), take(ST_MIB + PAGE)};
    for (size_t i = 0; i < 3; i++) give(mem[i]);
    assert_ptr_equal(take(ST_MIB), mem[1]);
    assert_ptr_equal(take(ST_MIB), mem[2]);
    assert_ptr_equal(take(ST_MIB), mem[0]);
    for (size_t i = 0; i < 3; i++) give(mem[i]);
}

static void the_cache_keeps_alignment(void **state)
{
    (void)state;
    char *mem[2] = {take(ST_MIB), take(ST_MIB)};
    give(mem[0]);
    give(mem[1]);
    bool is_zero;
    char *aligned = st_direct_alloc(ST_MIB, 64 * ST_MIB, &is_zero);
    assert_true(st_is_aligned(aligned, 64 * ST_MIB));
    give(aligned);
}

static void the_cache_is_bounded_and_drops_the_oldest(void **state)
{
    (void)state;
    st_direct_totals totals;
    char *mem[6];
    for (size_t i = 0; i < 6; i++) mem[i] = take(ST_MIB);
    for (size_t i = 0; i < 6; i++) {
        give(mem[i]);
        expect_sound();
        st_direct_totals_get(&totals);
        assert_int_equal(totals.cached, st_min(i + 1, 4) * ST_MIB);
    }
    assert_false(os_fake_is_committed(mem[0], ST_MIB));
    assert_false(os_fake_is_committed(mem[1], ST_MIB));
    for (size_t i = 2; i < 6; i++) assert_true(os_fake_is_committed(mem[i], ST_MIB));
}

static void without_a_cache_memory_returns_at_once(void **state)
{
    (void)state;
    st_option_set(st_option_id_direct_cache, 0);
    char *mem = take(ST_MIB);
    size_t taken = os_fake_taken();
    give(mem);
    assert_int_equal(os_fake_taken(), taken - ST_MIB);
    assert_false(st_direct_trim());
}

static void trim_empties_the_cache(void **state)
{
    (void)state;
    char *mem[2] = {take(ST_MIB), take(ST_MIB / 2)};
    size_t taken = os_fake_taken();
    give(mem[0]);
    give(mem[1]);
    assert_int_equal(os_fake_taken(), taken);
    assert_true(st_direct_trim());
    assert_int_equal(os_fake_taken(), taken - ST_MIB - ST_MIB / 2);
    assert_false(st_direct_trim());
}

/* ---- resize ---- */

static char *resize(char *mem, size_t req, bool may_move)
{
    return st_direct_resize(mem, owner_of(mem), req, may_move);
}

static void a_block_grows_and_shrinks_in_place(void **state)
{
    (void)state;
    char *mem = take(ST_MIB);
    mem[0] = 'a';
    assert_ptr_equal(resize(mem, 3 * ST_MIB - 7, false), mem);
    assert_int_equal(st_direct_usable(mem, owner_of(mem)), 3 * ST_MIB);
    assert_int_equal(mem[3 * ST_MIB - 1], 0);
    assert_ptr_equal(resize(mem, PAGE + 1, false), mem);
    assert_int_equal(st_direct_usable(mem, owner_of(mem)), 2 * PAGE);
    assert_int_equal(mem[0], 'a');
    assert_ptr_equal(resize(mem, 2 * PAGE - 1, false), mem);
    expect_sound();
    give(mem);
}

static size_t watched_moves;

/* Once it has moved, either place may be somebody else's, who sets a word of his own there. */
static void demand_no_owner(void *addr, void *target)
{
    watched_moves++;
    assert_int_equal(owner_of(addr), 0);
    assert_int_equal(owner_of(target), 0);
}

static void nobody_owns_either_place_during_a_move(void **state)
{
    (void)state;
    char *mem = take(ST_MIB);
    char *wall = take(ST_MIB);
    watched_moves = 0;
    os_fake_watch_moves(demand_no_owner);
    os_fake_fail(OS_FAKE_ONLY(move), 1, false);
    assert_null(resize(mem, 2 * ST_MIB, true));
    assert_int_equal(st_direct_usable(mem, owner_of(mem)), ST_MIB);
    char *moved = resize(mem, 2 * ST_MIB, true);
    assert_non_null(moved);
    os_fake_watch_moves(NULL);
    assert_int_equal(watched_moves, 2);
    expect_sound();
    give(moved);
    give(wall);
}

static void a_block_that_is_walled_in_moves(void **state)
{
    (void)state;
    char *mem = take(ST_MIB);
    char *wall = take(ST_MIB);
    mem[0] = 'a';
    mem[ST_MIB - 1] = 'z';
    assert_null(resize(mem, 2 * ST_MIB, false));
    assert_int_equal(st_direct_usable(mem, owner_of(mem)), ST_MIB);
    char *moved = resize(mem, 2 * ST_MIB, true);
    assert_non_null(moved);
    assert_ptr_not_equal(moved, mem);
    assert_true(st_is_aligned(moved, ST_GRANULE));
    assert_int_equal(moved[0], 'a');
    assert_int_equal(moved[ST_MIB - 1], 'z');
    assert_int_equal(moved[ST_MIB], 0);
    assert_int_equal(owner_of(mem), 0);
    assert_int_equal(st_direct_usable(moved, owner_of(moved)), 2 * ST_MIB);
    expect_sound();
    give(moved);
    give(wall);
}

/* The first leaf of the page map does not reach the place that the block moves to. */
static void place_next_leaf_away(void)
{
    os_fake_config config = os_fake_usual;
    config.floor = (size_t)17 << (ST_WORD_BITS > 32 ? 30 : 24);
    os_fake_configure(&config);
}

/* Granules of the whole address space that are somebody's. */
static size_t owned_granules(void)
{
    size_t count = 0;
    for (size_t i = 0; i < (size_t)1 << ST_PAGEMAP_ROOT_BITS; i++) {
        const st_pagemap_leaf *leaf = st_load_acquire(&st_pagemap.leaf[i]);
        if (leaf == NULL) continue;
        for (size_t j = 0; j < (size_t)1 << ST_PAGEMAP_LEAF_BITS; j++) {
            count += st_load_relaxed(&leaf->word[j]) != 0;
        }
    }
    return count;
}

static void a_move_that_fails_changes_nothing(void **state)
{
    (void)state;
    char *mem = take(ST_MIB);
    char *wall = take(ST_MIB);
    memset(mem, 'm', ST_MIB);
    size_t taken = os_fake_taken();
    place_next_leaf_away();
    char *moved = NULL;
    for (size_t nth = 1; moved == NULL; nth++) {
        assert_true(nth < 10);
        os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), nth, true);
        moved = resize(mem, 2 * ST_MIB, true);
        if (moved != NULL) break;
        assert_int_equal(st_direct_usable(mem, owner_of(mem)), ST_MIB);
        for (size_t i = 0; i < ST_MIB; i += PAGE) assert_int_equal(mem[i], 'm');
        assert_int_equal(owned_granules(), 2);
        expect_sound();
        assert_true(os_fake_taken() <= taken + sizeof(st_pagemap_leaf));
    }
    assert_int_equal(moved[ST_MIB - 1], 'm');
    os_fake_fail(OS_FAKE_ANY, 0, false);
    give(moved);
    give(wall);
}

static void an_allocation_that_fails_changes_nothing(void **state)
{
    (void)state;
    bool is_zero;
    size_t taken = os_fake_taken();
    os_fake_config config = os_fake_usual;
    config.floor = (size_t)30 << (ST_WORD_BITS > 32 ? 30 : 24);
    os_fake_configure(&config);
    size_t nth = 1;
    void *mem = NULL;
    for (; mem == NULL; nth++) {
        os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), nth, true);
        mem = st_direct_alloc(ST_MIB, 1, &is_zero);
        expect_sound();
        if (mem == NULL) assert_true(os_fake_taken() <= taken + 2 * sizeof(st_pagemap_leaf));
    }
    assert_true(nth > 2);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    give(mem);
}

static void records_are_made_as_needed(void **state)
{
    (void)state;
    enum { many = 3000 };
    static void *mem[many];
    for (size_t i = 0; i < many; i++) mem[i] = take(PAGE);
    expect_sound();
    for (size_t i = 0; i < many; i += 2) give(mem[i]);
    for (size_t i = 0; i < many; i += 2) mem[i] = take(PAGE);
    expect_sound();
    for (size_t i = 0; i < many; i++) give(mem[i]);
}

/* ---- look inside ---- */

typedef struct seen {
    size_t blocks, bytes, until;
} seen;

static int see(void *context, void *mem, size_t usable)
{
    seen *all = context;
    assert_int_equal(st_owner_kind_of(owner_of(mem)), st_owner_direct);
    all->blocks++;
    all->bytes += usable;
    return all->blocks == all->until ? 7 : 0;
}

static void a_walk_sees_the_blocks_in_use(void **state)
{
    (void)state;
    char *mem[4];
    for (size_t i = 0; i < 4; i++) mem[i] = take((i + 1) * PAGE);
    give(mem[1]);
    seen all = {0, 0, 0};
    assert_int_equal(st_direct_walk(see, &all), 0);
    assert_int_equal(all.blocks, 3);
    assert_int_equal(all.bytes, 8 * PAGE);
    all = (seen){0, 0, 2};
    assert_int_equal(st_direct_walk(see, &all), 7);
    assert_int_equal(all.blocks, 2);
    st_direct_totals totals;
    st_direct_totals_get(&totals);
    assert_int_equal(totals.live, 8 * PAGE);
    assert_int_equal(totals.blocks, 3);
    assert_int_equal(totals.cached, 2 * PAGE);
    give(mem[0]);
    give(mem[2]);
    give(mem[3]);
}

static void the_lock_can_be_held_around_a_fork(void **state)
{
    (void)state;
    st_direct_lock();
    st_direct_unlock();
    st_direct_lock();
    st_direct_reset_lock();
    give(take(PAGE));
}

/* ---- invariants ---- */

static void expect_broken(const char *id)
{
    const char *first = "none";
    assert_true(st_direct_check(&first) > 0);
    assert_string_equal(first, id);
    assert_true(st_direct_check(NULL) > 0);
}

static void a_block_that_the_map_does_not_know_breaks_inv_direct_1(void **state)
{
    (void)state;
    char *mem = take(PAGE);
    st_owner owner = owner_of(mem);
    assert_true(st_pagemap_set(mem, 1, st_owner_make(st_owner_space, 1)));
    expect_broken("INV-DIRECT-1");
    assert_true(st_pagemap_set(mem, 1, owner));
    expect_sound();
    give(mem);
    assert_true(st_pagemap_set(mem, 1, 0)); /* the same for one that is cached */
    expect_broken("INV-DIRECT-1");
    assert_true(st_pagemap_set(mem, 1, owner));
}

static void wrong_totals_break_inv_direct_2(void **state)
{
    (void)state;
    char *mem[2] = {take(PAGE), take(PAGE)};
    give(mem[0]);
    size_t *const total[] = {&direct_state.totals.live, &direct_state.totals.blocks,
                             &direct_state.totals.cached};
    for (size_t i = 0; i < TESTING_COUNT(total); i++) {
        ++*total[i];
        expect_broken("INV-DIRECT-2");
        --*total[i];
        expect_sound();
    }
    give(mem[1]);
}

static void a_record_that_is_nowhere_breaks_inv_direct_3(void **state)
{
    (void)state;
    give(take(PAGE));
    st_direct_trim();
    direct_record *record = direct_state.spare;
    assert_non_null(record);
    direct_state.spare = record->next;
    expect_broken("INV-DIRECT-3");
    direct_state.spare = record;
    expect_sound();
}

static void a_record_that_is_twice_somewhere_breaks_inv_direct_3(void **state)
{
    (void)state;
    char *mem = take(PAGE);
    uint32_t idx = st_owner_idx_of(owner_of(mem));
    direct_record *used =
        &direct_state.batch[idx / DIRECT_BATCH_RECORDS][idx % DIRECT_BATCH_RECORDS];
    direct_record *next = used->next;
    used->next = direct_state.spare;
    direct_state.spare = used;
    expect_broken("INV-DIRECT-3");
    direct_state.spare = used->next;
    used->next = next;
    expect_sound();
    give(mem);
}

static void a_cached_record_that_is_lost_breaks_inv_direct_3(void **state)
{
    (void)state;
    give(take(PAGE));
    direct_record *record = direct_state.cache;
    assert_non_null(record);
    direct_state.cache = NULL;
    expect_broken("INV-DIRECT-3");
    direct_state.cache = record;
    expect_sound();
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_block_is_fresh_pages_at_a_granule),
        UNIT_TEST(alignment_is_kept),
        UNIT_TEST(only_the_start_of_a_block_is_taken_back),
        UNIT_TEST(sizes_that_overflow_are_refused),
        UNIT_TEST(a_freed_mapping_serves_what_fits_well),
        UNIT_TEST(the_best_fit_is_chosen),
        UNIT_TEST(the_cache_keeps_alignment),
        UNIT_TEST(the_cache_is_bounded_and_drops_the_oldest),
        UNIT_TEST(without_a_cache_memory_returns_at_once),
        UNIT_TEST(trim_empties_the_cache),
        UNIT_TEST(a_block_grows_and_shrinks_in_place),
        UNIT_TEST(a_block_that_is_walled_in_moves),
        UNIT_TEST(nobody_owns_either_place_during_a_move),
        UNIT_TEST(a_move_that_fails_changes_nothing),
        UNIT_TEST(an_allocation_that_fails_changes_nothing),
        UNIT_TEST(records_are_made_as_needed),
        UNIT_TEST(a_walk_sees_the_blocks_in_use),
        UNIT_TEST(the_lock_can_be_held_around_a_fork),
        UNIT_TEST(a_block_that_the_map_does_not_know_breaks_inv_direct_1),
        UNIT_TEST(wrong_totals_break_inv_direct_2),
        UNIT_TEST(a_record_that_is_nowhere_breaks_inv_direct_3),
        UNIT_TEST(a_cached_record_that_is_lost_breaks_inv_direct_3),
        UNIT_TEST(a_record_that_is_twice_somewhere_breaks_inv_direct_3),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_direct_blocks_without_a_map(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_no_direct_blocks_without_a_map)};
    return TESTING_RUN(tests);
}

#endif
