/* SPDX-License-Identifier: MIT-0
 *
 * The pool of free ranges of the host over MORECORE and MMAP: what was cut off for the sake of an alignment,
 * came back in the middle, or was refused when it should go back. It is given out again from the lowest
 * address up, always zero; what is known to be so already is not written to.
 *
 * A list in address order does: there are few ranges, as neighbors are one, and all that is rarely asked.
 * Proved by test/options/pool.c against a model, page by page, and by test/options/options.py with a MORECORE
 * whose memory is dirty and begins at no good address.
 */
#include "os/os_morecore_pool.h"

#if STRATA_HOST_MORECORE

#include "base/bits.h"

static char *morecore_pool_range_end(const st_morecore_range *range) { return (char *)range + range->size; }

static bool morecore_pool_is_new(const st_morecore_pool *pool, const void *addr)
{
    return ST_DL_MORECORE_CLEARS && st_addr(addr) >= st_addr(pool->fresh) &&
           st_addr(addr) < st_addr(pool->end);
}

/* Our own words in memory that nobody has written to yet go again. */
static void morecore_pool_erase(const st_morecore_pool *pool, st_morecore_range *range)
{
    if (morecore_pool_is_new(pool, range)) *range = (st_morecore_range){NULL, 0};
}

void st_morecore_pool_give(st_morecore_pool *pool, char *addr, size_t size)
{
    size_t page_size = st_os_page_size();
    size_t skipped = st_round_up(st_addr(addr), page_size) - st_addr(addr);
    if (size < skipped + page_size) return;
    char *start = addr + skipped;
    size = st_round_down(size - skipped, page_size);
    st_morecore_range **at = &pool->first;
    st_morecore_range *below = NULL;
    while (*at != NULL && st_addr(*at) < st_addr(start)) {
        below = *at;
        at = &below->next;
    }
    st_morecore_range *next = *at;
    if (next != NULL && start + size == (char *)next) {
        size += next->size;
        st_morecore_range *gone = next;
        next = next->next;
        morecore_pool_erase(pool, gone);
    }
    if (below != NULL && morecore_pool_range_end(below) == start) {
        below->size += size;
        below->next = next;
        return;
    }
    st_morecore_range *range = (st_morecore_range *)(void *)start;
    *range = (st_morecore_range){next, size};
    *at = range;
}

/* Cuts [addr, addr + size) out of the range at *at, and makes it zero. */
static void *morecore_pool_cut(st_morecore_pool *pool, st_morecore_range **at, char *addr, size_t size)
{
    st_morecore_range range = **at;
    char *base = (char *)*at;
    size_t below = st_distance(base, addr);
    size_t above = range.size - below - size;
    if (below == 0) morecore_pool_erase(pool, *at);
    if (above > 0) {
        st_morecore_range *rest = (st_morecore_range *)(void *)(addr + size);
        *rest = (st_morecore_range){range.next, above};
        range.next = rest;
    }
    if (below > 0) {
        (*at)->size = below;
        (*at)->next = range.next;
    } else {
        *at = range.next;
    }
    /* New memory is zero already, all of it from `fresh` on. */
    size_t dirty = size;
    if (morecore_pool_is_new(pool, addr))
        dirty = 0;
    else if (morecore_pool_is_new(pool, addr + size - 1))
        dirty = st_distance(addr, pool->fresh);
    st_fill(addr, 0, dirty);
    if (morecore_pool_is_new(pool, addr + size - 1)) pool->fresh = addr + size;
    return addr;
}

void *st_morecore_pool_take(st_morecore_pool *pool, size_t size, size_t alignment)
{
    for (st_morecore_range **at = &pool->first; *at != NULL; at = &(*at)->next) {
        size_t skipped = st_round_up(st_addr(*at), alignment) - st_addr(*at);
        if ((*at)->size >= skipped && (*at)->size - skipped >= size)
            return morecore_pool_cut(pool, at, (char *)*at + skipped, size);
    }
    return NULL;
}

bool st_morecore_pool_take_at(st_morecore_pool *pool, char *addr, size_t size)
{
    for (st_morecore_range **at = &pool->first; *at != NULL; at = &(*at)->next) {
        size_t skipped = st_distance(*at, addr);
        if (skipped >= (*at)->size) continue;
        if ((*at)->size - skipped < size) return false;
        morecore_pool_cut(pool, at, addr, size);
        return true;
    }
    return false;
}

char *st_morecore_pool_start_of(const st_morecore_pool *pool, char *end)
{
    st_morecore_range *range = pool->first;
    while (range != NULL && morecore_pool_range_end(range) != end) range = range->next;
    return range != NULL ? (char *)range : end;
}

void st_morecore_pool_drop(st_morecore_pool *pool, char *start)
{
    st_morecore_range **at = &pool->first;
    while ((char *)*at != start) at = &(*at)->next;
    *at = (*at)->next;
}

#endif
