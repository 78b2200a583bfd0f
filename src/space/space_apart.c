/* SPDX-License-Identifier: MIT-0
 *
 * What only the space of a heap needs: to be freed as a whole, and to end.
 */
#include "map/room.h"
#include "space/bins.h"
#include "space/tree.h"

#if STRATA_HEAPS

void st_space_init_apart(st_space *space, size_t idx, size_t secret)
{
    st_space_init(space, 0, secret);
    space->owner = st_owner_make(st_owner_heap, (uint32_t)idx);
    space->takes_large = space->is_apart = true;
    space->limit = SIZE_MAX;
#if STRATA_QUICK
    if (space->has_no_quick) space->quick_room = space->quick_limit = 0;
#endif
#if STRATA_THREADS
    space->lock.rank = st_lock_rank_heap;
#endif
}

/* ---- reset ---- */

static void apart_forget_chunks(st_space *space) ST_REQUIRES(space->lock)
{
    space->small_map = space->tree_map = 0;
    space->victim = NULL;
    space->victim_size = 0;
    st_fill(space->small, 0, sizeof space->small);
    st_fill(space->tree, 0, sizeof space->tree);
#if STRATA_QUICK
    space->quick_room = space->quick_limit;
    if (st_space_has_quick(space)) st_fill(space->quick, 0, sizeof space->quick);
#endif
    /* All that was clean is top now, and counts as touched. */
    if (STRATA_RETURN) st_room_count(space->purged);
    space->held += space->purged;
    space->purged = 0;
    if (ST_SPACE_COUNTS) space->live = 0;
    if (STRATA_STATS) space->frees = space->allocations;
    st_space_tell(space);
}

/* Gives the segments of a list back, all but the one with the record, which is stored in *first. Those that
 * could not be are returned as a list. */
static st_segment *apart_give_back_others(st_space *space, st_segment **first)
{
    st_segment *kept = NULL;
    for (st_segment *next, *segment = space->segments; segment != NULL; segment = next) {
        st_segment gone = *segment;
        next = gone.next;
        if ((char *)segment != gone.base) {
            *first = segment;
        } else if (st_space_give_back(space, &gone)) {
            st_space_count_gone(space, &gone);
        } else {
            segment->next = kept;
            kept = segment;
        }
    }
    return kept;
}

/* All between the segment's header and its fence becomes one free chunk. */
static void apart_free_whole(st_space *space, st_segment *segment)
{
    st_chunk *c = segment_first(segment);
    size_t size = st_distance(c, segment_fence(segment));
    chunk_set_head(c, size, ST_HEAD_P, space->secret);
    chunk_set_foot(c, size);
    chunk_set_head(segment_fence(segment), 0, ST_HEAD_C, space->secret);
    st_bins_link(space, c, size);
}

/* 1. All segments but the first go; what can't becomes free memory.
 * 2. The first is top again. What lies above top_fresh is untouched only if it was top before. */
void st_space_reset(st_space *space)
{
    st_segment *first = space->segments;
    char *fresh = space->top_fresh;
    bool had_top = (char *)first != first->base;
    apart_forget_chunks(space);
    st_segment *kept = apart_give_back_others(space, &first);
    first->next = kept;
    space->segments = first;
    for (st_segment *segment = kept; segment != NULL; segment = segment->next)
        apart_free_whole(space, segment);
    st_space_set_top(space, first, had_top ? fresh : (char *)segment_fence(first));
}

/* ---- end ---- */

/* A host that can't take the addresses back (out of mappings) still takes the pages. */
static bool apart_end_segment(const st_space *space, const st_segment *gone)
{
    if (gone->reserved == 0) return false; /* the caller's */
    if (st_space_give_back(space, gone)) return true;
    if (st_space_owns(space, gone)) st_pagemap_set(gone->base, gone->committed, 0);
    return segment_is_hosts(space, gone) && st_os_purge(gone->base, gone->committed);
}

size_t st_space_end(st_space *space) ST_NO_LOCK_ANALYSIS
{
    size_t size = 0;
    for (const st_segment *next = space->segments; next != NULL;) {
        st_segment gone = *next;
        next = gone.next;
        if (apart_end_segment(space, &gone)) size += gone.committed;
    }
    st_space_give_room(space, space->held);
    space->live = 0;
    st_space_tell(space);
    return size;
}

#endif
