/* SPDX-License-Identifier: MIT-0
 *
 * Allocating: best fit, with the shortcuts that make the common case short.
 */
#include "books/options.h"
#include "books/report.h"
#include "space/bins.h"
#include "space/doubt.h"
#include "space/space_quick.h"
#include "space/tree.h"

/* ---- sources, in the order in which they are asked ---- */

static void *alloc_from_victim(st_space *space, size_t size) ST_REQUIRES(space->lock)
{
    st_chunk *c = space->victim;
    size_t whole = space->victim_size;
    space->victim = st_bins_split(space, c, whole, size);
    space->victim_size = space->victim != NULL ? whole - size : 0;
    return st_space_hand_out(space, c, chunk_size(c), NULL);
}

/* A small chunk from small[idx], which is of `size` or larger. */
static void *alloc_from_small(st_space *space, size_t idx, size_t size) ST_REQUIRES(space->lock)
{
    st_chunk *c = st_bins_pop_small(space, idx);
    st_chunk *rest = st_bins_split(space, c, idx * ST_CHUNK_GRAIN, size);
    if (rest != NULL) st_bins_set_victim(space, rest);
    return st_space_hand_out(space, c, chunk_size(c), NULL);
}

/* The best chunk of the trees, unless there is none or the victim fits a large request better.
 * The rest becomes the victim only after a small request: small requests that follow each other
 * then lie together. */
static ST_NOINLINE void *alloc_from_tree(st_space *space, size_t size) ST_REQUIRES(space->lock)
{
    st_chunk *c = st_tree_best(space, size);
    if (c == NULL) return NULL;
    size_t whole = chunk_size(c);
    if (space->victim_size >= size && space->victim_size <= whole) return NULL;
    if (STRATA_DOUBT_LINKS &&
        ST_UNLIKELY(chunk_is_used(c) || whole < size || !chunk_is_sealed(c, space->secret)))
        doubt_report_free(c);
    st_tree_unlink(space, c, whole);
    st_chunk *rest = st_bins_split(space, c, whole, size);
    if (rest != NULL) {
        if (bins_is_small(size)) {
            st_bins_set_victim(space, rest);
        } else {
            st_bins_link(space, rest, whole - size);
        }
    }
    return st_space_hand_out(space, c, chunk_size(c), NULL);
}

static void *alloc_from_top(st_space *space, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    if (space->top_size < size + ST_CHUNK_MIN && !st_free_fill_top(space, size)) return NULL;
    st_chunk *c = space->top;
    st_chunk *rest = chunk_at(c, size);
    char *rest_mem = chunk_mem(rest);
    if (dirty_end != NULL) *dirty_end = space->top_fresh;
    st_space_touch_top(space, rest_mem);
    space->top = rest;
    space->top_size -= size;
    chunk_set_head(rest, space->top_size, ST_HEAD_P, space->secret);
    chunk_set_head(c, size, ST_HEAD_P | ST_HEAD_C, space->secret);
    return st_space_hand_out(space, c, chunk_size(c), NULL);
}

void *st_space_alloc_to_grow(st_space *space, size_t size)
{
    bool is_touched = space->top != NULL && st_distance(space->top, space->top_fresh) >= size;
    if (!is_touched || space->top_size < size + ST_CHUNK_MIN) return NULL;
    return alloc_from_top(space, size, NULL);
}

/* A small request:
 * 1. a chunk of exactly this size: from its quick list (st_space_alloc), from its bin, or from
 *    the next bin, whose rest would be too small to be a chunk;
 * 2. the victim;
 * 3. the next bin that is not empty, which makes a new victim. */
static void *alloc_small(st_space *space, size_t size) ST_REQUIRES(space->lock)
{
    size_t idx = bins_small_idx(size);
    uint32_t map = space->small_map >> idx;
    if (map & 3) return alloc_from_small(space, idx + (~map & 1), size);
    if (space->victim_size >= size) return alloc_from_victim(space, size);
    if (map != 0) return alloc_from_small(space, idx + st_lowest_bit(map), size);
    return NULL;
}

/* Small requests as above. Then, for all:
 * 4. the best fit of the trees, or the victim if that is a better one;
 * 5. top, which grows if need be. */
void *st_space_search(st_space *space, size_t size, char **dirty_end)
{
    void *mem = bins_is_small(size) ? alloc_small(space, size) : NULL;
    if (mem == NULL && space->tree_map != 0) mem = alloc_from_tree(space, size);
    if (mem == NULL && space->victim_size >= size) mem = alloc_from_victim(space, size);
    if (mem == NULL) return alloc_from_top(space, size, dirty_end);
    if (dirty_end != NULL) *dirty_end = st_at(mem, chunk_usable(chunk_of(mem)));
    return mem;
}

/* ---- aligned ---- */

/* Gives back the bytes of a block in use below the chunk that is kept. */
static void alloc_free_below(st_space *space, st_chunk *c, st_chunk *kept)
    ST_REQUIRES(space->lock)
{
    size_t below = st_distance(c, kept);
    size_t size = chunk_size(c) - below;
    chunk_set_head(kept, size, ST_HEAD_C, space->secret);
    chunk_set_head(c, below, (c->head & ST_HEAD_P) | ST_HEAD_C, space->secret);
    st_free_merge(space, c, below);
    if (ST_SPACE_COUNTS) space->live -= below;
}

/* The newest chunk kept of this size, if it happens to lie right: a program that frees an aligned
 * block often asks for another one. NULL if not. */
static void *alloc_aligned_kept(st_space *space, size_t alignment, size_t size)
    ST_REQUIRES(space->lock)
{
#if STRATA_QUICK && STRATA_SHORTCUTS
    if (!bins_is_small(size) || !st_space_has_quick(space)) return NULL;
    st_chunk *c = space->quick[bins_small_idx(size)];
    if (c == NULL || !st_is_aligned(chunk_mem(c), alignment)) return NULL;
    return st_space_hand_out(space, st_space_take_quick(space, bins_small_idx(size)), size,
                             NULL);
#else
    (void)space;
    (void)alignment;
    (void)size;
    return NULL;
#endif
}

/* Takes enough for the alignment wherever the block falls, then gives back both ends. What is
 * given back below must be a chunk, so the block moves up by another alignment if need be. */
ST_COLD void *st_space_alloc_aligned(st_space *space, size_t alignment, size_t size)
{
    void *kept = alloc_aligned_kept(space, alignment, size);
    if (kept != NULL) return kept;
    void *mem = st_space_alloc_any(space, size + alignment + ST_CHUNK_MIN, NULL);
    if (mem == NULL) return NULL;
    if (!st_is_aligned(mem, alignment)) {
        size_t offset = st_round_up(st_addr(mem), alignment) - st_addr(mem);
        if (offset < ST_CHUNK_MIN) offset += st_round_up(ST_CHUNK_MIN - offset, alignment);
        void *aligned = st_at(mem, offset);
        alloc_free_below(space, chunk_of(mem), chunk_of(aligned));
        mem = aligned;
    }
    st_resize_give_tail(space, chunk_of(mem), size);
    return mem;
}
