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

/* What growth has paid for goes back by amount once less than this part of the peak is in use: not when a
 * program goes a little up and down. Each byte that the peak has grown pays for one and a half: several
 * threads that end one after the other touch some of it again. */
#define ROOM_DEEP_SHARE 8
#define ROOM_DEEP_PAY(grown) ((grown) + (grown) / 2)
/* Memory goes back by amount when what is in use falls, that is when so many times less was taken lately than
 * given back: what is taken and given in turn is better used again. */
#define ROOM_RISE_WEIGHT 4
/* Less than this is not worth the search, unless it is all that is asked for. */
#define ROOM_STEP_MIN (512 * ST_KIB)
/* So that what goes back catches up with what is freed. */
#define ROOM_CATCH_UP 16
/* When not all could go back that should, we wait until this part of what is dirty has come to be dirty
 * besides. */
#define ROOM_STUCK_SHARE 64

static struct {
    /* relaxed throughout: each is a sum or a peak of its own, and a stale one only purges a little
     * too early or too late. */
    ST_ATOMIC(size_t) held;
    ST_ATOMIC(size_t) peak;
    ST_ATOMIC(size_t) used;  /* of what is held: in use, or kept by threads */
    ST_ATOMIC(size_t) fallen; /* bytes given back lately, less ROOM_RISE_WEIGHT times those taken */
    ST_ATOMIC(size_t) stuck; /* so much was dirty when it could not go back, */
    ST_ATOMIC(uint8_t) stuck_deep; /* though the fall was deep: else it may, once it is */
    ST_ATOMIC(size_t) unused;  /* the least that was dirty since the option purge_delay last passed */
    ST_ATOMIC(size_t) overdue; /* what of that has yet to go back */
    ST_ATOMIC(uint32_t) unused_clock; /* when it last passed */
    st_lock lock;   /* guards what follows */
    size_t saved;   /* bytes that may be purged on growth now, */
    size_t owed;    /* if none: bytes that were purged beyond that */
    uint32_t clock; /* when that was last filled up, */
    size_t peak_paid; /* and the peak then */
    size_t fall_saved;     /* bytes that may go back by amount: time has paid for these, */
    size_t fall_grown;     /* growth for those */
    uint32_t fall_clock;   /* when they were last filled up, */
    size_t fall_peak_paid; /* and the peak then */
} room_state = {.lock = {.rank = st_lock_rank_room}};

size_t st_room_held(void) { return st_load_relaxed(&room_state.held); } /* relaxed: as above. */
size_t st_room_peak(void) { return st_load_relaxed(&room_state.peak); } /* relaxed: as above. */

/* Fills up what is saved, by the time that has passed. */
static void room_fill_up(void)
{
    uint32_t now = st_os_clock();
    if (room_state.fall_clock == 0) room_state.fall_clock = now; /* time begins */
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
ST_COLD size_t st_room_take(size_t size)
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

void st_room_count(size_t size)
{
    st_add_relaxed(&room_state.held, size); /* relaxed: as above. */
}

ST_COLD void st_room_use(size_t more)
{
    size_t less = (size_t)0 - more;
    size_t fallen = st_load_relaxed(&room_state.fallen); /* relaxed: as above. */
    bool is_rise = more < less;
    size_t after = is_rise ? fallen - st_min(fallen, more * ROOM_RISE_WEIGHT) : fallen + less;
    st_store_relaxed(&room_state.fallen, after); /* relaxed: as above. */
    st_add_relaxed(&room_state.used, more); /* relaxed: as above. */
    if (!is_rise) return;
    size_t dirty = st_room_dirty();
    if (dirty < st_load_relaxed(&room_state.unused)) /* relaxed: as above. */
        st_store_relaxed(&room_state.unused, dirty); /* relaxed: as above. */
}

/* ---- by amount ---- */

ST_DEFINE_DATA size_t (*st_room_settle_hook)(size_t size, bool is_deep);

ST_COLD size_t st_room_used(void)
{
    return st_min(st_load_relaxed(&room_state.used), st_room_held()); /* relaxed: as above. */
}

ST_COLD size_t st_room_dirty(void)
{
    size_t held = st_room_held();
    return held - st_min(st_room_used(), held);
}

/* What may stay dirty: as the options say, and no less than what can't go back. That was found out when more
 * was dirty, perhaps: it holds as long as no less is. */
static size_t room_dirty_most(size_t dirty, bool is_deep)
{
    size_t most = st_option(dirty_max);
    if (most != 0) most = st_max(most, (st_room_held() - dirty) / 100 * st_option(dirty_share));
    size_t stuck = st_load_relaxed(&room_state.stuck); /* relaxed: as above. */
    if (dirty < stuck) st_store_relaxed(&room_state.stuck, dirty); /* relaxed: as above. */
    stuck = st_min(stuck, dirty);
    if (stuck == 0 || is_deep > st_load_relaxed(&room_state.stuck_deep)) return most; /* relaxed: as above. */
    return st_max(most, stuck + st_max(stuck / ROOM_STUCK_SHARE, st_min(ST_ROOM_STEP, most)));
}

/* True if memory goes back by amount at any cost, as the options say. */
static bool room_is_unpaid(void)
{
    return st_option(purge_rate) == SIZE_MAX || st_option(dirty_max) == 0;
}

/* Fills up what may go back by amount: for the time that has passed, and for growth. */
static void room_fill_up_for_fall(void)
{
    size_t rate = st_option(purge_rate);
    uint32_t now = st_os_clock();
    size_t peak = st_room_peak();
    if (room_state.fall_clock == 0) room_state.fall_clock = now;
    size_t passed = now - room_state.fall_clock;
    size_t fill = rate != 0 && passed > peak / rate ? peak : passed * rate;
    size_t grown = peak - st_min(room_state.fall_peak_paid, peak);
    room_state.fall_clock = now;
    room_state.fall_peak_paid = st_max(peak, room_state.fall_peak_paid);
    room_state.fall_saved = st_min(room_state.fall_saved + fill, peak);
    room_state.fall_grown = st_min(room_state.fall_grown + ROOM_DEEP_PAY(grown), ROOM_DEEP_PAY(peak));
}

/* Takes as much of it as there is, at most `size` bytes. What growth has paid for is there once: for a fall
 * that is deep. */
static size_t room_spend_on_fall(size_t size, size_t freed, bool is_deep)
{
    if (room_is_unpaid()) return size;
    st_lock_take(&room_state.lock);
    room_fill_up_for_fall();
    size_t from_growth = is_deep ? st_min(size, room_state.fall_grown) : 0;
    size_t from_time = st_min(size - from_growth, room_state.fall_saved);
    if (from_growth + from_time < st_min(size, st_max(ROOM_STEP_MIN, freed))) from_growth = from_time = 0;
    room_state.fall_grown -= from_growth;
    room_state.fall_saved -= from_time;
    st_lock_drop(&room_state.lock);
    return from_growth + from_time;
}

/* Not `size` bytes went back, which were paid for, but `done`. */
static void room_settle_up(size_t size, size_t done, bool is_deep)
{
    size_t more = done - st_min(size, done), less = size - st_min(size, done);
    st_lock_take(&room_state.lock);
    size_t from_time = st_min(more, room_state.fall_saved);
    room_state.fall_saved -= from_time;
    room_state.fall_grown -= st_min(more - from_time, room_state.fall_grown);
    *(is_deep ? &room_state.fall_grown : &room_state.fall_saved) += less;
    st_lock_drop(&room_state.lock);
}

/* ---- with time ---- */

/* What nobody has used for all of purge_delay goes back, a step at each call, as long as that much is dirty;
 * what could not is left alone until the next time. True if some did. Several threads that find it due at once each
 * do a step. */
static bool room_settle_in_time(size_t dirty, size_t step)
{
    if (dirty < ST_ROOM_STEP) return false;
    uint32_t last = st_load_relaxed(&room_state.unused_clock); /* relaxed: as above. */
    if (st_room_is_due(&last)) {
        size_t unused = st_min(st_load_relaxed(&room_state.unused), dirty); /* relaxed: as above. */
        st_store_relaxed(&room_state.overdue, unused); /* relaxed: as above. */
        st_store_relaxed(&room_state.unused, dirty); /* relaxed: as above. */
    }
    st_store_relaxed(&room_state.unused_clock, last); /* relaxed: as above. */
    size_t overdue = st_min(st_load_relaxed(&room_state.overdue), dirty); /* relaxed: as above. */
    if (overdue <= st_option(trim_pad)) return false;
    size_t size = st_min(overdue, step);
    bool goes_on = st_room_settle_hook(size, true) >= size / 2;
    st_store_relaxed(&room_state.overdue, goes_on ? overdue - size : 0); /* relaxed: as above. */
    return goes_on;
}

/* 1. Is more dirty than may be? A stale answer only makes it a little later.
 * 2. Down to half of what may be, in steps, so that a call takes no longer than one; as far as that has been
 *    paid for.
 * 3. What could not go back is left alone until much more is dirty.
 * True if another thread was faster: meanwhile what had been paid was missing to those who came later. */
static bool room_settle_once(size_t freed)
{
    size_t dirty = st_room_dirty();
    bool is_deep = st_room_used() < st_room_peak() / ROOM_DEEP_SHARE || room_is_unpaid();
    size_t most = room_dirty_most(dirty, is_deep);
    size_t step = st_max(ST_ROOM_STEP, freed * ROOM_CATCH_UP);
    if (room_settle_in_time(dirty, step) || dirty <= most) return false;
    size_t fallen = st_load_relaxed(&room_state.fallen); /* relaxed: as above. */
    if (!room_is_unpaid() && fallen < most / 2) return false;
    size_t size = room_spend_on_fall(st_min(dirty - most / 2, step), freed, is_deep);
    if (size < st_os_page_size()) return false;
    size_t done = st_room_settle_hook(size, is_deep);
    if (!room_is_unpaid()) room_settle_up(size, done, is_deep);
    if (done >= size / 2) return false;
    size_t left = st_room_dirty();
    if (left + size / 2 <= dirty) return true;
    st_store_relaxed(&room_state.stuck, left); /* relaxed: as above. */
    st_store_relaxed(&room_state.stuck_deep, is_deep); /* relaxed: as above. */
    return false;
}

ST_COLD void st_room_settle(size_t freed)
{
    if (!st_os_is_started() || st_room_settle_hook == NULL) return;
    if (st_option(trim_threshold) == SIZE_MAX) return; /* who says so wants nothing back from a free */
    if (room_settle_once(freed)) (void)room_settle_once(freed);
}

ST_COLD bool st_room_is_due(uint32_t *last)
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
