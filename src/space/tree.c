/* SPDX-License-Identifier: MIT-0
 *
 * The trees. Owns INV-SPACE-10 to INV-SPACE-13.
 */
#include "space/tree.h"

#include "space/doubt.h"

/* Bits that a size can have, and the index of the lowest bit of ST_SMALL_LIMIT. */
#define TREE_SIZE_BITS (STRATA_SEALS ? 48u : (unsigned)ST_WORD_BITS)
#define TREE_TOP_BIT ((unsigned)ST_WORD_BITS - 1)

unsigned st_tree_idx(size_t size)
{
    unsigned highest = st_highest_bit(size);
    unsigned lowest = st_highest_bit(ST_SMALL_LIMIT);
    unsigned idx = 2 * (highest - lowest) + (unsigned)(size >> (highest - 1) & 1);
    return idx < ST_TREE_BINS ? idx : ST_TREE_BINS - 1;
}

unsigned st_tree_shift(unsigned idx)
{
    if (idx == ST_TREE_BINS - 1) return (unsigned)ST_WORD_BITS - TREE_SIZE_BITS;
    /* The two highest bits are settled by the index. */
    return TREE_TOP_BIT - (idx / 2 + st_highest_bit(ST_SMALL_LIMIT) - 2);
}

/* Reads a child, which lies in memory that a user may have overwritten. */
static st_tree *tree_child(const st_space *space, const st_tree *node, unsigned side)
{
    st_tree *child = node->child[side];
    if (STRATA_DOUBT_LINKS && child != NULL && ST_UNLIKELY(!doubt_is_inside(space, child)))
        doubt_report_free(&node->chunk);
    return child;
}

/* ---- rings ---- */

static void tree_ring_link(st_tree *node, st_chunk *c)
{
    st_chunk *next = node->chunk.next;
    c->next = next;
    c->prev = &node->chunk;
    node->chunk.next = c;
    next->prev = c;
    ((st_tree *)(void *)c)->parent = NULL;
}

static ST_COLD void tree_ring_unlink(const st_space *space, st_chunk *c)
{
    if (STRATA_DOUBT_LINKS &&
        ST_UNLIKELY(!doubt_is_inside(space, c->next) || c->next->prev != c ||
                    !doubt_is_inside(space, c->prev) || c->prev->next != c))
        doubt_report_free(c);
    c->next->prev = c->prev;
    c->prev->next = c->next;
}

/* ---- link ---- */

static void tree_place(st_tree_slot *slot, st_tree *node, st_tree *parent)
{
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->parent = parent;
    node->chunk.next = &node->chunk;
    node->chunk.prev = &node->chunk;
    *slot = node;
}

/* 1. An empty tree: c becomes its root.
 * 2. Go down by the bits of the size until a node of that size (join its ring) or an empty
 *    place (become a leaf) is met. The bits run out after TREE_SIZE_BITS steps at most; if they
 *    do, the links form a loop that we never made. */
void st_tree_link(st_space *space, st_chunk *c, size_t size)
{
    unsigned idx = st_tree_idx(size);
    st_tree *leaf = (st_tree *)(void *)c;
    st_tree *node = space->tree[idx];
    if (node == NULL) {
        tree_place(&space->tree[idx], leaf, leaf);
        space->tree_map |= (uint32_t)1 << idx;
        return;
    }
    size_t key = size << st_tree_shift(idx);
    for (unsigned steps = 0; steps <= TREE_SIZE_BITS; steps++) {
        if (chunk_size(&node->chunk) == size) {
            tree_ring_link(node, c);
            return;
        }
        unsigned side = (unsigned)(key >> TREE_TOP_BIT);
        key <<= 1;
        st_tree *child = tree_child(space, node, side);
        if (child == NULL) {
            tree_place(&node->child[side], leaf, node);
            return;
        }
        node = child;
    }
    doubt_report_free(&node->chunk);
}

/* ---- unlink ---- */

/* Takes some leaf below `node` off the tree, or gives NULL if it has no children. Any leaf can
 * stand in for the node: its path agrees with the node's. */
static st_tree *tree_take_leaf(const st_space *space, st_tree *node)
{
    st_tree_slot *slot = NULL;
    st_tree *leaf = NULL;
    for (unsigned steps = 0; steps <= TREE_SIZE_BITS; steps++) {
        unsigned side = node->child[1] != NULL;
        st_tree *child = tree_child(space, node, side);
        if (child == NULL) break;
        slot = &node->child[side];
        leaf = child;
        node = child;
    }
    if (slot != NULL) *slot = NULL;
    return leaf;
}

/* Puts `heir` (NULL: nothing) where `node` is. */
static void tree_replace(st_space *space, st_tree *node, st_tree *heir, unsigned idx)
{
    st_tree *parent = node->parent;
    if (parent == node) {
        space->tree[idx] = heir;
        if (heir == NULL) space->tree_map &= ~((uint32_t)1 << idx);
        parent = heir;
    } else {
        unsigned side = parent->child[1] == node;
        if (STRATA_DOUBT_LINKS && ST_UNLIKELY(parent->child[side] != node))
            doubt_report_free(&node->chunk);
        parent->child[side] = heir;
    }
    if (heir == NULL) return;
    heir->parent = parent;
    for (unsigned side = 0; side < 2; side++) {
        st_tree *child = tree_child(space, node, side);
        heir->child[side] = child;
        if (child != NULL) child->parent = heir;
    }
}

void st_tree_unlink(st_space *space, st_chunk *c, size_t size)
{
    st_tree *node = (st_tree *)(void *)c;
    unsigned idx = st_tree_idx(size);
    if (node->parent == NULL) { /* a member of a ring, not its node */
        tree_ring_unlink(space, c);
        return;
    }
    if (STRATA_DOUBT_LINKS &&
        ST_UNLIKELY(!doubt_is_inside(space, node->parent) ||
                    (node->parent == node && space->tree[idx] != node)))
        doubt_report_free(c);
    st_tree *heir;
    if (c->next != c) {
        heir = (st_tree *)(void *)c->next;
        tree_ring_unlink(space, c);
    } else {
        heir = tree_take_leaf(space, node);
    }
    tree_replace(space, node, heir, idx);
}

/* ---- best fit ---- */

typedef struct tree_search {
    st_tree *best; /* smallest so far that is large enough, or NULL */
    size_t excess; /* how much larger than asked it is */
} tree_search;

static void tree_consider(tree_search *search, st_tree *node, size_t size)
{
    /* What is too small wraps round and becomes huge. */
    size_t excess = chunk_size(&node->chunk) - size;
    if (excess < search->excess) {
        search->best = node;
        search->excess = excess;
    }
}

/* Goes down along the bits of `size`, considering each node. Returns the deepest subtree to the
 * right of the path: everything in it is larger than the path, and smaller than everything in
 * subtrees that branched off higher up. */
static st_tree *tree_follow(const st_space *space, tree_search *search, unsigned idx,
                            size_t size)
{
    st_tree *node = space->tree[idx];
    st_tree *right = NULL;
    size_t key = size << st_tree_shift(idx);
    for (unsigned steps = 0; node != NULL && steps <= TREE_SIZE_BITS; steps++) {
        tree_consider(search, node, size);
        if (search->excess == 0) return NULL;
        unsigned side = (unsigned)(key >> TREE_TOP_BIT);
        key <<= 1;
        st_tree *larger = tree_child(space, node, 1);
        if (side == 0 && larger != NULL) right = larger;
        node = side == 0 ? tree_child(space, node, 0) : larger;
    }
    return right;
}

/* The smallest chunk of a subtree lies on its leftmost path. */
static void tree_follow_left(const st_space *space, tree_search *search, st_tree *node,
                             size_t size)
{
    for (unsigned steps = 0; node != NULL && steps <= TREE_SIZE_BITS; steps++) {
        tree_consider(search, node, size);
        node = tree_child(space, node, node->child[0] == NULL);
    }
}

/* 1. The tree that `size` belongs to: along its bits, then left in the last subtree passed by.
 * 2. If that has nothing: the next tree that is not empty; all of it is large enough.
 * 3. Prefer a member of the ring, so that the tree itself stays as it is. */
st_chunk *st_tree_best(st_space *space, size_t size)
{
    tree_search search = {NULL, SIZE_MAX / 2};
    uint32_t map = space->tree_map;
    if (size >= ST_SMALL_LIMIT) {
        unsigned idx = st_tree_idx(size);
        tree_follow_left(space, &search, tree_follow(space, &search, idx, size), size);
        map &= ~(((uint32_t)2 << idx) - 1);
    }
    if (search.best == NULL && map != 0)
        tree_follow_left(space, &search, space->tree[st_lowest_bit(map)], size);
    if (search.best == NULL) return NULL;
    st_chunk *newest = search.best->chunk.next;
    if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!doubt_is_inside(space, newest)))
        doubt_report_free(&search.best->chunk);
    return newest;
}

/* ---- all ---- */

static bool tree_visit_ring(const st_space *space, st_tree *node,
                            bool (*visit)(void *context, st_chunk *c), void *context)
{
    st_chunk *c = &node->chunk;
    do {
        st_chunk *next = c->next;
        if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!doubt_is_inside(space, next))) doubt_report_free(c);
        if (!visit(context, c)) return false;
        c = next;
    } while (c != &node->chunk);
    return true;
}

/* The node that follows in the order node, left, right; NULL after the last. */
static st_tree *tree_next(const st_space *space, st_tree *node)
{
    for (unsigned side = 0; side < 2; side++) {
        st_tree *child = tree_child(space, node, side);
        if (child != NULL) return child;
    }
    while (node->parent != node) {
        st_tree *parent = node->parent;
        if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!doubt_is_inside(space, parent)))
            doubt_report_free(&node->chunk);
        st_tree *right = tree_child(space, parent, 1);
        if (right != NULL && right != node) return right;
        node = parent;
    }
    return NULL;
}

bool st_tree_each(st_space *space, unsigned idx, bool (*visit)(void *context, st_chunk *c),
                  void *context)
{
    for (st_tree *node = space->tree[idx]; node != NULL; node = tree_next(space, node))
        if (!tree_visit_ring(space, node, visit, context)) return false;
    return true;
}
