/* SPDX-License-Identifier: MIT-0
 *
 * The proof of a space: each invariant is broken on its own in a space that is sound, and the
 * check names it first; mended again, the space is sound.
 */
#include "fake/little_space.h"

static st_space space;

#define SMALL_REQ 100
#define LARGE_REQ 3000

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

/* Makes free chunks, in this order, each between blocks in use. None is the victim. */
static void free_chunks(size_t count, const size_t *reqs, st_chunk **chunks)
{
    for (size_t i = 0; i < count; i++) {
        chunks[i] = chunk_of(little_take(&space, reqs[i]));
        assert_non_null(little_take(&space, 8)); /* keeps it apart */
    }
    for (size_t i = 0; i < count; i++) little_give(&space, chunk_mem(chunks[i]));
    little_expect_sound(&space);
}

static st_chunk *free_chunk(size_t req)
{
    st_chunk *c;
    free_chunks(1, &req, &c);
    return c;
}

static st_chunk *used_chunk(size_t req)
{
    void *mem = little_take(&space, req);
    assert_non_null(mem);
    assert_non_null(little_take(&space, 8));
    little_expect_sound(&space);
    return chunk_of(mem);
}

/* ---- heads ---- */

static void an_overwritten_head_breaks_inv_space_1(void **state)
{
    (void)state;
    st_chunk *c = used_chunk(SMALL_REQ);
    size_t head = c->head;
    size_t wrong[] = {0, SIZE_MAX, head + 8, ST_HEAD_C | ST_HEAD_P};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        c->head = wrong[i];
        LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-1");
    }
    chunk_set_head(c, ST_CHUNK_MIN - ST_CHUNK_GRAIN, ST_HEAD_C | ST_HEAD_P, space.secret);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-1");
    if (STRATA_SEALS) {
        c->head = head ^ (size_t)1 << (ST_WORD_BITS - 1);
        LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-1");
    }
    c->head = head;
}

static void a_broken_fence_breaks_inv_space_2(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    st_chunk *fence = segment_fence(space.segments);
    size_t head = fence->head;
    chunk_clear_flag(fence, ST_HEAD_C);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-2");
    fence->head = head;
    if (STRATA_SEALS) {
        fence->head ^= (size_t)1 << (ST_WORD_BITS - 1);
        LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-2");
        fence->head = head;
    }
}

static void a_wrong_flag_below_breaks_inv_space_3(void **state)
{
    (void)state;
    st_chunk *c = used_chunk(SMALL_REQ);
    st_chunk *above = chunk_above(c);
    chunk_clear_flag(above, ST_HEAD_P);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-3");
    chunk_set_flag(above, ST_HEAD_P);
    c = free_chunk(SMALL_REQ);
    chunk_set_flag(chunk_above(c), ST_HEAD_P);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-3");
    chunk_clear_flag(chunk_above(c), ST_HEAD_P);
}

static void a_wrong_foot_breaks_inv_space_4(void **state)
{
    (void)state;
    st_chunk *c = free_chunk(LARGE_REQ);
    size_t size = chunk_size(c);
    chunk_set_foot(c, size + ST_CHUNK_GRAIN);
    chunk_at(c, size)->prev_size = size - ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-4");
    chunk_at(c, size)->prev_size = size;
}

static void free_neighbors_break_inv_space_5(void **state)
{
    (void)state;
    st_chunk *low = chunk_of(little_take(&space, SMALL_REQ));
    st_chunk *high = used_chunk(SMALL_REQ);
    little_give(&space, chunk_mem(low));
    size_t size = chunk_size(high);
    /* Free by the book, but not merged. */
    chunk_clear_flag(high, ST_HEAD_C);
    chunk_clear_flag(chunk_above(high), ST_HEAD_P);
    chunk_set_foot(high, size);
    st_bins_link(&space, high, size);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-5");
    st_bins_unlink(&space, high, size);
    chunk_set_flag(high, ST_HEAD_C);
    chunk_set_flag(chunk_above(high), ST_HEAD_P);
}

/* ---- places ---- */

static void a_free_chunk_that_is_nowhere_breaks_inv_space_6(void **state)
{
    (void)state;
    st_chunk *chunks[2];
    free_chunks(2, (size_t[]){SMALL_REQ, LARGE_REQ}, chunks);
    for (size_t i = 0; i < TESTING_COUNT(chunks); i++) {
        size_t size = chunk_size(chunks[i]);
        st_bins_unlink(&space, chunks[i], size);
        LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-6");
        st_bins_link(&space, chunks[i], size);
        little_expect_sound(&space);
    }
}

static void a_chunk_in_the_wrong_small_bin_breaks_inv_space_7(void **state)
{
    (void)state;
    st_chunk *chunks[2];
    free_chunks(2, (size_t[]){SMALL_REQ, SMALL_REQ + 2 * ST_CHUNK_GRAIN}, chunks);
    st_chunk *low = chunks[0], *high = chunks[1];
    size_t low_idx = bins_small_idx(chunk_size(low));
    size_t high_idx = bins_small_idx(chunk_size(high));
    space.small[low_idx] = high;
    space.small[high_idx] = low;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-7");
    space.small[low_idx] = low;
    space.small[high_idx] = high;
}

static void a_list_whose_links_disagree_breaks_inv_space_8(void **state)
{
    (void)state;
    st_chunk *chunks[2];
    free_chunks(2, (size_t[]){SMALL_REQ, SMALL_REQ}, chunks);
    st_chunk *older = chunks[0], *newer = chunks[1];
    assert_ptr_equal(newer->next, older);
    older->prev = NULL;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    older->prev = newer;
    newer->prev = older;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    newer->prev = NULL;
    older->next = (st_chunk *)(void *)&space; /* not in any segment */
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    older->next = newer; /* a loop */
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    older->next = NULL;
}

static void a_ring_whose_links_disagree_breaks_inv_space_8(void **state)
{
    (void)state;
    st_chunk *chunks[2];
    free_chunks(2, (size_t[]){LARGE_REQ, LARGE_REQ}, chunks);
    st_chunk *node = chunks[0], *member = chunks[1];
    assert_ptr_equal(node->next, member);
    member->prev = member;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    member->prev = node;
    node->prev = node;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-8");
    node->prev = member;
}

static void a_wrong_bit_in_the_small_map_breaks_inv_space_9(void **state)
{
    (void)state;
    st_chunk *c = free_chunk(SMALL_REQ);
    uint32_t bit = (uint32_t)1 << bins_small_idx(chunk_size(c));
    space.small_map &= ~bit;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-9");
    space.small_map |= bit | bit << 1;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-9");
    space.small_map &= ~(bit << 1);
}

static void a_wrong_bit_in_the_tree_map_breaks_inv_space_10(void **state)
{
    (void)state;
    st_chunk *c = free_chunk(LARGE_REQ);
    uint32_t bit = (uint32_t)1 << st_tree_idx(chunk_size(c));
    space.tree_map &= ~bit;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-10");
    space.tree_map |= bit | bit << 1;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-10");
    space.tree_map &= ~(bit << 1);
}

/* ---- trees ---- */

static void a_chunk_in_the_wrong_tree_breaks_inv_space_11(void **state)
{
    (void)state;
    st_chunk *c = free_chunk(LARGE_REQ);
    unsigned idx = st_tree_idx(chunk_size(c));
    uint32_t map = space.tree_map;
    space.tree[idx + 1] = space.tree[idx];
    space.tree[idx] = NULL;
    space.tree_map = map << 1;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-11");
    space.tree[idx] = space.tree[idx + 1];
    space.tree[idx + 1] = NULL;
    space.tree_map = map;
}

/* A tree of three sizes: a root and a child on each side. */
static st_tree *three_nodes(void)
{
    size_t smallest = ST_SMALL_LIMIT * 8; /* begins a tree, which reaches to 12 limits */
    size_t reqs[] = {smallest + ST_SMALL_LIMIT - ST_CHUNK_OVERHEAD,
                     smallest - ST_CHUNK_OVERHEAD,
                     smallest + 3 * ST_SMALL_LIMIT - ST_CHUNK_OVERHEAD};
    st_chunk *chunks[3];
    free_chunks(3, reqs, chunks);
    st_tree *root = (st_tree *)(void *)chunks[0];
    assert_ptr_equal(root->child[0], chunks[1]);
    assert_ptr_equal(root->child[1], chunks[2]);
    return root;
}

static void a_chunk_on_the_wrong_side_breaks_inv_space_12(void **state)
{
    (void)state;
    st_tree *root = three_nodes();
    st_tree *low = root->child[0];
    root->child[0] = root->child[1];
    root->child[1] = low;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-12");
    root->child[1] = root->child[0];
    root->child[0] = low;
}

static void a_wrong_parent_breaks_inv_space_13(void **state)
{
    (void)state;
    st_tree *root = three_nodes();
    st_tree *low = root->child[0];
    low->parent = root->child[1];
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-13");
    low->parent = root;
    root->parent = low;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-13");
    root->parent = root;
}

static void a_ring_member_with_a_parent_breaks_inv_space_13(void **state)
{
    (void)state;
    st_chunk *chunks[2];
    free_chunks(2, (size_t[]){LARGE_REQ, LARGE_REQ}, chunks);
    st_tree *node = (st_tree *)(void *)chunks[0], *member = (st_tree *)(void *)chunks[1];
    assert_null(member->parent);
    member->parent = node;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-13");
    member->parent = NULL;
}

/* ---- the record ---- */

static void a_wrong_victim_breaks_inv_space_14(void **state)
{
    (void)state;
    st_chunk *used = used_chunk(SMALL_REQ);
    free_chunk(LARGE_REQ);
    assert_non_null(little_take(&space, SMALL_REQ)); /* is cut from it */
    assert_non_null(space.victim);
    size_t size = space.victim_size;
    space.victim_size += ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-14");
    space.victim_size = size;
    st_chunk *victim = space.victim;
    space.victim = used;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-14");
    space.victim = victim;
    st_bins_link(&space, victim, size);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-14");
    st_bins_unlink(&space, victim, size);
}

static void a_wrong_top_breaks_inv_space_15(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    space.top_size += ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-15");
    space.top_size -= ST_CHUNK_GRAIN;
    /* Top is in the newest segment, which is the first. */
    st_segment *newest = space.segments;
    st_segment *older = newest->next;
    assert_null(older);
    chunk_set_flag(space.top, ST_HEAD_C);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-15");
    chunk_clear_flag(space.top, ST_HEAD_C);
}

#if STRATA_QUICK
static void a_wrong_quick_list_breaks_inv_space_16(void **state)
{
    (void)state;
    st_chunk *low = used_chunk(SMALL_REQ);
    st_chunk *high = used_chunk(SMALL_REQ + 2 * ST_CHUNK_GRAIN);
    size_t low_idx = bins_small_idx(chunk_size(low));
    size_t high_idx = bins_small_idx(chunk_size(high));
    little_set_quick_limit(&space, 64 * ST_KIB);
    little_give(&space, chunk_mem(low));
    little_give(&space, chunk_mem(high));
    little_expect_sound(&space);
    assert_ptr_equal(space.quick[low_idx], low);
    space.quick_room++;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-16");
    space.quick_room--;
    space.quick[low_idx] = high;
    space.quick[high_idx] = low;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-16");
    space.quick[low_idx] = low;
    space.quick[high_idx] = high;
    low->next = low; /* a loop */
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-16");
    low->next = NULL;
}
#endif

static void a_mark_without_a_quick_list_breaks_inv_space_17(void **state)
{
    (void)state;
    st_chunk *c = used_chunk(SMALL_REQ);
    chunk_set_flag(c, ST_HEAD_Q);
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-17");
    chunk_clear_flag(c, ST_HEAD_Q);
}

static void wrong_sums_of_segments_break_inv_space_18(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    space.footprint += st_os_page_size();
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-18");
    space.footprint -= st_os_page_size();
    space.reserved -= st_os_page_size();
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-18");
    space.reserved += st_os_page_size();
}

#if STRATA_PAGEMAP
static void a_granule_of_another_owner_breaks_inv_space_19(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    char *last = space.segments->base + space.segments->committed - ST_GRANULE;
    st_owner owner = st_pagemap_get(last);
    assert_true(st_pagemap_set(last, 1, 0));
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-19");
    assert_true(st_pagemap_set(last, 1, owner));
}
#endif

#if STRATA_STATS
static void a_wrong_sum_of_blocks_breaks_inv_space_20(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    space.live += ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-20");
    space.live -= ST_CHUNK_GRAIN;
}
#endif

static void freshness_outside_of_top_breaks_inv_space_21(void **state)
{
    (void)state;
    used_chunk(SMALL_REQ);
    char *fresh = space.top_fresh;
    space.top_fresh = (char *)space.top - ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-21");
    space.top_fresh = (char *)space.top + space.top_size + ST_CHUNK_GRAIN;
    LITTLE_EXPECT_BROKEN(&space, "INV-SPACE-21");
    space.top_fresh = fresh;
}

static void a_space_without_memory_is_sound(void **state)
{
    (void)state;
    little_expect_sound(&space);
    assert_null(space.segments);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_space_without_memory_is_sound),
        UNIT_TEST(an_overwritten_head_breaks_inv_space_1),
        UNIT_TEST(a_broken_fence_breaks_inv_space_2),
        UNIT_TEST(a_wrong_flag_below_breaks_inv_space_3),
        UNIT_TEST(a_wrong_foot_breaks_inv_space_4),
        UNIT_TEST(free_neighbors_break_inv_space_5),
        UNIT_TEST(a_free_chunk_that_is_nowhere_breaks_inv_space_6),
        UNIT_TEST(a_chunk_in_the_wrong_small_bin_breaks_inv_space_7),
        UNIT_TEST(a_list_whose_links_disagree_breaks_inv_space_8),
        UNIT_TEST(a_ring_whose_links_disagree_breaks_inv_space_8),
        UNIT_TEST(a_wrong_bit_in_the_small_map_breaks_inv_space_9),
        UNIT_TEST(a_wrong_bit_in_the_tree_map_breaks_inv_space_10),
        UNIT_TEST(a_chunk_in_the_wrong_tree_breaks_inv_space_11),
        UNIT_TEST(a_chunk_on_the_wrong_side_breaks_inv_space_12),
        UNIT_TEST(a_wrong_parent_breaks_inv_space_13),
        UNIT_TEST(a_ring_member_with_a_parent_breaks_inv_space_13),
        UNIT_TEST(a_wrong_victim_breaks_inv_space_14),
        UNIT_TEST(a_wrong_top_breaks_inv_space_15),
#if STRATA_QUICK
        UNIT_TEST(a_wrong_quick_list_breaks_inv_space_16),
#endif
        UNIT_TEST(a_mark_without_a_quick_list_breaks_inv_space_17),
        UNIT_TEST(wrong_sums_of_segments_break_inv_space_18),
#if STRATA_PAGEMAP
        UNIT_TEST(a_granule_of_another_owner_breaks_inv_space_19),
#endif
#if STRATA_STATS
        UNIT_TEST(a_wrong_sum_of_blocks_breaks_inv_space_20),
#endif
        UNIT_TEST(freshness_outside_of_top_breaks_inv_space_21),
    };
    return TESTING_RUN(tests);
}
