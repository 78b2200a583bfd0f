/* SPDX-License-Identifier: MIT-0
 *
 * The account of memory that may be resident, and the rule that keeps its peak down.
 */
#include "map/room.h"

#include "books/options.h"
#include "map/direct.h"
#include "map/slices.h"
#include "os/os.h"

#if STRATA_PAGEMAP && STRATA_RETURN

/* What purging on growth may cost. A program that goes up and down in phases could purge and touch the
 * same memory again in each: so bytes purged are paid for by bytes that the peak has grown, and by time,
 * which is saved up for a while. To purge and touch again takes about 0.2 microseconds a KiB, so the rate
 * is less than a hundredth of one processor's time. */
#define ROOM_RATE (32 * ST_KIB) /* a millisecond */
#define ROOM_SAVED_MAX (64 * ST_MIB)
/* What growth has paid for is for purging while that lasts, not later: no more than this part of the peak
 * is saved. */
#define ROOM_SAVED_SHARE 4
#define ROOM_SAVED_MIN (256 * ST_KIB)
/* At least this part of all that is held goes back at once. */
#define ROOM_SHARE 64

static struct {
    /* relaxed throughout: each is a sum or a peak of its own, and a stale one only purges a little
     * too early or too late. */
    ST_ATOMIC(size_t) held;
    ST_ATOMIC(size_t) peak;
    st_lock lock;   /* guards what follows */
    size_t saved;   /* bytes that may be purged on growth now, */
    size_t owed;    /* if none: bytes that were purged beyond that */
    uint32_t clock; /* when that was last filled up, */
    size_t peak_paid; /* and the peak then */
} room_state = {.lock = {.rank = st_lock_rank_room}};

size_t st_room_held(void) { return st_load_relaxed(&room_state.held); } /* relaxed: as above. */
size_t st_room_peak(void) { return st_load_relaxed(&room_state.peak); } /* relaxed: as above. */

/* Fills up what is saved, by the time that has passed. */
static void room_fill_up(void)
{
    uint32_t now = st_os_clock();
    size_t passed = st_min(now - room_state.clock, ROOM_SAVED_MAX / ROOM_RATE);
    size_t peak = st_room_peak();
    size_t fill = passed * ROOM_RATE + peak - st_min(room_state.peak_paid, peak);
    size_t owed = st_min(fill, room_state.owed);
    size_t most = st_min(ROOM_SAVED_MAX, peak / ROOM_SAVED_SHARE + ROOM_SAVED_MIN);
    room_state.owed -= owed;
    room_state.saved = st_min(room_state.saved + fill - owed, most);
    room_state.clock = now;
    room_state.peak_paid = st_max(peak, room_state.peak_paid);
}

/* How much of `size` bytes may be purged now; that much is spent. */
static size_t room_spend(size_t size)
{
    if (!st_os_is_started()) return 0;
    st_lock_take(&room_state.lock);
    room_fill_up();
    size = st_min(size, room_state.saved);
    room_state.saved -= size;
    st_lock_drop(&room_state.lock);
    return size;
}

void st_room_overspend(size_t size)
{
    st_lock_take(&room_state.lock);
    size_t spent = st_min(size, room_state.saved);
    room_state.saved -= spent;
    room_state.owed = st_min(room_state.owed + (size - spent), ROOM_SAVED_MAX);
    st_lock_drop(&room_state.lock);
}

ST_DEFINE_DATA void (*st_room_hook)(size_t size);


/* 1. Is it more than ever? If not, there is nothing to do.
 * 2. How much of that may be purged by now? The rest is a new peak.
 * 3. Mappings that were freed, then slices, as many as that.
 * 4. What is still too much is the caller's to find. */
size_t st_room_take(size_t size)
{
    st_add_relaxed(&room_state.held, size); /* relaxed: as above. */
    size_t held = st_room_held();
    size_t peak = st_room_peak();
    if (held <= peak) return 0;
    size_t goal = held - room_spend(st_max(held - peak, held / ROOM_SHARE));
    if (held > goal) st_direct_shrink(held - goal);
#if STRATA_SLABS
    held = st_room_held();
    if (held > goal) st_slices_shrink(held - goal);
#endif
    held = st_room_held();
    if (held > peak) st_store_relaxed(&room_state.peak, held); /* relaxed: as above. */
    return held > goal ? held - goal : 0;
}

void st_room_take_from_all(size_t size)
{
    size_t excess = st_room_take(size);
    if (excess != 0 && st_room_hook != NULL) st_room_hook(excess);
}

void st_room_give(size_t size)
{
    st_add_relaxed(&room_state.held, (size_t)0 - size); /* relaxed: as above. */
}

bool st_room_is_due(uint32_t *last)
{
    size_t delay = st_option(purge_delay);
    if (delay == 0) return true;
    if (delay == SIZE_MAX || !st_os_is_started()) return false;
    uint32_t now = st_os_clock();
    if (*last == 0) *last = now;
    if (now - *last < delay) return false;
    *last = now;
    return true;
}

void st_room_lock(void) ST_NO_LOCK_ANALYSIS { st_lock_take(&room_state.lock); }
void st_room_unlock(void) ST_NO_LOCK_ANALYSIS { st_lock_drop(&room_state.lock); }
void st_room_reset_lock(void) { st_lock_reset(&room_state.lock); }

#endif
