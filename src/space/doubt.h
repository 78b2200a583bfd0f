/* SPDX-License-Identifier: MIT-0
 *
 * Doubt: what is asked of a pointer that was read from memory a user could have written, and what
 * is said when it turns out wrong. Private to this layer.
 */
#ifndef ST_DOUBT_H
#define ST_DOUBT_H

#include "books/report.h"
#include "space/space.h"

/* Where a block lies, in grains from the space's lowest address. What lies below that, or no
 * multiple of a grain above, gets a huge number: the bits that the division drops turn up at the
 * other end. So one comparison tells range and alignment; compilers make it a rotation. */
ST_ALWAYS_INLINE size_t doubt_place(const st_space *space, const void *mem)
{
    size_t offset = st_addr(mem) - st_addr(space->lowest);
    return offset / ST_CHUNK_GRAIN | offset * (SIZE_MAX / ST_CHUNK_GRAIN + 1);
}

/* True if `c` could be a chunk of this space: it lies where the space's segments lie. */
ST_ALWAYS_INLINE bool doubt_is_inside(const st_space *space, const void *c)
{
    return doubt_place(space, st_at(c, ST_CHUNK_HEADER)) < space->grains;
}

/* Reports that the free chunk c was written to. Does not return. */
ST_INLINE void doubt_report_free(const st_chunk *c)
{
    st_misuse(st_misuse_broken_free, chunk_mem(c));
}

#endif
