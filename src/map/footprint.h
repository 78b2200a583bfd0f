/* SPDX-License-Identifier: MIT-0
 *
 * The footprint of the process's heap: one account of all usable memory that it holds from the host, and
 * the cap on it. Who takes such memory asks here first; heaps of the user's have their own.
 */
#ifndef ST_FOOTPRINT_H
#define ST_FOOTPRINT_H

#include "base/atomic.h"
#include "base/bits.h"

#if STRATA_HEAPS

/* True if `size` bytes more may be held: they are counted from now on. Any thread, any lock held. */
ST_INTERNAL bool st_footprint_take(size_t size);

/* They are not held any more. */
ST_INTERNAL void st_footprint_give(size_t size);

/* They could not be had: the host refused. The peak does not know of them. */
ST_INTERNAL void st_footprint_refuse(size_t size);

/* What is held, the most that was, and what may be (SIZE_MAX: anything). */
ST_INTERNAL size_t st_footprint_now(void);
ST_INTERNAL size_t st_footprint_peak(void);
ST_INTERNAL size_t st_footprint_limit(void);
ST_INTERNAL void st_footprint_set_limit(size_t size);

#else

ST_INLINE bool st_footprint_take(size_t size)
{
    (void)size;
    return true;
}
ST_INLINE void st_footprint_give(size_t size) { (void)size; }
ST_INLINE void st_footprint_refuse(size_t size) { (void)size; }

#endif
#endif
