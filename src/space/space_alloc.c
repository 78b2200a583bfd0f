/* SPDX-License-Identifier: MIT-0
 *
 * Allocating: best fit, with the shortcuts that make the common case short.
 */
#include "books/options.h"
#include "books/report.h"
#include "space/bins.h"
#include "space/space_free.h"
#include "space/tree.h"

/* ---- handing out ---- */

static void *alloc_finish(st_space *space, st_chunk *c, size_t size)
{
    if (STRATA_STATS) {
        space->live += size;
        space->allocations++;
    }
    return chunk_mem(c);
}

/* Hands out a whole free chunk that is linked nowhere. Below a free chunk all is in use. */
static void *alloc_whole(st_space *space, st_chunk *c, size_t size)
{
    chunk_set_head(c, size, ST_HEAD_P | ST_HEAD_C, space->secret);
    chunk_set_flag(chunk_at(c, size), ST_HEAD_P);
    return alloc_finish(space, c, size);
}

/* Cuts the free chunk c in two and hands out the lower part; the rest is returned as a free
 * chunk with head and foot, linked nowhere. */
static st_chunk *alloc_cut(st_space *space, st_chunk *c, size_t size, size_t rest_size)
{
    st_chunk *rest = chunk_at(c, size);
    chunk_set_head(c, size, ST_HEAD_P | ST_HEAD_C, space->secret);
    chunk_set_head(rest, rest_size, ST_HEAD_P, space->secret);
    chunk_set_foot(rest, rest_size);
    return rest;
}

/* The victim's place is taken by a newer rest; it goes to its bin. */
static void alloc_replace_victim(st_space *space, st_chunk *rest, size_t rest_size)
{
    if (space->victim_size != 0) st_bins_link(space, space->victim, space->victim_size);
    space->victim = rest;
    space->victim_size = rest_size;
}

/* ---- sources, in the order in which they are asked ---- */

#if STRATA_QUICK
static void *alloc_from_quick(st_space *space, unsigned idx)
{
    st_chunk *c = space->quick[idx];
    if (STRATA_CHECK >= 1 && ST_UNLIKELY(!st_free_is_quick(space, c, idx)))
        st_bins_report_broken(c);
    space->quick[idx] = c->next;
    space->quick_size -= idx * ST_CHUNK_GRAIN;
    chunk_clear_flag(c, ST_HEAD_Q);
    return alloc_finish(space, c, idx * ST_CHUNK_GRAIN);
}
#endif

static void *alloc_from_victim(st_space *space, size_t size)
{
    st_chunk *c = space->victim;
    size_t rest_size = space->victim_size - size;
    if (rest_size < ST_CHUNK_MIN) {
        size_t whole = space->victim_size;
        space->victim = NULL;
        space->victim_size = 0;
        return alloc_whole(space, c, whole);
    }
    space->victim = alloc_cut(space, c, size, rest_size);
    space->victim_size = rest_size;
    return alloc_finish(space, c, size);
}

/* A small chunk from small[idx], which is of `size` or larger. */
static void *alloc_from_small(st_space *space, unsigned idx, size_t size)
{
    st_chunk *c = st_bins_pop_small(space, idx);
    size_t whole = idx * ST_CHUNK_GRAIN;
    if (whole - size < ST_CHUNK_MIN) return alloc_whole(space, c, whole);
    st_chunk *rest = alloc_cut(space, c, size, whole - size);
    alloc_replace_victim(space, rest, whole - size);
    return alloc_finish(space, c, size);
}

/* The best chunk of the trees, unless there is none or the victim fits a large request better.
 * The rest becomes the victim only after a small request: small requests that follow each other
 * then lie together. */
static void *alloc_from_tree(st_space *space, size_t size)
{
    st_chunk *c = st_tree_best(space, size);
    if (c == NULL) return NULL;
    size_t whole = chunk_size(c);
    if (space->victim_size >= size && space->victim_size <= whole) return NULL;
    if (STRATA_CHECK >= 1 &&
        ST_UNLIKELY(!bins_is_inside(space, c) || chunk_is_used(c) || whole < size ||
                    !chunk_is_sealed(c, space->secret)))
        st_bins_report_broken(c);
    st_tree_unlink(space, c, whole);
    if (whole - size < ST_CHUNK_MIN) return alloc_whole(space, c, whole);
    st_chunk *rest = alloc_cut(space, c, size, whole - size);
    if (bins_is_small(size)) {
        alloc_replace_victim(space, rest, whole - size);
    } else {
        st_bins_link(space, rest, whole - size);
    }
    return alloc_finish(space, c, size);
}

static void *alloc_from_top(st_space *space, size_t size, char **dirty_end)
{
    if (space->top_size < size + ST_CHUNK_MIN && !st_space_grow(space, size)) return NULL;
    st_chunk *c = space->top;
    st_chunk *rest = chunk_at(c, size);
    char *rest_mem = chunk_mem(rest);
    if (dirty_end != NULL) *dirty_end = space->top_fresh;
    if (space->top_fresh < rest_mem) space->top_fresh = rest_mem;
    space->top = rest;
    space->top_size -= size;
    chunk_set_head(rest, space->top_size, ST_HEAD_P, space->secret);
    chunk_set_head(c, size, ST_HEAD_P | ST_HEAD_C, space->secret);
    return alloc_finish(space, c, size);
}

/* A small request:
 * 1. a chunk of exactly this size: from its quick list, from its bin, or from the next bin,
 *    whose rest would be too small to be a chunk;
 * 2. the victim;
 * 3. the next bin that is not empty, which makes a new victim. */
static void *alloc_small(st_space *space, size_t size)
{
    unsigned idx = bins_small_idx(size);
    uint32_t map = space->small_map >> idx;
#if STRATA_QUICK
    if (ST_LIKELY(space->quick[idx] != NULL)) return alloc_from_quick(space, idx);
#endif
    if (map & 3) return alloc_from_small(space, idx + (~map & 1), size);
    if (space->victim_size >= size) return alloc_from_victim(space, size);
    if (map != 0) return alloc_from_small(space, idx + st_lowest_bit(map), size);
    return NULL;
}

/* Small requests as above. Then, for all:
 * 4. the best fit of the trees, or the victim if that is a better one;
 * 5. top, which grows if need be. */
void *st_space_alloc(st_space *space, size_t size, char **dirty_end)
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
{
    size_t below = st_distance(c, kept);
    size_t size = chunk_size(c) - below;
    chunk_set_head(kept, size, ST_HEAD_C, space->secret);
    chunk_set_head(c, below, (c->head & ST_HEAD_P) | ST_HEAD_C, space->secret);
    st_free_merge(space, c, below);
    if (STRATA_STATS) space->live -= below;
}

/* Takes enough for the alignment wherever the block falls, then gives back both ends. What is
 * given back below must be a chunk, so the block moves up by another alignment if need be. */
void *st_space_alloc_aligned(st_space *space, size_t alignment, size_t size)
{
    void *mem = st_space_alloc(space, size + alignment + ST_CHUNK_MIN, NULL);
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
