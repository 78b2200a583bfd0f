/* SPDX-License-Identifier: MIT-0
 *
 * Giving back the pages inside free chunks: some of them before the space grows, all of them on
 * request.
 */
#include "map/room.h"
#include "space/clean.h"

/* ---- one chunk ---- */

#if STRATA_RETURN

/* Purges at most about `most` bytes of the whole pages of a free chunk, those that are not clean yet: first
 * what lies above the clean range, then what lies below, from its end down, as requests are served from a
 * chunk's beginning. Returns how much that was. */
static ST_COLD size_t trim_chunk(st_space *space, st_chunk *c, size_t most) ST_REQUIRES(space->lock)
{
    st_clean pages = st_clean_pages(c, chunk_size(c));
    st_clean clean = st_clean_of(c);
    if (st_clean_is_none(pages)) return 0;
    most = st_round_up(most, st_os_page_size());
    size_t above = st_min(pages.to - clean.to, most);
    size_t below = st_min(clean.from - pages.from, most - above);
    if (above != 0 && !st_os_purge(st_at(c, clean.to - st_addr(c)), above)) return 0;
    clean.to += above;
    if (below != 0 && st_os_purge(st_at(c, clean.from - below - st_addr(c)), below)) {
        clean.from -= below;
    } else {
        below = 0;
    }
    if (above + below == 0) return 0;
    chunk_set_flag(c, ST_HEAD_Q);
    ((st_clean_chunk *)(void *)c)->clean = clean;
    space->purged += above + below;
    st_space_give_room(space, above + below);
    return above + below;
}

#else

/* Purges all whole pages of a free chunk, unless that was done before: then it wears Q, and has no range.
 * Returns how much that was. */
static size_t trim_chunk(const st_space *space, st_chunk *c, size_t most)
{
    st_clean pages = st_clean_pages(c, chunk_size(c));
    size_t size = pages.to - pages.from;
    (void)space;
    (void)most;
    if (size == 0 || chunk_is_purged(c) || !st_os_purge(st_at(c, pages.from - st_addr(c)), size)) return 0;
    chunk_set_flag(c, ST_HEAD_Q);
    return size;
}

#endif

/* ---- on growth ---- */

/* Of what is held, the free part that is not worth purging. */
#define TRIM_SHARE 16
/* Smaller chunks are not worth a call of the host then, and will be used soon. */
#define TRIM_LEAST (16 * ST_KIB)
/* Room is taken in steps of at least this. */
#define TRIM_ROOM_STEP (64 * ST_KIB)

typedef struct trim_goal {
    st_space *space;
    size_t wanted, done;
    size_t least; /* smaller chunks stay */
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
    if (chunk_size(c) >= goal->least && trim_is_hosts(goal->space, c))
        goal->done += trim_chunk(goal->space, c, goal->wanted - goal->done);
    return goal->done < goal->wanted;
}

/* True if so little is free that what is free is better left for the next requests. */
static bool trim_is_lean(const st_space *space)
{
    size_t touched = st_min(st_distance(space->top, space->top_fresh), space->top_size);
    size_t untouched = space->top_size - touched;
    size_t held = space->footprint - st_min(untouched + space->purged, space->footprint);
    return held < space->live + held / TRIM_SHARE;
}

ST_COLD size_t st_space_purge(st_space *space, size_t size, size_t least)
{
    trim_goal goal = {space, size, 0, least};
    /* Where address space costs memory, a trim takes addresses away: not while somebody allocates. */
    if (ST_OS_RESERVE_COSTS) return 0;
    size_t touched = st_distance(space->top, space->top_fresh);
    size_t pad = touched > size ? touched - size : 0;
    if (touched >= least && st_space_trim_top(space, pad)) goal.done = touched - pad;
    if (goal.done < size && space->victim != NULL) trim_visit(&goal, space->victim);
    for (unsigned idx = ST_TREE_BINS; idx-- > st_tree_idx(least) && goal.done < size;)
        st_tree_each(space, idx, trim_visit, &goal);
    if (goal.done > size) st_room_overspend(goal.done - size);
    return goal.done;
}

size_t st_space_make_room(st_space *space, size_t size)
{
    return trim_is_lean(space) ? 0 : st_space_purge(space, size, TRIM_LEAST);
}

ST_COLD void st_space_take_room(st_space *space, size_t size)
{
    if (!segment_is_hosts(space, space->segments)) {
        space->room += size; /* not ours to count */
        return;
    }
    size_t step = st_max(TRIM_ROOM_STEP, st_round_up(size - space->room, TRIM_ROOM_STEP));
    size_t excess = st_room_take(step);
    space->room += step;
    space->held += step;
    if (space->is_apart) st_space_tell(space);
    if (excess != 0) st_space_make_room(space, excess);
}

/* What is in use of memory that the account has, at most. All that a heap holds is: nothing of it goes back by
 * amount. */
size_t st_space_tell(st_space *space)
{
#if STRATA_RETURN && STRATA_PAGEMAP
    size_t used = space->is_apart ? space->held : st_min(space->live, space->held);
    size_t less = space->told_used - st_min(used, space->told_used);
    st_room_use(used - space->told_used);
    space->told_used = used;
    space->told = space->live;
    return less;
#else
    (void)space;
    return 0;
#endif
}

/* ---- on request ---- */

static int trim_visit_all(void *context, const st_segment *segment, const st_chunk *chunk,
                          size_t size, st_chunk_kind kind) ST_NO_LOCK_ANALYSIS
{
    trim_goal *goal = context;
    bool is_hosts = segment_is_hosts(goal->space, segment);
    (void)size;
    if (is_hosts && kind == st_chunk_free)
        goal->done += trim_chunk(goal->space, chunk_at(chunk, 0), SIZE_MAX / 2);
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
    trim_goal goal = {space, SIZE_MAX, 0, 0};
    st_space_walk(space, trim_visit_all, &goal);
    return any || goal.done > 0;
}
