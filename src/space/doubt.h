/* SPDX-License-Identifier: MIT-0
 *
 * Doubt: what is asked of a pointer that was read from memory a user could have written, and what
 * is said when it turns out wrong. Private to this layer.
 */
#ifndef ST_DOUBT_H
#define ST_DOUBT_H

#include "books/report.h"
#include "space/space.h"

/* True if `c` could be a chunk of this space: it lies where the space's segments lie. */
ST_ALWAYS_INLINE bool doubt_is_inside(const st_space *space, const void *c)
{
    return st_addr(c) - st_addr(space->lowest) < st_distance(space->lowest, space->highest);
}

/* Reports that the free chunk c was written to. Does not return. */
ST_INLINE void doubt_report_free(const st_chunk *c)
{
    st_misuse(st_misuse_broken_free, chunk_mem(c));
}

#endif
