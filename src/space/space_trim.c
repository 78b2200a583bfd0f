/* SPDX-License-Identifier: MIT-0
 *
 * Giving back the pages inside free chunks: some of them before the space grows, all of them on
 * request.
 */
#include "map/room.h"
#include "space/tree.h"

/* ---- one chunk ---- */

/* The whole pages between a free chunk's links and its end. */
static size_t trim_pages(const st_chunk *c, uintptr_t *start)
{
    size_t page_size = st_os_page_size();
    size_t links = sizeof(st_chunk) + 3 * sizeof(void *); /* those of a tree chunk */
    *start = st_round_up(st_addr(c) + links, page_size);
    uintptr_t end = st_round_down(st_addr(c) + chunk_size(c), page_size);
    return end > *start ? end - *start : 0;
}

/* Purges them, once: the flag is gone as soon as the chunk is used or merged. Returns how much that
 * was. */
static size_t trim_chunk(st_space *space, st_chunk *c) ST_REQUIRES(space->lock)
{
    uintptr_t start;
    size_t size = trim_pages(c, &start);
    if (size == 0 || chunk_is_purged(c)) return 0;
    if (!st_os_purge(st_at(c, start - st_addr(c)), size)) return 0;
    chunk_set_flag(c, ST_HEAD_Q);
    space->purged += size;
    st_space_give_room(space, size);
    return size;
}

void st_trim_count_back(st_space *space, const st_chunk *c)
{
    uintptr_t start;
    size_t size = trim_pages(c, &start);
    space->purged -= st_min(space->purged, size);
    space->held += size;
    st_room_take(size);
}

/* ---- on growth ---- */

/* Chunks smaller than this are not worth a call of the host, and will be used soon. */
#define TRIM_CHUNK_MIN (16 * ST_KIB)
/* Of what is held, the free part that is not worth purging. */
#define TRIM_SHARE 16
/* Room is taken in steps of at least this. */
#define TRIM_ROOM_STEP (64 * ST_KIB)

typedef struct trim_goal {
    st_space *space;
    size_t wanted, done;
} trim_goal;

/* True if the free chunk c lies in memory of the host. The caller's is not in the page map, or not as that
 * of this space. */
static bool trim_is_hosts(const st_space *space, const st_chunk *c)
{
#if STRATA_HEAPS && STRATA_PAGEMAP
    if (space->is_apart) return space->source == NULL && st_pagemap_get(c) == space->owner;
#endif
    (void)space;
    (void)c;
    return true;
}

static bool trim_visit(void *context, st_chunk *c) ST_NO_LOCK_ANALYSIS
{
    trim_goal *goal = context;
    bool is_hosts = trim_is_hosts(goal->space, c);
    if (is_hosts && chunk_size(c) >= TRIM_CHUNK_MIN) goal->done += trim_chunk(goal->space, c);
    return goal->done < goal->wanted;
}

/* True if so little is free that what is free is better left for the next requests. */
static bool trim_is_lean(const st_space *space)
{
    size_t untouched = space->top == NULL ? 0 : space->top_size - st_min(st_distance(space->top, space->top_fresh), space->top_size);
    size_t held = space->footprint - st_min(untouched + space->purged, space->footprint);
    return held < space->live + held / TRIM_SHARE;
}

size_t st_space_purge(st_space *space, size_t size)
{
    trim_goal goal = {space, size, 0};
    /* Where address space costs memory, a trim takes addresses away: not while somebody allocates. */
    if (ST_OS_RESERVE_COSTS || trim_is_lean(space)) return 0;
    size_t touched = st_distance(space->top, space->top_fresh);
    size_t pad = touched > size ? touched - size : 0;
    if (touched >= TRIM_CHUNK_MIN && st_space_trim_top(space, pad)) goal.done = touched - pad;
    for (unsigned idx = ST_TREE_BINS; idx-- > st_tree_idx(TRIM_CHUNK_MIN) && goal.done < size;)
        st_tree_each(space, idx, trim_visit, &goal);
    if (goal.done > size) st_room_overspend(goal.done - size);
    return goal.done;
}

void st_space_take_room(st_space *space, size_t size)
{
    if (!segment_is_hosts(space, space->segments)) {
        space->room += size; /* not ours to count */
        return;
    }
    size_t step = st_max(TRIM_ROOM_STEP, st_round_up(size - space->room, TRIM_ROOM_STEP));
    size_t excess = st_room_take(step);
    space->room += step;
    space->held += step;
    if (excess != 0) st_space_purge(space, excess);
}

/* ---- on request ---- */

static int trim_visit_all(void *context, const st_segment *segment, const st_chunk *chunk,
                          size_t size, st_chunk_kind kind) ST_NO_LOCK_ANALYSIS
{
    trim_goal *goal = context;
    bool is_hosts = segment_is_hosts(goal->space, segment);
    (void)size;
    if (is_hosts && kind == st_chunk_free) goal->done += trim_chunk(goal->space, chunk_at(chunk, 0));
    return 0;
}

bool st_space_trim(st_space *space, size_t pad)
{
    bool any = false;
#if STRATA_QUICK
    st_space_flush_quick(space);
#endif
    if (st_space_release_segments(space)) any = true;
    if (st_space_trim_top(space, pad)) any = true;
    trim_goal goal = {space, SIZE_MAX, 0};
    st_space_walk(space, trim_visit_all, &goal);
    return any || goal.done > 0;
}
