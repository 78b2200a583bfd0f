/* SPDX-License-Identifier: MIT-0
 *
 * Bins and trees on their own: free chunks are linked, found and unlinked in a space that has no
 * memory but an array, against a plain search of all that is linked.
 */
#include "fake/little_space.h"

enum { unit_chunks = 600, unit_stride = 8 };

static st_space space;
/* Room for the links of each chunk; the sizes in the heads are only numbers here. */
static struct unit_room {
    _Alignas(ST_CHUNK_GRAIN) st_tree tree;
    size_t padding[unit_stride];
} room[unit_chunks];
static size_t linked_size[unit_chunks]; /* 0: not linked */

static st_chunk *chunk_number(size_t i) { return &room[i].tree.chunk; }

static int setup(void **state)
{
    (void)state;
    memset(&space, 0, sizeof space);
    memset(room, 0, sizeof room);
    memset(linked_size, 0, sizeof linked_size);
    space.secret = LITTLE_SECRET;
    space.lowest = (const char *)room;
    space.grains = sizeof room / ST_CHUNK_GRAIN + 1; /* a block lies above its chunk */
    return 0;
}

static void link_chunk(size_t i, size_t size) ST_NO_LOCK_ANALYSIS
{
    chunk_set_head(chunk_number(i), size, ST_HEAD_P, space.secret);
    st_bins_link(&space, chunk_number(i), size);
    linked_size[i] = size;
}

static void unlink_chunk(size_t i) ST_NO_LOCK_ANALYSIS
{
    st_bins_unlink(&space, chunk_number(i), linked_size[i]);
    linked_size[i] = 0;
}

static size_t best_size(size_t size) ST_NO_LOCK_ANALYSIS
{
    const st_chunk *best = st_tree_best(&space, size);
    return best == NULL ? 0 : chunk_size(best);
}

/* The same by looking at all. */
static size_t best_size_plainly(size_t size)
{
    size_t best = 0;
    for (size_t i = 0; i < unit_chunks; i++) {
        if (linked_size[i] < ST_SMALL_LIMIT || linked_size[i] < size) continue;
        if (best == 0 || linked_size[i] < best) best = linked_size[i];
    }
    return best;
}

static size_t next_random(size_t *random)
{
    *random = *random * 1103515245 + 12345;
    return *random >> 8 & 0xffffff;
}

/* ---- indices ---- */

static void trees_cut_each_power_of_two_in_half(void **state)
{
    (void)state;
    assert_int_equal(st_tree_idx(ST_SMALL_LIMIT), 0);
    size_t size = ST_SMALL_LIMIT;
    for (unsigned idx = 0; idx < ST_TREE_BINS - 2; idx += 2, size *= 2) {
        assert_int_equal(st_tree_idx(size), idx);
        assert_int_equal(st_tree_idx(size + size / 2 - ST_CHUNK_GRAIN), idx);
        assert_int_equal(st_tree_idx(size + size / 2), idx + 1);
        assert_int_equal(st_tree_idx(2 * size - ST_CHUNK_GRAIN), idx + 1);
    }
    assert_int_equal(st_tree_idx(ST_REQUEST_MAX), ST_TREE_BINS - 1);
}

/* The first bit that decides in a tree is the highest in which its sizes differ. */
static void the_first_deciding_bit_is_not_settled_by_the_tree(void **state)
{
    (void)state;
    size_t size = ST_SMALL_LIMIT;
    size_t top = (size_t)1 << (ST_WORD_BITS - 1);
    for (unsigned idx = 0; idx < ST_TREE_BINS - 2; idx++) {
        size_t low = size + (idx % 2 ? size / 2 : 0);
        size_t high = low + size / 2 - ST_CHUNK_GRAIN;
        assert_int_equal(low << st_tree_shift(idx) & top, 0);
        assert_true((high << st_tree_shift(idx) & top) != 0);
        if (idx % 2) size *= 2;
    }
}

/* ---- small bins ---- */

static void small_chunks_come_back_newest_first(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    size_t size = 5 * ST_CHUNK_GRAIN;
    for (size_t i = 0; i < 4; i++) link_chunk(i, size);
    assert_int_equal(space.small_map, 1u << 5);
    assert_ptr_equal(space.small[5], chunk_number(3));
    unlink_chunk(1);
    st_chunk *expected[] = {chunk_number(3), chunk_number(2), chunk_number(0)};
    for (size_t i = 0; i < 3; i++) {
        st_chunk *first = space.small[5];
        assert_ptr_equal(first, expected[i]);
        st_bins_unlink(&space, first, size);
    }
    assert_int_equal(space.small_map, 0);
    assert_null(space.small[5]);
}

static void every_small_size_has_its_bin(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t size = ST_CHUNK_MIN; size < ST_SMALL_LIMIT; size += ST_CHUNK_GRAIN) {
        link_chunk(count++, size);
        assert_ptr_equal(space.small[size / ST_CHUNK_GRAIN], chunk_number(count - 1));
        assert_true(space.small_map >> size / ST_CHUNK_GRAIN & 1);
    }
    assert_int_equal(space.tree_map, 0);
    while (count-- > 0) unlink_chunk(count);
    assert_int_equal(space.small_map, 0);
    link_chunk(0, ST_SMALL_LIMIT);
    assert_int_equal(space.small_map, 0);
    assert_int_equal(space.tree_map, 1);
    unlink_chunk(0);
}

/* ---- trees ---- */

static void the_best_fit_is_found(void **state)
{
    (void)state;
    static const size_t spread[] = {16, 200, 4000, 1000000};
    for (size_t round = 0; round < TESTING_COUNT(spread); round++) {
        size_t random = round;
        for (size_t step = 0; step < 6000; step++) {
            size_t i = next_random(&random) % unit_chunks;
            size_t grains = next_random(&random) % spread[round];
            size_t size = ST_SMALL_LIMIT + grains * ST_CHUNK_GRAIN;
            if (linked_size[i] == 0) {
                link_chunk(i, size);
            } else if (step % 3) {
                unlink_chunk(i);
            }
            assert_int_equal(best_size(size), best_size_plainly(size));
        }
        assert_int_equal(best_size(ST_CHUNK_MIN), best_size_plainly(ST_CHUNK_MIN));
        for (size_t i = 0; i < unit_chunks; i++) {
            if (linked_size[i] != 0) unlink_chunk(i);
        }
        assert_int_equal(space.tree_map, 0);
        for (size_t idx = 0; idx < ST_TREE_BINS; idx++) assert_null(space.tree[idx]);
    }
}

static void best_fits_can_be_taken_until_none_is_left(void **state) ST_NO_LOCK_ANALYSIS
{
    (void)state;
    size_t random = 99;
    for (size_t i = 0; i < unit_chunks; i++) {
        link_chunk(i, ST_SMALL_LIMIT + next_random(&random) % 5000 * ST_CHUNK_GRAIN);
    }
    size_t previous = 0;
    for (size_t taken = 0; taken < unit_chunks; taken++) {
        st_chunk *best = st_tree_best(&space, ST_SMALL_LIMIT);
        size_t size = chunk_size(best);
        assert_true(size >= previous);
        st_bins_unlink(&space, best, size);
        previous = size;
    }
    assert_null(st_tree_best(&space, ST_SMALL_LIMIT));
    assert_int_equal(space.tree_map, 0);
}

static void equal_sizes_share_a_node(void **state)
{
    (void)state;
    size_t size = 4 * ST_SMALL_LIMIT;
    for (size_t i = 0; i < 5; i++) link_chunk(i, size);
    st_tree *node = space.tree[st_tree_idx(size)];
    assert_ptr_equal(node, &room[0].tree);
    assert_null(node->child[0]);
    assert_null(node->child[1]);
    unlink_chunk(0); /* another of the ring becomes the node */
    assert_int_equal(best_size(size), size);
    assert_int_equal(best_size(size + ST_CHUNK_GRAIN), 0);
    for (size_t i = 1; i < 5; i++) unlink_chunk(i);
    assert_int_equal(best_size(size), 0);
}

static void the_largest_sizes_have_a_tree_too(void **state)
{
    (void)state;
    size_t largest = st_chunk_size_for(ST_REQUEST_MAX);
    size_t sizes[] = {largest, largest / 2, largest / 3 * 2, 32 * ST_MIB, 48 * ST_MIB};
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        link_chunk(i, st_round_down(sizes[i], ST_CHUNK_GRAIN));
    }
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
        size_t size = linked_size[i];
        assert_int_equal(best_size(size), size);
        assert_int_equal(best_size(size - ST_CHUNK_GRAIN), size);
        assert_int_equal(best_size(size + 1), best_size_plainly(size + 1));
    }
    for (size_t i = 0; i < TESTING_COUNT(sizes); i++) unlink_chunk(i);
}

/* ---- doubt ---- */

static void unlink_first(void *context)
{
    (void)context;
    unlink_chunk(0);
}

static void links_that_were_overwritten_are_reported(void **state)
{
    (void)state;
    if (!STRATA_DOUBT_LINKS) return;
    static const size_t sizes[] = {3 * ST_CHUNK_GRAIN, 3 * ST_SMALL_LIMIT};
    for (size_t round = 0; round < TESTING_COUNT(sizes); round++) {
        setup(NULL);
        for (size_t i = 0; i < 3; i++) link_chunk(2 - i, sizes[round]);
        st_chunk *c = chunk_number(0);
        st_chunk *const wrong[] = {(st_chunk *)(void *)&space, chunk_number(unit_chunks - 1)};
        for (size_t i = 0; i < 2; i++) {
            st_chunk *next = c->next;
            c->next = wrong[i];
            os_fake_clear_output();
            assert_true(os_fake_stops(unlink_first, NULL));
            assert_non_null(strstr(os_fake_output(), "was written to after it was freed"));
            c->next = next;
        }
    }
}

#define UNIT_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    os_fake_reset();
    const struct CMUnitTest tests[] = {
        UNIT_TEST(trees_cut_each_power_of_two_in_half),
        UNIT_TEST(the_first_deciding_bit_is_not_settled_by_the_tree),
        UNIT_TEST(small_chunks_come_back_newest_first),
        UNIT_TEST(every_small_size_has_its_bin),
        UNIT_TEST(the_best_fit_is_found),
        UNIT_TEST(best_fits_can_be_taken_until_none_is_left),
        UNIT_TEST(equal_sizes_share_a_node),
        UNIT_TEST(the_largest_sizes_have_a_tree_too),
        UNIT_TEST(links_that_were_overwritten_are_reported),
    };
    return TESTING_RUN(tests);
}
