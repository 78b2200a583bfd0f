/* SPDX-License-Identifier: MIT-0
 *
 * Clearing large ranges. Memory that was freed may have been touched, or may be a large table of
 * which a program used a few pages: then writing zeros costs time and makes all of it resident.
 * So each piece is looked at in a few places: where most of them are zero, few of its pages were used,
 * and the host takes those back, which makes all of them zero; else they are written to. The host is not
 * asked, as filters of system calls know no call that tells.
 */
#ifndef ST_CLEAR_H
#define ST_CLEAR_H

#include "base/bits.h"

#if STRATA_PAGEMAP && STRATA_RETURN

/* Shorter ranges are better cleared at once. */
#define ST_CLEAR_MIN (512 * ST_KIB)

/* Makes [mem, mem + size) zero: memory of a process's own, private and of no file. The program has
 * started. Any thread that owns the range. */
ST_INTERNAL void st_clear(char *mem, size_t size);

#else

#define ST_CLEAR_MIN 1
ST_INLINE void st_clear(char *mem, size_t size) { st_fill(mem, 0, size); }

#endif
#endif
