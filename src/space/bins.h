/* SPDX-License-Identifier: MIT-0
 *
 * Where free chunks wait: small bins and trees behind one pair of functions. The victim, top and
 * the quick lists are not in here.
 */
#ifndef ST_BINS_H
#define ST_BINS_H

#include "space/space.h"

ST_ALWAYS_INLINE bool bins_is_small(size_t size) { return size < ST_SMALL_LIMIT; }
ST_ALWAYS_INLINE size_t bins_small_idx(size_t size)
{
    return size / ST_CHUNK_GRAIN;
}

/* Top is used up to `end`. */
ST_ALWAYS_INLINE void st_space_touch_top(st_space *space, char *end) ST_REQUIRES(space->lock)
{
    if (space->top_fresh >= end) return;
    size_t size = st_distance(space->top_fresh, end);
    if (STRATA_RETURN) {
        if (ST_UNLIKELY(size > space->room)) st_space_take_room(space, size);
        space->room -= size;
    }
    space->top_fresh = end;
}

/* Takes the lower `size` bytes of [c, c + whole), which is all free or in use already, and linked
 * nowhere; P of c stays. The rest is returned as a free chunk, linked nowhere, too; NULL if it is too
 * small for one, and c is then taken whole. */
ST_INTERNAL st_chunk *st_bins_split(st_space *space, st_chunk *c, size_t whole, size_t size);

/* Puts the free chunk c of `size` bytes, whose head and foot are written, in its place. */
ST_INTERNAL void st_bins_link(st_space *space, st_chunk *c, size_t size);

/* Takes a free chunk out of wherever it is: its bin or tree, or the victim's place. Links that
 * contradict each other are reported. */
ST_INTERNAL void st_bins_unlink(st_space *space, st_chunk *c, size_t size);

/* Makes the free chunk c, which is in no bin, the victim; the one before it goes to its bin. */
ST_INTERNAL void st_bins_set_victim(st_space *space, st_chunk *c);

/* Takes the first chunk of small[idx], which is not empty. */
ST_INTERNAL st_chunk *st_bins_pop_small(st_space *space, size_t idx);

#endif
