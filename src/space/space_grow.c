/* SPDX-License-Identifier: MIT-0
 *
 * Memory from the host and back to it: segments, the fence, growing and trimming top.
 * Owns INV-SPACE-15, -18, -19 and -21.
 */
#include "books/options.h"
#include "map/room.h"
#include "space/bins.h"
#include "space/space.h"

/* A space's footprint grows by at least this, or by an eighth, whichever is more: few calls of
 * the host, and little that is charged but not used. */
#define GROW_STEP_MIN (2 * ST_GRANULE)
#define GROW_STEP_SHARE 8
/* A space grows by no more than this at once, unless blocks so large belong into spaces. */
#define GROW_AT_ONCE_MAX (64 * ST_MIB)
/* Address space of one segment, unless a single block needs more. */
#define GROW_SEGMENT_MAX (SIZE_MAX > 0xffffffff ? ST_GIB_OR_MAX : 64 * ST_MIB)

void st_space_init(st_space *space, size_t idx, size_t secret)
{
    space->idx = idx;
    space->secret = secret;
#if STRATA_QUICK
    space->quick_room = space->quick_limit = st_option(quick_limit) / ST_CHUNK_GRAIN;
#endif
#if STRATA_THREADS
    space->lock.rank = st_lock_rank_space + (uint32_t)idx;
#endif
}

static st_owner grow_owner(const st_space *space)
{
    return st_owner_make(st_owner_space, (uint32_t)space->idx);
}

static size_t grow_round(size_t size)
{
    return st_round_up(size, st_max(ST_GRANULE, st_os_page_size()));
}

static void grow_count(st_space *space, size_t committed)
{
    space->footprint += committed;
    if (space->footprint > space->footprint_peak) space->footprint_peak = space->footprint;
}

/* Writes the fence of a segment; P is for the caller to clear if the chunk below is free. */
static void grow_set_fence(const st_space *space, st_segment *segment)
{
    chunk_set_head(segment_fence(segment), 0, ST_HEAD_C | ST_HEAD_P, space->secret);
}

/* Segments lie in [lowest, lowest + grains); that never shrinks. */
static void grow_widen_bounds(st_space *space, const st_segment *segment)
{
    const char *end = segment->base + segment->reserved;
    if (space->grains != 0) {
        const char *highest = space->lowest + space->grains * ST_CHUNK_GRAIN;
        if (highest > end) end = highest;
    }
    if (space->grains == 0 || segment->base < space->lowest) space->lowest = segment->base;
    space->grains = st_distance(space->lowest, end) / ST_CHUNK_GRAIN;
    space->inner_grains = space->grains - ST_SMALL_BINS;
}

/* ---- inside a segment ---- */

/* How much to commit when `missing` bytes, whole granules, are needed. */
static size_t grow_step(const st_space *space, size_t missing)
{
    return st_max(missing, grow_round(st_max(GROW_STEP_MIN, space->footprint / GROW_STEP_SHARE)));
}

/* Tries to take the address space right above the segment, if it is used up. */
static bool grow_reserve_more(st_space *space, st_segment *segment, size_t missing)
{
    size_t size = st_max(grow_round(missing), st_min(space->reserved, GROW_SEGMENT_MAX));
    if (!st_os_reserve_at(segment->base + segment->reserved, size)) return false;
    segment->reserved += size;
    space->reserved += size;
    grow_widen_bounds(space, segment);
    return true;
}

/* Commits at least `missing` bytes at `at`, where `left` are reserved, and the page map with
 * them: more than that if the host lets us. Returns how many, or 0. */
static size_t grow_commit(const st_space *space, char *at, size_t missing, size_t left)
{
    missing = grow_round(missing);
    for (size_t step = st_min(grow_step(space, missing), left);; step = missing) {
        /* The page map first: taking it back can't fail. */
        if (!st_pagemap_set(at, step, grow_owner(space))) return 0;
        if (st_os_commit(at, step)) return step;
        st_pagemap_set(at, step, 0);
        if (step == missing) return 0;
    }
}

/* Grows top within its segment by at least `missing` bytes. */
static bool grow_top(st_space *space, size_t missing)
{
    st_segment *segment = space->segments;
    if (segment == NULL) return false;
    size_t left = segment->reserved - segment->committed;
    if (left < missing && !grow_reserve_more(space, segment, missing - left)) return false;
    left = segment->reserved - segment->committed;
    size_t step = grow_commit(space, segment->base + segment->committed, missing, left);
    if (step == 0) return false;
    /* The old fence becomes part of top, whose bytes from top_fresh on must be zero. */
    st_chunk *fence = segment_fence(segment);
    fence->prev_size = 0;
    fence->head = 0;
    segment->committed += step;
    grow_count(space, step);
    space->top_size += step;
    chunk_set_head(space->top, space->top_size, ST_HEAD_P, space->secret);
    grow_set_fence(space, segment);
    return true;
}

/* ---- new segments ---- */

/* Makes what is left of top a free chunk like others. */
static void grow_retire_top(st_space *space)
{
    if (space->top == NULL) return;
    st_chunk *top = space->top;
    chunk_set_foot(top, space->top_size);
    chunk_clear_flag(chunk_at(top, space->top_size), ST_HEAD_P);
    st_bins_link(space, top, space->top_size);
}

/* Takes a range of address space for `need` usable bytes: as much as the space has already, so
 * that there are few; less where that is refused. */
static char *grow_reserve(const st_space *space, size_t need, size_t *reserved)
{
    size_t wanted = st_max(st_option(segment_size), st_min(space->reserved, GROW_SEGMENT_MAX));
    for (;;) {
        wanted = st_max(grow_round(wanted), need);
        *reserved = wanted;
        char *base = st_os_reserve(wanted, ST_GRANULE);
        if (base != NULL || wanted == need) return base;
        wanted /= 2;
    }
}

static void grow_start_segment(st_space *space, char *base, size_t committed, size_t reserved)
{
    st_segment *segment = (st_segment *)(void *)base;
    segment->base = base;
    segment->committed = committed;
    segment->reserved = reserved;
    segment->next = space->segments;
    space->segments = segment;
    space->reserved += reserved;
    grow_count(space, committed);
    grow_widen_bounds(space, segment);
    grow_set_fence(space, segment);
    space->top = segment_first(segment);
    space->top_size = st_distance(space->top, segment_fence(segment));
    space->top_fresh = chunk_mem(space->top);
    chunk_set_head(space->top, space->top_size, ST_HEAD_P, space->secret);
}

/* A new segment whose top has at least `size` bytes. */
static bool grow_segment(st_space *space, size_t size)
{
    size_t need = grow_round(size + ST_SEGMENT_HEADER + ST_FENCE_SIZE);
    size_t reserved;
    char *base = grow_reserve(space, need, &reserved);
    if (base == NULL) return false;
    size_t committed = grow_commit(space, base, need, reserved);
    if (committed == 0) {
        st_os_release(base, reserved);
        return false;
    }
    grow_retire_top(space);
    grow_start_segment(space, base, committed, reserved);
    return true;
}

/* True for what should be a mapping of its own. If the host refuses that, it has no memory; but it
 * might still give address space, which is all that a space asks for in the first place. */
static bool grow_is_too_much(size_t need)
{
    return STRATA_PAGEMAP && need > st_max(GROW_AT_ONCE_MAX, st_option(direct_threshold));
}

/* 1. Grow top where it is.
 * 2. Start a new segment; top's rest becomes an ordinary free chunk. */
bool st_space_grow(st_space *space, size_t size)
{
    size_t need = size + ST_CHUNK_MIN;
    if (grow_is_too_much(need)) return false;
    if (STRATA_STATS) space->live_peak = st_max(space->live_peak, space->live + size);
    return grow_top(space, need - space->top_size) || grow_segment(space, need);
}

/* ---- back to the host ---- */

bool st_space_trim_top(st_space *space, size_t pad)
{
    if (space->top == NULL) return false;
    size_t page_size = st_os_page_size();
    uintptr_t start = st_addr(chunk_mem(space->top));
    uintptr_t fence = st_round_down(st_addr(space->top) + space->top_size, page_size);
    if (st_add_overflows(start, pad, &start) || start >= fence) return false;
    start = st_round_up(start, page_size);
    if (start >= fence || st_addr(space->top_fresh) <= start) return false;
    uintptr_t dirty_end = st_round_up(st_addr(space->top_fresh), page_size);
    char *from = st_at(space->top, start - st_addr(space->top));
    char *to = from + (st_min(dirty_end, fence) - start);
    if (!st_os_purge(from, st_distance(from, to))) return false;
    st_room_give(st_distance(from, to));
    /* What was touched in the fence's own page can't be given back, only cleared. */
    if (space->top_fresh > to) st_fill(to, 0, st_distance(to, space->top_fresh));
    space->top_fresh = from;
    return true;
}

/* True if the whole segment is one free chunk. */
static bool grow_is_unused(const st_segment *segment)
{
    const st_chunk *first = segment_first(segment);
    return !chunk_is_used(first) && chunk_above(first) == segment_fence(segment);
}

static bool grow_release(st_space *space, st_segment **slot)
{
    st_segment *segment = *slot;
    st_segment gone = *segment;
    st_chunk *c = segment_first(segment);
    st_bins_unlink(space, c, chunk_size(c));
    st_pagemap_set(gone.base, gone.committed, 0);
    if (!st_os_release(gone.base, gone.reserved)) {
        st_pagemap_set(gone.base, gone.committed, grow_owner(space));
        st_bins_link(space, c, chunk_size(c));
        return false;
    }
    st_room_give(gone.committed);
    *slot = gone.next;
    space->footprint -= gone.committed;
    space->reserved -= gone.reserved;
    return true;
}

bool st_space_release_segments(st_space *space)
{
    bool any = false;
    if (space->segments == NULL) return false;
    st_segment **slot = &space->segments->next;
    while (*slot != NULL) {
        if (grow_is_unused(*slot) && grow_release(space, slot)) {
            any = true;
        } else {
            slot = &(*slot)->next;
        }
    }
    return any;
}
