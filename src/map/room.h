/* SPDX-License-Identifier: MIT-0
 *
 * Room: when memory goes back to the host while a program runs. Three rules, and one account:
 *
 *   On growth   Before strata touches memory that
 *               would make it hold more than ever before, what is free elsewhere goes back, as much
 *               as is about to be taken: freed mappings, free slices, the largest free chunks. So the
 *               most a program holds is what it needs, and one that goes up and down pays nothing.
 *   By amount   What is free and still resident is dirty. When at a free more is dirty than the options
 *               dirty_max and dirty_share allow, some goes back, until half of that is left; but no more
 *               than has been paid for: a byte for each that the peak has grown, and purge_rate for each
 *               millisecond. So a program that shrinks gives memory back though it may never call us again,
 *               and what it costs one that goes up and down is bounded by the clock.
 *   With time   What nobody has used for all of the option purge_delay goes back at frees. So a program
 *               that goes on gives back what it no longer needs, and nothing else.
 *
 * The account is of memory that may be resident: what was touched and has not gone back since; and of how
 * much of that is in use, or kept by threads for their next use. It is kept in steps of many pages, and errs
 * by some.
 */
#ifndef ST_ROOM_H
#define ST_ROOM_H

#include "base/atomic.h"

#if STRATA_PAGEMAP && STRATA_RETURN

/* Memory of `size` bytes is about to be touched for the first time, or again after it went back. The
 * caller holds no lock of the map layer. Gives back what the map layer has free, if that is called
 * for; returns how many more bytes should go back so that nothing has grown, 0 if none. */
ST_INTERNAL size_t st_room_take(size_t size);

/* The same for who is no space: what is still too much is looked for in spaces, by the hook. */
ST_INTERNAL void st_room_take_from_all(size_t size);

/* `size` bytes more than were asked for have gone back: the next purge has to wait for that. */
ST_INTERNAL void st_room_overspend(size_t size);

/* Gives back about `size` bytes of what spaces have free, without waiting for a lock; the caller may hold
 * a cache's. Set once, when the heap is prepared. */
ST_DECLARE_DATA void (*st_room_hook)(size_t size);

/* Memory of `size` bytes has gone back. */
ST_INTERNAL void st_room_give(size_t size);

/* Memory of `size` bytes that had gone back may be resident after all. */
ST_INTERNAL void st_room_count(size_t size);

/* Whoever hands out blocks tells when it has this many more or fewer bytes in use. */
#define ST_ROOM_NEWS (64 * ST_KIB)

/* `more` bytes more are in use: what wraps round is fewer. */
ST_INTERNAL void st_room_use(size_t more);

/* `freed` fewer are. Gives back what by amount should go back now, by the hook below: at most ST_ROOM_STEP
 * bytes, or a few times as much as was freed. The caller holds no lock. */
ST_INTERNAL void st_room_settle(size_t freed);
#define ST_ROOM_STEP ST_MIB

/* Gives back about `size` bytes of what is free anywhere, and tells how many that were; if little is left in
 * use, also what takes many calls of the host. Set once, when the heap is prepared. */
ST_DECLARE_DATA size_t (*st_room_settle_hook)(size_t size, bool is_deep);

/* True if as much time as the option purge_delay has passed since this was last true for *last, which
 * starts as 0. Cheap enough for every few dozen calls. */
ST_INTERNAL bool st_room_is_due(uint32_t *last);

/* What the account says now, how much of that is dirty, and the most it ever said. */
ST_INTERNAL size_t st_room_held(void);
ST_INTERNAL size_t st_room_dirty(void);
ST_INTERNAL size_t st_room_used(void);
ST_INTERNAL size_t st_room_peak(void);

/* Around a fork; reset is for the child. */
ST_INTERNAL void st_room_lock(void);
ST_INTERNAL void st_room_unlock(void);
ST_INTERNAL void st_room_reset_lock(void);

#else

ST_INLINE size_t st_room_take(size_t size)
{
    (void)size;
    return 0;
}
ST_INLINE void st_room_overspend(size_t size) { (void)size; }
ST_INLINE void st_room_take_from_all(size_t size) { (void)size; }
ST_INLINE void st_room_give(size_t size) { (void)size; }
ST_INLINE void st_room_count(size_t size) { (void)size; }
ST_INLINE void st_room_use(size_t more) { (void)more; }
ST_INLINE void st_room_settle(size_t freed) { (void)freed; }
#define ST_ROOM_NEWS (64 * ST_KIB)
ST_INLINE bool st_room_is_due(uint32_t *last)
{
    (void)last;
    return true;
}
ST_INLINE size_t st_room_held(void) { return 0; }
ST_INLINE size_t st_room_dirty(void) { return 0; }
ST_INLINE size_t st_room_used(void) { return 0; }
ST_INLINE size_t st_room_peak(void) { return 0; }
ST_INLINE void st_room_lock(void) {}
ST_INLINE void st_room_unlock(void) {}
ST_INLINE void st_room_reset_lock(void) {}

#endif
#endif
