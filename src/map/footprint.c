/* SPDX-License-Identifier: MIT-0
 *
 * The account of what the process's heap holds.
 */
#include "map/footprint.h"

#if STRATA_HEAPS

static struct {
    /* relaxed throughout: each is a number of its own, and guards nothing. */
    ST_ATOMIC(size_t) held;
    ST_ATOMIC(size_t) peak;
    ST_ATOMIC(size_t) below_max; /* SIZE_MAX less the limit, so that 0 is no limit */
} footprint_state; /* all zero, so that it takes no room in the file */

size_t st_footprint_now(void) { return st_load_relaxed(&footprint_state.held); } /* relaxed: as above. */

size_t st_footprint_limit(void)
{
    return SIZE_MAX - st_load_relaxed(&footprint_state.below_max); /* relaxed: as above. */
}

void st_footprint_set_limit(size_t size)
{
    st_store_relaxed(&footprint_state.below_max, SIZE_MAX - size); /* relaxed: as above. */
}

/* What is taken counts for the peak when the next call finds it still there: until then the host may have
 * refused it. (By another thread's call it may be counted too early.) */
static size_t footprint_note_peak(void)
{
    size_t held = st_footprint_now();
    size_t peak = st_load_relaxed(&footprint_state.peak); /* relaxed: as above. */
    while (peak < held) {
        /* relaxed: as above. */
        if (st_swap_if_relaxed(&footprint_state.peak, &peak, held)) return held;
    }
    return peak;
}

size_t st_footprint_peak(void) { return footprint_note_peak(); }

bool st_footprint_take(size_t size)
{
    footprint_note_peak();
    size_t held = st_footprint_now();
    size_t limit = st_footprint_limit();
    do {
        if (size > limit - st_min(held, limit)) return false;
        /* relaxed: as above. */
    } while (!st_swap_if_relaxed(&footprint_state.held, &held, held + size));
    return true;
}

void st_footprint_give(size_t size)
{
    footprint_note_peak();
    st_footprint_refuse(size);
}

void st_footprint_refuse(size_t size)
{
    st_add_relaxed(&footprint_state.held, (size_t)0 - size); /* relaxed: as above. */
}

#endif
