/* SPDX-License-Identifier: MIT-0
 *
 * Small bins: for each size a list, newest first, and a bit that says whether it has any.
 * Owns INV-SPACE-7 to INV-SPACE-9.
 */
#include "space/bins.h"

#include "space/doubt.h"
#include "space/clean.h"

void st_bins_link(st_space *space, st_chunk *c, size_t size)
{
    if (!bins_is_small(size)) {
        st_tree_link(space, c, size);
        return;
    }
    size_t idx = bins_small_idx(size);
    st_chunk *first = space->small[idx];
    c->next = first;
    c->prev = NULL;
    if (first != NULL) first->prev = c;
    space->small[idx] = c;
    space->small_map |= (uint32_t)1 << idx;
}

/* True if the links of c and those of its neighbors in small[idx] name each other. */
static bool bins_links_agree(const st_space *space, const st_chunk *c, size_t idx)
{
    if (c->prev == NULL ? space->small[idx] != c
                        : !doubt_is_inside(space, c->prev) || c->prev->next != c)
        return false;
    return c->next == NULL || (doubt_is_inside(space, c->next) && c->next->prev == c);
}

static void bins_unlink_small(st_space *space, st_chunk *c, size_t idx)
{
    if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!bins_links_agree(space, c, idx)))
        doubt_report_free(c);
    if (c->next != NULL) c->next->prev = c->prev;
    if (c->prev != NULL) {
        c->prev->next = c->next;
        return;
    }
    space->small[idx] = c->next;
    if (c->next == NULL) space->small_map &= ~((uint32_t)1 << idx);
}

void st_bins_unlink(st_space *space, st_chunk *c, size_t size)
{
    if (c == space->victim) {
        space->victim = NULL;
        space->victim_size = 0;
    } else if (bins_is_small(size)) {
        bins_unlink_small(space, c, bins_small_idx(size));
    } else {
        st_tree_unlink(space, c, size);
    }
}

st_chunk *st_bins_pop_small(st_space *space, size_t idx)
{
    st_chunk *c = space->small[idx];
    bins_unlink_small(space, c, idx);
    return c;
}

void st_bins_set_victim(st_space *space, st_chunk *c)
{
    if (space->victim_size != 0) st_bins_link(space, space->victim, space->victim_size);
    space->victim = c;
    space->victim_size = chunk_size(c);
}

/* The range is taken out first: the head of the rest may be written over it. */
static ST_COLD st_chunk *bins_split_clean(st_space *space, st_chunk *c, size_t whole, size_t size)
    ST_NO_LOCK_ANALYSIS
{
    st_clean clean = st_clean_take(c);
    st_chunk *rest = st_bins_split(space, c, whole, size);
    st_clean_put(space, rest, clean);
    return rest;
}

st_chunk *st_bins_split(st_space *space, st_chunk *c, size_t whole, size_t size)
{
    if (ST_UNLIKELY(st_clean_has(c))) return bins_split_clean(space, c, whole, size);
    size_t flags = (c->head & ST_HEAD_P) | ST_HEAD_C;
    size_t rest_size = whole - size;
    if (rest_size < ST_CHUNK_MIN) {
        chunk_set_head(c, whole, flags, space->secret);
        chunk_set_flag(chunk_at(c, whole), ST_HEAD_P);
        return NULL;
    }
    st_chunk *rest = chunk_at(c, size);
    chunk_set_head(c, size, flags, space->secret);
    chunk_set_head(rest, rest_size, ST_HEAD_P, space->secret);
    chunk_set_foot(rest, rest_size);
    return rest;
}
