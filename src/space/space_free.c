/* SPDX-License-Identifier: MIT-0
 *
 * Freeing: doubt the pointer, keep small chunks for a moment, merge with free neighbors.
 * Owns INV-SPACE-3 to -6, -14, -16 and -17.
 */
#include "space/space_free.h"

#include "books/options.h"
#include "books/report.h"
#include "map/room.h"
#include "space/bins.h"
#include "space/clean.h"

/* ---- doubt ---- */

size_t st_free_sound_size(const st_space *space, const void *mem)
{
    const st_chunk *c = chunk_of(mem);
    size_t place = doubt_place(space, mem);
    if (place >= space->grains || !st_free_has_head(mem)) return 0;
    if ((c->head & (ST_HEAD_C | ST_HEAD_Q | ST_HEAD_ZERO)) != ST_HEAD_C) return 0;
    size_t size = chunk_size(c);
    if (size < ST_CHUNK_MIN || size / ST_CHUNK_GRAIN > space->grains - place) return 0;
    if (STRATA_SEALS && !chunk_is_sealed(c, space->secret)) return 0;
    return st_free_above_agrees(space, c, size) ? size : 0;
}

ST_COLD void st_free_report(const st_space *space, const void *mem)
{
    if (!st_is_aligned(mem, ST_CHUNK_GRAIN)) {
        st_misuse(st_misuse_misaligned, mem);
        return;
    }
    const void *culprit = mem;
    st_misuse_kind kind;
    if (STRATA_DIAGNOSE) {
        kind = st_space_diagnose(space, &culprit);
    } else if (!doubt_is_inside(space, chunk_of(mem))) {
        kind = st_misuse_foreign;
    } else {
        kind = chunk_is_used(chunk_of(mem)) ? st_misuse_broken_tag : st_misuse_double_free;
    }
    st_misuse(kind, culprit);
}

/* ---- merge ---- */

/* The free chunk below c. Its foot and head must tell the same: both lie in memory that the
 * block below could have been written past its end. */
static st_chunk *free_below(const st_space *space, const st_chunk *c)
{
    st_chunk *below = chunk_below(c);
    if (STRATA_DOUBT_LINKS &&
        ST_UNLIKELY(!doubt_is_inside(space, below) || below >= c || chunk_is_used(below) ||
                    chunk_size(below) != c->prev_size || !chunk_is_sealed(below, space->secret)))
        st_misuse(st_misuse_broken_tag, chunk_mem(c));
    return below;
}

static void free_set(const st_space *space, st_chunk *c, size_t size)
{
    chunk_set_head(c, size, ST_HEAD_P, space->secret);
    chunk_set_foot(c, size);
}

/* Large frees, or frees with much to give back, between two looks at the clock. */
enum { free_look_rate = 32 };

/* Free memory goes back if it was long ago that this was done. */
static ST_NOINLINE void free_look_at_clock(st_space *space) ST_REQUIRES(space->lock)
{
    if (STRATA_HEAPS && space->keeps_pages) return;
    if (st_option(purge_delay) != 0 && ++space->trim_count % free_look_rate != 0) return;
    if (!st_room_is_due(&space->last_trim)) return;
    st_space_release_segments(space);
    st_space_trim_top(space, st_option(trim_pad));
}

/* c, which ends where top begins, becomes the beginning of top. */
static void free_into_top(st_space *space, st_chunk *c, size_t size)
    ST_REQUIRES(space->lock)
{
    chunk_erase_head(space->top);
    space->top = c;
    space->top_size += size;
    chunk_set_head(c, space->top_size, ST_HEAD_P, space->secret);
    /* What is below top_fresh counts as touched; only that is worth a trim. */
    size_t touched = st_distance(c, space->top_fresh);
    if (STRATA_RETURN && ST_UNLIKELY(touched > st_option(trim_threshold)))
        free_look_at_clock(space);
}

/* Takes the free chunk `other`, which is about to be part of its neighbor, out of where it is; what of it is
 * clean, joined with `clean`. */
ST_ALWAYS_INLINE st_clean free_absorb(st_space *space, st_chunk *other, st_clean clean)
    ST_REQUIRES(space->lock)
{
    if (ST_UNLIKELY(st_clean_has(other))) clean = st_clean_join(space, clean, st_clean_take(other));
    st_bins_unlink(space, other, chunk_size(other));
    return clean;
}

/* Makes [c, c + size) one free chunk with what is free beside it:
 * 1. Absorb the chunk below if it is free.
 * 2. Absorb the one above; if that is top, become top, and NULL is returned.
 * 3. Anything else is returned, in no bin yet.
 * Heads that end up inside are erased, so that a stale pointer to them is recognized. */
static st_chunk *free_join(st_space *space, st_chunk *c, size_t size)
    ST_REQUIRES(space->lock)
{
    st_chunk *next = chunk_at(c, size);
    st_clean clean = {0, 0};
    if (!chunk_is_below_used(c)) {
        st_chunk *below = free_below(space, c);
        chunk_erase_head(c);
        clean = free_absorb(space, below, clean);
        size += chunk_size(below);
        c = below;
    }
    if (chunk_is_used(next)) {
        chunk_clear_flag(next, ST_HEAD_P);
    } else if (next == space->top) {
        if (ST_UNLIKELY(!st_clean_is_none(clean))) st_clean_put(space, NULL, clean);
        free_into_top(space, c, size);
        return NULL;
    } else {
        clean = free_absorb(space, next, clean);
        size += chunk_size(next);
        chunk_erase_head(next);
    }
    free_set(space, c, size);
    if (ST_UNLIKELY(!st_clean_is_none(clean))) st_clean_put(space, c, clean);
    return c;
}

void st_free_merge(st_space *space, st_chunk *c, size_t size)
{
    c = free_join(space, c, size);
    if (c == NULL) return;
    size = chunk_size(c);
    st_bins_link(space, c, size);
    if (STRATA_RETURN && size > ST_GRANULE) free_look_at_clock(space);
}

/* ---- quick lists ---- */

#if STRATA_QUICK

/* What is merged becomes the victim for the moment: neighbors that follow each other then join it
 * without a bin between. */
ST_COLD void st_space_flush_quick(st_space *space)
{
    if (!st_space_has_quick(space)) return;
    bool has_any = space->quick_room != space->quick_limit;
    space->quick_limit = st_option(quick_limit) / ST_CHUNK_GRAIN;
    space->quick_room = space->quick_limit;
    if (!has_any) return;
    for (size_t idx = 0; idx < ST_SMALL_BINS; idx++) {
        st_chunk *c = space->quick[idx];
        space->quick[idx] = NULL;
        while (c != NULL) {
            if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!st_free_is_quick(space, c, idx)))
                doubt_report_free(c);
            st_chunk *next = c->next;
            chunk_clear_flag(c, ST_HEAD_Q);
            if (STRATA_DOUBT_LINKS && ST_UNLIKELY(st_free_sound_size(space, chunk_mem(c)) == 0))
                st_free_report(space, chunk_mem(c));
            c = free_join(space, c, idx * ST_CHUNK_GRAIN);
            if (c != NULL) {
                st_bins_set_victim(space, c);
            }
            c = next;
        }
    }
}

void st_free_overdrawn(st_space *space, st_chunk *c, size_t idx)
{
    space->quick_room += idx;
    st_space_flush_quick(space);
    st_free_merge(space, c, idx * ST_CHUNK_GRAIN);
}
#endif

bool st_free_fill_top(st_space *space, size_t size)
{
#if STRATA_QUICK
    st_space_flush_quick(space);
#endif
    return space->top_size >= size + ST_CHUNK_MIN || st_space_grow(space, size);
}

/* The block at `mem`, counted as freed, as its chunk; NULL if it is none in use, which was reported. */
static st_chunk *free_begin(st_space *space, void *mem) ST_REQUIRES(space->lock)
{
    st_chunk *c = chunk_of(mem);
    size_t size = STRATA_CHECK >= 1 ? st_free_sound_size(space, mem) : chunk_size(c);
    if (ST_UNLIKELY(size == 0)) {
        st_free_report(space, mem);
        return NULL;
    }
    st_free_count(space, mem, size);
    return c;
}

ST_COLD void st_space_free_any(st_space *space, void *mem)
{
    st_chunk *c = mem == NULL ? NULL : free_begin(space, mem);
    if (c == NULL) return;
    size_t size = chunk_size(c);
#if STRATA_QUICK
    if (bins_is_small(size)) {
        st_free_keep(space, c, bins_small_idx(size));
        return;
    }
#endif
    st_free_merge(space, c, size);
}

bool st_space_free_in_turn(st_space *space, void *mem)
{
    st_chunk *c = free_begin(space, mem);
    if (c == NULL) return false;
    c = free_join(space, c, chunk_size(c));
    if (c == NULL) return true;
    st_bins_set_victim(space, c);
    if (STRATA_RETURN && space->victim_size > ST_GRANULE) free_look_at_clock(space);
    return true;
}
