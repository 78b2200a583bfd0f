/* SPDX-License-Identifier: MIT-0
 *
 * Blocks of a range: give, take and resize.
 */
#include "heaps/range.h"

#include "heaps/heap_block.h"

#if STRATA_HEAPS

/* Bytes of the chunk for a request; more than the shadow has if there can be no such block. */
static size_t range_chunk_size(const strata_range *range, size_t req)
{
    size_t grain = (size_t)1 << range->shift;
    if (req > range->size) req = range->size + grain;
    return st_max(range_shadow_size(range, req + grain - 1), ST_CHUNK_MIN);
}

/* Before the engine takes `size` bytes, perhaps from top. */
static bool range_commit_top(strata_range *range, size_t size) ST_REQUIRES(range->shadow.space.lock)
{
    const st_space *space = &range->shadow.space;
    if (space->top_size < size + ST_CHUNK_MIN) return true; /* it can't */
    const char *rest = st_at(space->top, size);
    return st_range_commit(range, rest + ST_CHUNK_HEADER);
}

/* ---- allocate at any place ---- */

/* Where an aligned block would lie in a free chunk. */
typedef struct range_fit {
    const strata_range *range;
    size_t size, alignment; /* of the chunk wanted, in the shadow; of the block, in the range */
    const st_chunk *chunk;  /* the smallest that is large enough; NULL: none so far */
    size_t chunk_size;
    size_t offset;          /* of the block in it, in the shadow */
} range_fit;

/* Bytes of the shadow that must be left out at the start of a chunk: none, or a chunk. */
static size_t range_skip(const range_fit *fit, const st_chunk *chunk)
{
    const strata_range *range = fit->range;
    const void *address = range_address(range, chunk_mem(chunk));
    size_t skip = ((size_t)0 - st_addr(address)) & (fit->alignment - 1);
    size_t least = range_real_size(range, ST_CHUNK_MIN);
    if (skip != 0 && skip < least) skip += st_round_up(least - skip, fit->alignment);
    return skip > range->size ? SIZE_MAX : range_shadow_size(range, skip);
}

static int range_look_for_fit(void *context, const st_segment *segment, const st_chunk *chunk, size_t size,
                              st_chunk_kind kind)
{
    range_fit *fit = context;
    (void)segment;
    if (kind == st_chunk_used) return 0;
    if (kind == st_chunk_top) size -= ST_CHUNK_MIN;
    size_t end, skip = range_skip(fit, chunk);
    if (st_add_overflows(skip, fit->size, &end) || end > size) return 0;
    if (fit->chunk != NULL && fit->chunk_size <= size) return 0;
    fit->chunk = chunk;
    fit->chunk_size = size;
    fit->offset = skip;
    return 0;
}

/* Takes a free chunk, or of top as much as is needed, as the address of its block. */
static void *range_take(strata_range *range, const range_fit *fit) ST_NO_LOCK_ANALYSIS
{
    st_space *space = &range->shadow.space;
    size_t size = fit->offset + fit->size;
    if (fit->chunk == space->top)
        return range_commit_top(range, size) ? st_space_alloc_to_grow(space, size) : NULL;
    st_chunk *chunk = chunk_at(fit->chunk, 0);
    st_bins_unlink(space, chunk, fit->chunk_size);
    chunk_set_head(chunk, fit->chunk_size, ST_HEAD_P | ST_HEAD_C, space->secret);
    chunk_set_flag(chunk_above(chunk), ST_HEAD_P);
    return st_space_hand_out(space, chunk, fit->chunk_size, NULL);
}

/* An aligned block wherever there is room for one. The engine's way wants as much more as the alignment,
 * and so fails while there is still room; this way looks at every chunk. */
static ST_COLD void *range_search(strata_range *range, size_t alignment, size_t size)
    ST_NO_LOCK_ANALYSIS
{
    size_t usable;
    st_space *space = &range->shadow.space;
    range_fit fit = {.range = range, .size = size, .alignment = alignment};
    st_space_walk(space, range_look_for_fit, &fit);
    void *mem = fit.chunk != NULL ? range_take(range, &fit) : NULL;
    if (mem == NULL) return NULL;
    if (fit.offset != 0) {
        void *below = mem;
        mem = st_space_cut(space, below, fit.offset);
        st_space_free_any(space, below);
    }
    st_space_resize(space, mem, size, &usable);
    return mem;
}

/* ---- allocate and free ---- */

static ST_COLD void *range_alloc_aligned(strata_range *range, size_t alignment, size_t size)
    ST_NO_LOCK_ANALYSIS
{
    st_space *space = &range->shadow.space;
    void *mem = NULL;
    if (alignment >> range->shift <= range->turn / ST_CHUNK_GRAIN) {
        size_t shadow_alignment = range_shadow_size(range, alignment);
        if (range_commit_top(range, size + shadow_alignment + ST_CHUNK_MIN))
            mem = st_space_alloc_aligned(space, shadow_alignment, size);
    }
    return mem != NULL ? mem : range_search(range, alignment, size);
}

static void range_note_peak(strata_range *range) ST_REQUIRES(range->shadow.space.lock)
{
    if (!STRATA_STATS) return;
    range->live_peak = st_max(range->live_peak, range_real_size(range, range->shadow.space.live));
}

STRATA_EXPORT void *strata_range_allocate(strata_range *range, size_t size, size_t alignment)
{
    void *mem = NULL;
    if (alignment != 0 && !st_is_power_of_two(alignment))
        return st_heap_block_fail(st_os_code_bad_argument());
    size_t chunk_size = range_chunk_size(range, size);
    st_heap_enter(&range->shadow);
    if (alignment >> range->shift > 1) {
        mem = range_alloc_aligned(range, alignment, chunk_size);
    } else if (range_commit_top(range, chunk_size)) {
        mem = st_space_search(&range->shadow.space, chunk_size, NULL); /* there are no quick lists */
    }
    range_note_peak(range);
    st_heap_leave(&range->shadow);
    if (ST_UNLIKELY(mem == NULL)) return st_heap_block_fail(st_os_code_no_memory());
    return range_address(range, mem);
}

/* Nobody writes to the shadow, so its tags are believed: the block is free, or there never was one. */
static ST_COLD void range_report(const strata_range *range, const void *address)
{
    const void *mem = range_mem(range, address);
    st_misuse_kind kind = st_misuse_foreign;
    if (mem != NULL) {
        kind = st_space_diagnose(&range->shadow.space, &mem);
    } else if (st_distance(range->base, address) < range->size) {
        kind = st_misuse_misaligned;
    }
    st_misuse(kind, address);
}

STRATA_EXPORT void strata_range_free(strata_range *range, void *address)
{
    if (address == NULL) return;
    void *mem = range_mem(range, address);
    st_heap_enter(&range->shadow);
    if (ST_LIKELY(range_sound_size(range, mem) != 0)) {
        st_space_free_any(&range->shadow.space, mem);
        size_t rest = st_distance(range->shadow.space.top, range->committed);
        if (ST_UNLIKELY(rest > range->spare)) st_range_decommit(range);
    } else {
        range_report(range, address);
    }
    st_heap_leave(&range->shadow);
}

/* Resizes the block at `mem`, of `old_size` bytes in the shadow. */
static ST_COLD bool range_resize(strata_range *range, void *mem, size_t old_size, size_t size)
    ST_REQUIRES(range->shadow.space.lock)
{
    size_t usable;
    if (size > old_size && !range_commit_top(range, size - old_size)) return false;
    return st_space_resize(&range->shadow.space, mem, size, &usable) == st_resize_done;
}

STRATA_EXPORT ST_COLD void *strata_range_resize_in_place(strata_range *range, void *address, size_t size)
{
    bool done = false;
    if (address == NULL) return NULL;
    void *mem = range_mem(range, address);
    st_heap_enter(&range->shadow);
    size_t old_size = range_sound_size(range, mem);
    if (ST_LIKELY(old_size != 0)) {
        done = range_resize(range, mem, old_size, range_chunk_size(range, size));
    } else {
        range_report(range, address);
    }
    range_note_peak(range);
    st_heap_leave(&range->shadow);
    return done ? address : NULL;
}

#endif
