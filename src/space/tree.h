/* SPDX-License-Identifier: MIT-0
 *
 * Trees of larger free chunks: for each half power of two a bitwise trie whose key is the size.
 *
 * All chunks below child[b] of a node have bit b at the node's level, counted from the highest
 * bit that the tree does not settle; the node itself may have any size of the tree. So a size is
 * found, or shown to be missing, in as many steps as it has bits, and no rebalancing is needed.
 *
 *             node 1280            a ring for chunks of one size:
 *            0 /     \ 1             node <-> member <-> member <-> (node)
 *        1040         1424         only the node has a parent and children
 *
 * Chunks of equal size hang in a ring on their node, newest next to it; a chunk is taken from
 * the ring first, so that the tree changes seldom.
 */
#ifndef ST_TREE_H
#define ST_TREE_H

#include "map/room.h"
#include "space/space.h"

typedef struct st_tree st_tree;
struct ST_MAY_ALIAS st_tree {
    st_chunk chunk;     /* next and prev are the ring */
    st_tree *child[2];
    st_tree *parent;    /* the root's is itself; NULL in a ring's other members */
};
/* A place for a node, here or in a space. Behind the structure: gcc can't optimize at link time otherwise
 * (an internal error of 12). */
typedef st_tree *ST_MAY_ALIAS st_tree_slot;
ST_STATIC_ASSERT(sizeof(st_tree) <= ST_SMALL_LIMIT, "a tree chunk has room for its links");

/* The tree that chunks of `size` (at least ST_SMALL_LIMIT) belong to: two for each power of two,
 * the last takes all that is larger. */
ST_INTERNAL unsigned st_tree_idx(size_t size);

/* Pages of `size` bytes of this space went back: the account need not count them any more. */
ST_INLINE void st_space_give_room(st_space *space, size_t size)
{
    if (!STRATA_RETURN) return;
    size = st_min(size, space->held);
    space->held -= size;
    st_room_give(size);
}

/* How far a size of tree `idx` is shifted left so that its first deciding bit is the top one. */
ST_INTERNAL unsigned st_tree_shift(unsigned idx);

/* Puts the free chunk c in its tree; takes it out again. */
ST_INTERNAL void st_tree_link(st_space *space, st_chunk *c, size_t size);
ST_INTERNAL void st_tree_unlink(st_space *space, st_chunk *c, size_t size);

/* Calls `visit` for every chunk of the tree `idx`; stops when it returns false, and returns that. */
ST_INTERNAL bool st_tree_each(st_space *space, unsigned idx,
                              bool (*visit)(void *context, st_chunk *c), void *context);

/* The smallest chunk of at least `size` bytes in all trees, still linked; NULL if there is none.
 * Of several of its size, the newest. */
ST_INTERNAL st_chunk *st_tree_best(st_space *space, size_t size);

#endif
