/* SPDX-License-Identifier: MIT-0
 *
 * What is known of the pages of free chunks that went back. Owns INV-SPACE-22.
 */
#include "space/clean.h"

#include "map/room.h"

st_clean st_clean_pages(const st_chunk *c, size_t size)
{
    size_t page_size = st_os_page_size();
    uintptr_t from = st_round_up(st_addr(c) + sizeof(st_clean_chunk), page_size);
    uintptr_t to = st_round_down(st_addr(c) + size, page_size);
    return (st_clean){from, st_max(from, to)};
}

#if STRATA_RETURN

ST_STATIC_ASSERT(sizeof(st_clean_chunk) <= ST_SMALL_LIMIT, "a tree chunk has room for its clean range");

/* What of a range lies in these pages; if none does, none at their end. */
static st_clean clean_clip(st_clean clean, st_clean pages)
{
    uintptr_t from = st_max(clean.from, pages.from);
    uintptr_t to = st_min(clean.to, pages.to);
    return from < to ? (st_clean){from, to} : (st_clean){pages.to, pages.to};
}

ST_COLD st_clean st_clean_of(const st_chunk *c)
{
    st_clean pages = st_clean_pages(c, chunk_size(c));
    if (!chunk_is_purged(c)) return (st_clean){pages.to, pages.to};
    return clean_clip(((const st_clean_chunk *)(const void *)c)->clean, pages);
}

ST_COLD st_clean st_clean_take(st_chunk *c)
{
    st_clean clean = st_clean_of(c);
    chunk_clear_flag(c, ST_HEAD_Q);
    return clean;
}

/* That many bytes are no longer known to be clean. */
static void clean_lose(st_space *space, size_t size)
{
    if (size == 0) return;
    space->purged -= st_min(space->purged, size);
    space->held += size;
    st_room_count(size);
}

ST_COLD st_clean st_clean_join(st_space *space, st_clean a, st_clean b)
{
    bool a_is_larger = a.to - a.from >= b.to - b.from;
    st_clean lost = a_is_larger ? b : a;
    clean_lose(space, lost.to - lost.from);
    return a_is_larger ? a : b;
}

ST_COLD void st_clean_put(st_space *space, st_chunk *c, st_clean clean)
{
    st_clean kept = {clean.to, clean.to};
    if (c != NULL) kept = clean_clip(clean, st_clean_pages(c, chunk_size(c)));
    clean_lose(space, (clean.to - clean.from) - (kept.to - kept.from));
    if (st_clean_is_none(kept)) return;
    chunk_set_flag(c, ST_HEAD_Q);
    ((st_clean_chunk *)(void *)c)->clean = kept;
}

#endif
