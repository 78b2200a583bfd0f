/* SPDX-License-Identifier: MIT-0
 *
 * What may be asked of a block in use by who has it, without the space's lock: its own head, which does
 * not change meanwhile but for the flag P.
 */
#ifndef ST_SPACE_NOW_H
#define ST_SPACE_NOW_H

#include "map/pagemap.h"
#include "space/chunk.h"

/* Bytes of the chunk whose block is at `mem`, in memory of a space with this secret; 0 if that is no
 * block in use, if its head lies in another granule, so that its place has to be looked at more
 * closely, or if it has 4 GiB and more: that makes the test of all others short. */
ST_ALWAYS_INLINE size_t st_space_chunk_now(size_t secret, const void *mem)
{
    if (ST_UNLIKELY((st_addr(mem) & (ST_CHUNK_GRAIN - 1)) != 0)) return 0;
    if (ST_UNLIKELY((st_addr(mem) & (ST_GRANULE - 1)) < ST_CHUNK_HEADER)) return 0;
    const st_chunk *c = chunk_of(mem);
    size_t head = chunk_head_now(c);
    size_t size = (uint32_t)head & ~(uint32_t)ST_HEAD_FLAGS;
    size_t settled = size | ST_HEAD_C | chunk_seal(c, size, secret);
    return ST_LIKELY((head & ~(size_t)ST_HEAD_P) == settled) ? size : 0;
}

/* Bytes usable in it; 0 for the same reasons. */
ST_INLINE size_t st_space_usable_now(size_t secret, const void *mem)
{
    size_t size = st_space_chunk_now(secret, mem);
    return size == 0 ? 0 : size - ST_CHUNK_OVERHEAD;
}

#endif
