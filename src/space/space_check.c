/* SPDX-License-Identifier: MIT-0
 *
 * The proof of a space: every invariant of space.h, in two passes. The first walks the memory,
 * chunk by chunk; the second walks the lists and trees; then their sums are compared.
 */
#include "space/bins.h"
#include "space/clean.h"
#include "space/doubt.h"

typedef struct check_state {
    const st_space *space;
    const char *first; /* id of the first invariant found broken */
    int broken;        /* how many times any was */
    /* of the walk */
    const st_chunk *previous; /* the chunk below, in the same segment */
    bool previous_used;
    size_t free_chunks, quick_chunks, quick_size, used_size, clean_size;
    bool top_seen, victim_seen;
    /* of the lists */
    size_t listed_chunks, listed_quick;
} check_state;

/* A structure can be at most so large; a list that goes on longer is a loop. */
#define CHECK_LIST_MAX(space) ((space)->footprint / ST_CHUNK_MIN + 1)

static void check_holds(check_state *check, bool holds, const char *id)
{
    if (holds) return;
    if (check->broken == 0) check->first = id;
    check->broken++;
}

/* ---- the walk ---- */

static void check_free_chunk(check_state *check, const st_chunk *chunk, size_t size)
{
    const st_space *space = check->space;
    check->free_chunks++;
#if STRATA_RETURN
    st_clean clean = st_clean_of(chunk);
    check->clean_size += clean.to - clean.from;
    check_holds(check, st_clean_is_none(clean) != chunk_is_purged(chunk), "INV-SPACE-22");
#endif
    check_holds(check, chunk_at(chunk, size)->prev_size == size, "INV-SPACE-4");
    if (chunk == space->victim) {
        check->victim_seen = true;
        check_holds(check, size == space->victim_size, "INV-SPACE-14");
    }
}

static ST_COLD int check_chunk(void *context, const st_segment *segment, const st_chunk *chunk,
                       size_t size, st_chunk_kind kind)
{
    check_state *check = context;
    bool used = kind == st_chunk_used || kind == st_chunk_quick;
    bool is_first = chunk == segment_first(segment);
    if (is_first) check->previous_used = true;
    check_holds(check, chunk_is_below_used(chunk) == check->previous_used, "INV-SPACE-3");
    check_holds(check, used || check->previous_used, "INV-SPACE-5");
    if (kind == st_chunk_used) check->used_size += size;
    if (kind == st_chunk_quick) {
        check->quick_chunks++;
        check->quick_size += size;
    }
    if (kind == st_chunk_free) check_free_chunk(check, chunk, size);
    if (kind == st_chunk_top) {
        check->top_seen = segment == check->space->segments && !chunk_is_used(chunk) &&
                          chunk_at(chunk, size) == segment_fence(segment) &&
                          size == check->space->top_size;
    }
    check->previous = chunk;
    check->previous_used = used || kind == st_chunk_top;
    const st_chunk *next = chunk_at(chunk, size);
    if (next == segment_fence(segment)) {
        check_holds(check, chunk_is_below_used(next) == check->previous_used, "INV-SPACE-3");
        check_holds(check, chunk_is_used(next) && chunk_is_sealed(next, check->space->secret),
                    "INV-SPACE-2");
    }
    return 0;
}

/* ---- lists ---- */

static void check_small_list(check_state *check, unsigned idx)
{
    const st_space *space = check->space;
    const st_chunk *previous = NULL;
    size_t left = CHECK_LIST_MAX(space);
    for (const st_chunk *c = space->small[idx]; c != NULL; c = c->next) {
        check_holds(check, doubt_is_inside(space, c) && left > 0, "INV-SPACE-8");
        if (!doubt_is_inside(space, c) || left-- == 0) return;
        check_holds(check, c->prev == previous, "INV-SPACE-8");
        check_holds(check, !chunk_is_used(c) && chunk_size(c) == idx * ST_CHUNK_GRAIN,
                    "INV-SPACE-7");
        check_holds(check, c != space->victim, "INV-SPACE-14");
        check->listed_chunks++;
        previous = c;
    }
}

static void check_quick_list(check_state *check, unsigned idx)
{
#if STRATA_QUICK
    const st_space *space = check->space;
    size_t left = CHECK_LIST_MAX(space);
    if (!st_space_has_quick(space)) return;
    for (const st_chunk *c = space->quick[idx]; c != NULL; c = c->next) {
        check_holds(check, doubt_is_inside(space, c) && left > 0, "INV-SPACE-16");
        if (!doubt_is_inside(space, c) || left-- == 0) return;
        check_holds(check,
                    chunk_is_quick(c) && chunk_size(c) == idx * ST_CHUNK_GRAIN,
                    "INV-SPACE-16");
        check->listed_quick++;
    }
#else
    (void)check;
    (void)idx;
#endif
}

/* ---- trees ---- */

static void check_ring(check_state *check, const st_tree *node, size_t size)
{
    const st_chunk *previous = &node->chunk;
    size_t left = CHECK_LIST_MAX(check->space);
    for (const st_chunk *c = node->chunk.next; c != &node->chunk; c = c->next) {
        check_holds(check, doubt_is_inside(check->space, c) && left > 0, "INV-SPACE-8");
        if (!doubt_is_inside(check->space, c) || left-- == 0) return;
        const st_tree *member = (const st_tree *)(const void *)c;
        check_holds(check, c->prev == previous, "INV-SPACE-8");
        check_holds(check, chunk_size(c) == size && member->parent == NULL, "INV-SPACE-13");
        check_holds(check, !chunk_is_used(c), "INV-SPACE-11");
        check->listed_chunks++;
        previous = c;
    }
    check_holds(check, node->chunk.prev == previous, "INV-SPACE-8");
}

/* One node: its own facts, and that its size agrees with the path that led here: the `depth`
 * highest deciding bits are those of `path`. */
static void check_node(check_state *check, const st_tree *node, unsigned idx, size_t path,
                       unsigned depth)
{
    size_t size = chunk_size(&node->chunk);
    size_t key = size << st_tree_shift(idx);
    size_t mask = depth == 0 ? 0 : ~(size_t)0 << (ST_WORD_BITS - depth);
    check_holds(check, !chunk_is_used(&node->chunk) && size >= ST_SMALL_LIMIT &&
                    st_tree_idx(size) == idx, "INV-SPACE-11");
    check_holds(check, (key & mask) == (path & mask), "INV-SPACE-12");
    check_holds(check, &node->chunk != check->space->victim, "INV-SPACE-14");
    check->listed_chunks++;
    check_ring(check, node, size);
}

/* Goes through a tree without recursion, in an order that needs only the parents: down to the
 * first child, else up until there is a next one. */
typedef struct check_climb {
    const st_tree *node;
    size_t path;
    unsigned depth;
} check_climb;

static bool check_go_down(check_state *check, check_climb *climb, unsigned side)
{
    const st_tree *child = climb->node->child[side];
    if (child == NULL) return false;
    bool agrees = doubt_is_inside(check->space, child) && child->parent == climb->node &&
                  climb->depth < ST_WORD_BITS - 1 &&
                  chunk_size(&child->chunk) != chunk_size(&climb->node->chunk);
    check_holds(check, agrees, "INV-SPACE-13");
    if (!agrees) return false;
    climb->path |= (size_t)side << (ST_WORD_BITS - 1 - climb->depth);
    climb->depth++;
    climb->node = child;
    return true;
}

/* Up until a node whose second child has not been visited; false at the root. */
static bool check_go_on(check_state *check, check_climb *climb, const st_tree *root)
{
    while (climb->node != root) {
        const st_tree *child = climb->node;
        climb->node = child->parent;
        climb->depth--;
        climb->path &= ~((size_t)1 << (ST_WORD_BITS - 1 - climb->depth));
        if (climb->node->child[0] == child && check_go_down(check, climb, 1)) return true;
    }
    return false;
}

static void check_tree(check_state *check, unsigned idx)
{
    const st_tree *root = check->space->tree[idx];
    if (root == NULL) return;
    check_holds(check, root->parent == root, "INV-SPACE-13");
    check_climb climb = {root, 0, 0};
    for (size_t left = CHECK_LIST_MAX(check->space); left > 0; left--) {
        check_node(check, climb.node, idx, climb.path, climb.depth);
        if (check_go_down(check, &climb, 0) || check_go_down(check, &climb, 1)) continue;
        if (!check_go_on(check, &climb, root)) return;
    }
    check_holds(check, false, "INV-SPACE-13");
}

static void check_places(check_state *check)
{
    const st_space *space = check->space;
    for (unsigned idx = 0; idx < ST_SMALL_BINS; idx++) {
        bool marked = space->small_map >> idx & 1;
        check_holds(check, marked == (space->small[idx] != NULL), "INV-SPACE-9");
        check_small_list(check, idx);
        check_quick_list(check, idx);
    }
    for (unsigned idx = 0; idx < ST_TREE_BINS; idx++) {
        bool marked = space->tree_map >> idx & 1;
        check_holds(check, marked == (space->tree[idx] != NULL), "INV-SPACE-10");
        check_tree(check, idx);
    }
}

/* ---- the record ---- */

static void check_segments(check_state *check)
{
    const st_space *space = check->space;
    size_t committed = 0, reserved = 0;
    for (const st_segment *segment = space->segments; segment; segment = segment->next) {
        committed += segment->committed;
        reserved += segment->reserved;
#if STRATA_PAGEMAP
        bool is_owned = st_space_owns(space, segment);
        for (size_t at = 0; at < segment->committed && is_owned; at += ST_GRANULE)
            check_holds(check, st_pagemap_get(segment->base + at) == space->owner, "INV-SPACE-19");
#endif
    }
    check_holds(check, committed == space->footprint && reserved == space->reserved,
                "INV-SPACE-18");
}

static void check_sums(check_state *check)
{
    const st_space *space = check->space;
    size_t listed = check->listed_chunks + (space->victim_size != 0);
    check_holds(check, listed == check->free_chunks, "INV-SPACE-6");
    check_holds(check, check->victim_seen == (space->victim_size != 0), "INV-SPACE-14");
    check_holds(check, check->listed_quick == check->quick_chunks, "INV-SPACE-17");
#if STRATA_QUICK
    check_holds(check, check->quick_size / ST_CHUNK_GRAIN + space->quick_room == space->quick_limit,
                "INV-SPACE-16");
#endif
    check_holds(check, check->top_seen == (space->segments != NULL), "INV-SPACE-15");
    if (ST_SPACE_COUNTS) check_holds(check, check->used_size == space->live, "INV-SPACE-20");
    check_holds(check, check->clean_size == space->purged, "INV-SPACE-22");
    if (space->top != NULL) {
        size_t fresh = st_distance(space->top, space->top_fresh);
        check_holds(check, fresh >= ST_CHUNK_HEADER && fresh <= space->top_size, "INV-SPACE-21");
    }
}

ST_COLD int st_space_check(const st_space *space, const char **first)
{
    check_state check = {.space = space};
    int walked = st_space_walk(space, check_chunk, &check);
    if (walked < 0) {
        /* Beyond a broken head nothing can be counted. */
        check_holds(&check, walked != -1, "INV-SPACE-1");
        check_holds(&check, walked != -2, "INV-SPACE-2");
    } else {
        check_segments(&check);
        check_places(&check);
        check_sums(&check);
    }
    if (first != NULL && check.broken > 0) *first = check.first;
    return check.broken;
}
