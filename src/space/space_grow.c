/* SPDX-License-Identifier: MIT-0
 *
 * Memory from the host and back to it: segments, the fence, growing and trimming top.
 * Owns INV-SPACE-15, -18, -19 and -21.
 */
#include "books/options.h"
#include "map/footprint.h"
#include "map/room.h"
#include "os/os_morecore.h"
#include "space/bins.h"
#include "space/clean.h"

/* A space's footprint grows by at least this, or by a sixteenth, whichever is more: few calls of
 * the host, and little that is charged but not used. */
#define GROW_STEP_MIN (2 * ST_GRANULE)
#define GROW_STEP_SHARE 16
/* A space grows by no more than this at once, unless blocks so large belong into spaces. */
#define GROW_AT_ONCE_MAX (64 * ST_MIB)
/* Address space of one segment, unless a single block needs more. */
#define GROW_SEGMENT_MAX (SIZE_MAX > 0xffffffff ? ST_GIB_OR_MAX : 64 * ST_MIB)

#if STRATA_HEAPS
ST_DEFINE_DATA void (*st_space_hook)(const st_space *space, void *addr, size_t size);
#endif

void st_space_init(st_space *space, size_t idx, size_t secret)
{
    space->owner = st_owner_make(st_owner_space, (uint32_t)idx);
    space->secret = secret;
#if STRATA_QUICK
    space->quick_room = space->quick_limit = st_option(quick_limit) / ST_CHUNK_GRAIN;
#endif
#if STRATA_THREADS
    space->lock.rank = st_lock_rank_space + (uint32_t)idx;
#endif
}

static size_t grow_round_usual(size_t size)
{
    return st_round_up(size, st_max(ST_GRANULE, st_os_page_size()));
}

/* Up to whole units in which the space grows. */
ST_ALWAYS_INLINE size_t grow_round(const st_space *space, size_t size)
{
    size_t unit = STRATA_HEAPS ? (size_t)1 << space->unit_shift : 1;
    (void)space;
    return grow_round_usual(STRATA_HEAPS ? st_round_up(size, unit) : size);
}

static void grow_count(st_space *space, size_t committed)
{
    st_store_shared(&space->footprint, space->footprint + committed);
    if (space->footprint > space->footprint_peak)
        st_store_shared(&space->footprint_peak, space->footprint);
}

/* Writes the fence of a segment; P is for the caller to clear if the chunk below is free. */
static void grow_set_fence(const st_space *space, st_segment *segment)
{
    chunk_set_head(segment_fence(segment), 0, ST_HEAD_C | ST_HEAD_P, space->secret);
}

/* Segments lie in [lowest, lowest + grains); that never shrinks. */
static void grow_widen_bounds(st_space *space, const st_segment *segment)
{
    size_t size = STRATA_HEAPS ? st_max(segment->reserved, segment->committed) : segment->reserved;
    const char *end = segment->base + size;
    if (space->grains != 0) {
        const char *highest = space->lowest + space->grains * ST_CHUNK_GRAIN;
        if (highest > end) end = highest;
    }
    if (space->grains == 0 || segment->base < space->lowest) space->lowest = segment->base;
    space->grains = st_distance(space->lowest, end) / ST_CHUNK_GRAIN;
    space->inner_grains = space->grains - (STRATA_HEAPS ? st_min(ST_SMALL_BINS, space->grains) : ST_SMALL_BINS);
}

/* ---- inside a segment ---- */

/* How much to commit when `missing` bytes, whole granules, are needed. */
static size_t grow_step(const st_space *space, size_t missing)
{
    size_t step = st_max(GROW_STEP_MIN, space->footprint / GROW_STEP_SHARE);
    if (STRATA_HEAPS && space->unit_shift != 0) step = 1;
    return st_max(missing, grow_round(space, step));
}

static void grow_tell(const st_space *space, void *addr, size_t size)
{
#if STRATA_HEAPS
    if (space->is_apart && st_space_hook != NULL) st_space_hook(space, addr, size);
#endif
    (void)space;
    (void)addr;
    (void)size;
}

/* True if the limit lets the host be asked for so much address space. */
static bool grow_may_reserve(const st_space *space, size_t size)
{
#if STRATA_HEAPS
    size_t limit = space->is_apart ? space->limit : st_footprint_limit();
    size_t held = space->is_apart ? space->footprint : st_footprint_now();
    return !ST_OS_RESERVE_COSTS || size <= limit - st_min(limit, held);
#else
    (void)space;
    (void)size;
    return true;
#endif
}

/* How much address space to take above a segment of which `missing` bytes are needed. */
static size_t grow_reserve_step(const st_space *space, size_t missing)
{
    if (ST_OS_RESERVE_COSTS) return st_max(grow_step(space, missing), st_option(segment_size));
    return st_max(missing, st_min(space->reserved, GROW_SEGMENT_MAX));
}

/* Tries to take the address space right above the segment, if it is used up. */
static bool grow_reserve_more(st_space *space, st_segment *segment, size_t missing)
{
    size_t least = grow_round(space, missing);
    size_t size = grow_reserve_step(space, least);
    while (!grow_may_reserve(space, size) || !st_os_reserve_at(segment->base + segment->reserved, size)) {
        if (!ST_OS_RESERVE_COSTS || size == least) return false;
        size = least;
    }
    grow_tell(space, segment->base + segment->reserved, size);
    segment->reserved += size;
    space->reserved += size;
    grow_widen_bounds(space, segment);
    return true;
}

/* True if the footprint may become so much larger; the process's counts it from now on. */
static bool grow_may_hold(const st_space *space, size_t size)
{
    if (!STRATA_HEAPS) return true;
    if (!space->is_apart) return st_footprint_take(size);
    return size <= space->limit - st_min(space->limit, space->footprint);
}

static bool grow_commit_step(const st_space *space, char *at, size_t step)
{
    if (!grow_may_hold(space, step)) return false;
    /* The page map first: taking it back can't fail. */
    if (st_pagemap_set(at, step, space->owner)) {
        if (st_os_commit(at, step)) return true;
        st_pagemap_set(at, step, 0);
    }
    if (STRATA_HEAPS && !space->is_apart) st_footprint_refuse(step);
    return false;
}

/* Commits at least `missing` bytes at `at`, where `left` are reserved, and the page map with
 * them: more than that if the limit and the host let us. Returns how many, or 0. */
static ST_COLD size_t grow_commit(const st_space *space, char *at, size_t missing, size_t left)
{
    missing = grow_round(space, missing);
    for (size_t step = st_min(grow_step(space, missing), left);; step = missing) {
        if (grow_commit_step(space, at, step)) return step;
        if (step == missing) return 0;
    }
}

/* Grows top within its segment by at least `missing` bytes. */
static bool grow_top(st_space *space, size_t missing)
{
    st_segment *segment = space->segments;
    if (segment == NULL || !segment_is_hosts(space, segment)) return false;
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

/* What a new segment should have: as much as the space has already, so that there are few. */
static size_t grow_wanted(const st_space *space)
{
    if (ST_OS_RESERVE_COSTS) return st_max(grow_step(space, 0), st_option(segment_size));
    return st_max(st_option(segment_size), st_min(space->reserved, GROW_SEGMENT_MAX));
}

/* Takes a range of `wanted` bytes of address space, for `need` usable ones: less where that is refused. */
static char *grow_reserve(const st_space *space, size_t need, size_t wanted, size_t *reserved)
{
    for (;;) {
        wanted = st_max(grow_round(space, wanted), need);
        *reserved = wanted;
        char *base = grow_may_reserve(space, wanted) ? st_os_reserve(wanted, ST_GRANULE) : NULL;
        if (base != NULL || wanted == need) return base;
        wanted /= 2;
    }
}

void st_space_set_top(st_space *space, st_segment *segment, char *fresh)
{
    grow_set_fence(space, segment);
    space->top = segment_first(segment);
    space->top_size = st_distance(space->top, segment_fence(segment));
    space->top_fresh = fresh;
    chunk_set_head(space->top, space->top_size, ST_HEAD_P, space->secret);
}

/* Where a segment lies; its first `lead` bytes are not ours. */
typedef struct grow_range {
    char *base;
    size_t lead, committed, reserved;
    bool is_zero;
} grow_range;

static void grow_start_segment(st_space *space, const grow_range *range)
{
    st_segment *segment = st_at(range->base, range->lead);
    segment->base = range->base;
    segment->committed = range->committed;
    segment->reserved = range->reserved;
    segment->next = space->segments;
    space->segments = segment;
    space->reserved += range->reserved;
    grow_count(space, range->committed);
    grow_widen_bounds(space, segment);
    void *fresh = range->is_zero ? chunk_mem(segment_first(segment)) : (void *)segment_fence(segment);
    st_space_set_top(space, segment, fresh);
}

/* Takes a range of at least `need` usable bytes from the host. */
static bool grow_from_host(const st_space *space, size_t need, size_t wanted, grow_range *range)
{
    range->base = grow_reserve(space, need, wanted, &range->reserved);
    if (range->base == NULL) return false;
    range->is_zero = true;
    range->committed = grow_commit(space, range->base, need, range->reserved);
    if (range->committed == 0) st_os_release(range->base, range->reserved);
    if (range->committed != 0) grow_tell(space, range->base, range->reserved);
    return range->committed != 0;
}

#if STRATA_HEAPS
/* The source may use strata, all but this space: its lock does not count as held meanwhile. */
static void *grow_ask_source(st_space *space, size_t size)
{
    if (STRATA_CHECK >= 2) st_lock_note_dropped(&space->lock);
    void *base = space->source->take(space->source->context, size);
    if (STRATA_CHECK >= 2) st_lock_note_taken(&space->lock);
    return base;
}

/* Memory that strata itself gave to the source stays whose it was in the page map: there it is a block
 * like others. */
static bool grow_own(const st_space *space, const grow_range *range)
{
#if STRATA_PAGEMAP
    if (st_pagemap_get(range->base) != 0) return true;
#endif
    return st_pagemap_set(range->base, range->committed, space->owner);
}

static bool grow_take_from_source(st_space *space, size_t size, grow_range *range)
{
    if (!grow_may_hold(space, size)) return false;
    range->base = grow_ask_source(space, size);
    if (range->base == NULL) return false;
    range->committed = range->reserved = size;
    range->is_zero = space->source->is_zero;
    if (st_is_aligned(range->base, ST_GRANULE) && grow_own(space, range)) return true;
    const st_segment gone = {NULL, range->base, size, size};
    st_space_give_back(space, &gone);
    return false;
}

/* Takes a range from the source: of `wanted` bytes, or what is needed. */
static bool grow_from_source(st_space *space, size_t need, size_t wanted, grow_range *range)
{
    wanted = grow_round(space, wanted);
    if (wanted > need && grow_take_from_source(space, wanted, range)) return true;
    return grow_take_from_source(space, need, range);
}
#endif

/* A new segment whose top has at least `size` bytes, behind `lead` others. */
static bool grow_segment(st_space *space, size_t size, size_t lead, size_t wanted)
{
    grow_range range = {.lead = lead};
    size_t need = grow_round(space, lead + size + ST_SEGMENT_HEADER + ST_FENCE_SIZE);
#if STRATA_HEAPS
    if (space->source != NULL) {
        if (!grow_from_source(space, need, wanted, &range)) return false;
    } else
#endif
    if (!grow_from_host(space, need, wanted, &range)) return false;
    grow_retire_top(space);
    grow_start_segment(space, &range);
    return true;
}

/* True for what should be a mapping of its own. If the host refuses that, it has no memory; but it
 * might still give address space, which is all that a space asks for in the first place. */
static bool grow_is_too_much(const st_space *space, size_t need)
{
    return STRATA_PAGEMAP && !space->takes_large &&
           need > st_max(GROW_AT_ONCE_MAX, st_option(direct_threshold));
}

/* 1. Grow top where it is.
 * 2. Start a new segment; top's rest becomes an ordinary free chunk. */
bool st_space_grow(st_space *space, size_t size)
{
    size_t need = size + ST_CHUNK_MIN;
    if (grow_is_too_much(space, need)) return false;
    if (STRATA_STATS) space->live_peak = st_max(space->live_peak, space->live + size);
    if (grow_top(space, need - space->top_size)) return true;
    bool has_source = STRATA_HEAPS && space->source != NULL;
    return grow_segment(space, need, 0, has_source ? grow_step(space, 0) : grow_wanted(space));
}

#if STRATA_HEAPS

void st_space_begin_on(st_space *space, size_t lead, void *base, size_t size)
{
    const grow_range range = {.base = base, .lead = lead, .committed = size};
    grow_start_segment(space, &range);
}

bool st_space_begin(st_space *space, size_t lead, size_t reserve)
{
    bool has_source = space->source != NULL;
    if (reserve == 0) reserve = has_source ? grow_step(space, 0) : grow_wanted(space);
    return grow_segment(space, 2 * ST_CHUNK_MIN, lead, reserve);
}

#endif

/* ---- back to the host ---- */

/* Gives back what the host really takes back: elsewhere it serves us better. */
static bool grow_give_end(const st_space *space, const st_segment *gone)
{
    st_pagemap_set(gone->base, gone->committed, 0);
    if (st_os_give_end(gone->base, gone->reserved)) return true;
    st_pagemap_set(gone->base, gone->committed, space->owner);
    return false;
}

/* Gives the end of top's segment back, address space and all, but for `pad` bytes: where it costs memory. */
static bool grow_cut_top(st_space *space, size_t pad)
{
    st_segment *segment = space->segments;
    size_t kept;
    size_t below = st_distance(segment->base, chunk_mem(space->top));
    if (st_add_overflows(below + ST_CHUNK_MIN + ST_FENCE_SIZE, pad, &kept))
        return false;
    kept = grow_round(space, kept);
    if (kept >= segment->committed) return false;
    const st_segment gone = {NULL, segment->base + kept, segment->committed - kept, segment->reserved - kept};
    if (!grow_give_end(space, &gone)) return false;
    size_t touched = st_distance(segment->base, space->top_fresh);
    char *fresh = st_at(segment->base, st_min(kept - ST_FENCE_SIZE, touched));
    segment->committed = segment->reserved = kept;
    st_space_count_gone(space, &gone);
    grow_set_fence(space, segment);
    space->top_size = st_distance(space->top, segment_fence(segment));
    space->top_fresh = fresh;
    chunk_set_head(space->top, space->top_size, ST_HEAD_P, space->secret);
    return true;
}

ST_COLD bool st_space_trim_top(st_space *space, size_t pad)
{
    if (space->top == NULL || !segment_is_hosts(space, space->segments)) return false;
    if (ST_OS_RESERVE_COSTS) return grow_cut_top(space, pad);
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
    st_space_give_room(space, st_distance(from, to));
    /* What was touched in the fence's own page can't be given back, only cleared. */
    if (space->top_fresh > to) st_fill(to, 0, st_distance(to, space->top_fresh));
    space->top_fresh = from;
    return true;
}

void st_space_count_gone(st_space *space, const st_segment *gone)
{
    if (STRATA_HEAPS && !space->is_apart) st_footprint_give(gone->committed);
    st_store_shared(&space->footprint, space->footprint - gone->committed);
    space->reserved -= gone->reserved;
    st_space_give_room(space, gone->committed);
}

static bool grow_return(const st_space *space, const st_segment *gone)
{
#if STRATA_HEAPS
    const st_source *source = space->source;
    if (source != NULL) {
        if (source->give == NULL) return false;
        if (STRATA_CHECK >= 2) st_lock_note_dropped(&space->lock); /* as in grow_ask_source */
        bool done = source->give(source->context, gone->base, gone->reserved) != 0;
        if (STRATA_CHECK >= 2) st_lock_note_taken(&space->lock);
        return done;
    }
#else
    (void)space;
#endif
    return st_os_release(gone->base, gone->reserved);
}

/* Back to where it came from. The page map is told first: as soon as the memory is gone it may be anybody's,
 * who sets a word of his own. */
bool st_space_give_back(const st_space *space, const st_segment *gone)
{
    bool is_owned = st_space_owns(space, gone);
    if (is_owned) st_pagemap_set(gone->base, gone->committed, 0);
    if (grow_return(space, gone)) return true;
    if (is_owned) st_pagemap_set(gone->base, gone->committed, space->owner);
    return false;
}

bool st_space_owns(const st_space *space, const st_segment *segment)
{
#if STRATA_HEAPS && STRATA_PAGEMAP
    bool may_differ = space->source != NULL || segment->reserved == 0;
    return !may_differ || (segment->reserved != 0 && st_pagemap_get(segment->base) == space->owner);
#else
    (void)space;
    (void)segment;
    return true;
#endif
}


/* True if the whole segment is one free chunk, and nothing else. */
static bool grow_is_unused(const st_segment *segment)
{
    if (STRATA_HEAPS && (const char *)segment != segment->base) return false;
    const st_chunk *first = segment_first(segment);
    return !chunk_is_used(first) && chunk_above(first) == segment_fence(segment);
}

static bool grow_return_segment(const st_space *space, const st_segment *gone)
{
    bool is_hosts = !STRATA_HEAPS || segment_is_hosts(space, gone);
    return ST_OS_RESERVE_COSTS && is_hosts ? grow_give_end(space, gone) : st_space_give_back(space, gone);
}

static bool grow_release(st_space *space, st_segment **slot) ST_REQUIRES(space->lock)
{
    st_segment *segment = *slot;
    st_segment gone = *segment;
    st_chunk *c = segment_first(segment);
    if (st_clean_has(c)) st_clean_put(space, NULL, st_clean_take(c));
    st_bins_unlink(space, c, chunk_size(c));
    if (!grow_return_segment(space, &gone)) {
        st_bins_link(space, c, chunk_size(c));
        return false;
    }
    *slot = gone.next;
    st_space_count_gone(space, &gone);
    return true;
}

ST_COLD bool st_space_release_segments(st_space *space)
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
