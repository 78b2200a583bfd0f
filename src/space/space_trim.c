/* SPDX-License-Identifier: MIT-0
 *
 * Giving back, on request, all that is free: top, whole segments, and the pages inside free
 * chunks. What happens unasked is in space_grow.c.
 */
#include "space/space.h"

/* Purges the whole pages between a free chunk's links and its end, once: the flag is gone as soon
 * as the chunk is used or merged. */
static int trim_chunk(void *context, const st_segment *segment, const st_chunk *chunk,
                            size_t size, st_chunk_kind kind)
{
    bool *any = context;
    size_t page_size = st_os_page_size();
    (void)segment;
    if (kind != st_chunk_free || chunk_is_purged(chunk)) return 0;
    size_t links = sizeof(st_chunk) + 3 * sizeof(void *); /* those of a tree chunk */
    uintptr_t start = st_round_up(st_addr(chunk) + links, page_size);
    uintptr_t end = st_round_down(st_addr(chunk) + size, page_size);
    if (start < end && st_os_purge(st_at(chunk, start - st_addr(chunk)), end - start)) {
        chunk_set_flag(chunk_at(chunk, 0), ST_HEAD_Q);
        *any = true;
    }
    return 0;
}

bool st_space_trim(st_space *space, size_t pad)
{
    bool any = false;
#if STRATA_QUICK
    st_space_flush_quick(space);
#endif
    if (st_space_release_segments(space)) any = true;
    if (st_space_trim_top(space, pad)) any = true;
    st_space_walk(space, trim_chunk, &any);
    return any;
}
