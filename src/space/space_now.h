/* SPDX-License-Identifier: MIT-0
 *
 * What may be asked of a block in use by who has it, without the space's lock: its own head, which does
 * not change meanwhile but for the flag P.
 */
#ifndef ST_SPACE_NOW_H
#define ST_SPACE_NOW_H

#include "space/chunk.h"
#include "space/space.h"

/* Bytes usable at `mem`, in memory of the space; 0 if that is no block in use, or if its head lies in
 * another granule, so that its place has to be looked at more closely. */
ST_ALWAYS_INLINE size_t st_space_usable_now(const st_space *space, const void *mem)
{
    if (ST_UNLIKELY((st_addr(mem) & (ST_CHUNK_GRAIN - 1)) != 0)) return 0;
    if (ST_UNLIKELY((st_addr(mem) & (ST_GRANULE - 1)) < ST_CHUNK_HEADER)) return 0;
    const st_chunk *c = chunk_of(mem);
    size_t head = chunk_head_now(c);
    size_t size = head & ST_HEAD_SIZE;
    size_t settled = size | ST_HEAD_C | chunk_seal(c, size, space->secret);
    return ST_LIKELY((head & ~(size_t)ST_HEAD_P) == settled) ? size - ST_CHUNK_OVERHEAD : 0;
}

#endif
