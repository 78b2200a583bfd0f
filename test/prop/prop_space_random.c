/* SPDX-License-Identifier: MIT-0
 *
 * One space alone does what the model wants, whatever is asked of it.
 */
#include "model/shrink.h"

#include "space/space_quick.h"

/* Scripts; prop_space_random_long.c has more. */
#ifndef PROP_SCRIPTS
#define PROP_SCRIPTS 250
#endif

static st_space space;

static void *space_take_dirty(size_t req, char **dirty_end) ST_NO_LOCK_ANALYSIS
{
    if (space.secret == 0) st_space_init(&space, 0, st_os_entropy());
    st_lock_take(&space.lock);
    char *mem = st_space_alloc(&space, st_chunk_size_for(req), dirty_end);
    st_lock_drop(&space.lock);
    return mem;
}

static void *space_take(size_t req) { return space_take_dirty(req, NULL); }

static void *space_take_zero(size_t count, size_t size)
{
    char *dirty_end = NULL;
    char *mem = space_take_dirty(count * size, &dirty_end);
    if (mem == NULL) return NULL;
    if (st_addr(dirty_end) < st_addr(mem)) return NULL; /* is then reported */
    memset(mem, 0, st_min(st_distance(mem, dirty_end), count * size));
    return mem;
}

static void *space_take_aligned(size_t alignment, size_t req) ST_NO_LOCK_ANALYSIS
{
    if (alignment <= ST_CHUNK_GRAIN) return space_take(req);
    if (space.secret == 0) st_space_init(&space, 0, st_os_entropy());
    st_lock_take(&space.lock);
    void *mem = st_space_alloc_aligned(&space, alignment, st_chunk_size_for(req));
    st_lock_drop(&space.lock);
    return mem;
}

static void space_give(void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    st_space_free(&space, mem);
    st_lock_drop(&space.lock);
}

static size_t space_usable(const void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    size_t usable = st_space_usable(&space, mem);
    st_lock_drop(&space.lock);
    return usable;
}

static void *space_resize(void *mem, size_t req) ST_NO_LOCK_ANALYSIS
{
    size_t before = space_usable(mem);
    size_t usable = 0;
    st_lock_take(&space.lock);
    st_resize_result result = st_space_resize(&space, mem, st_chunk_size_for(req), &usable);
    st_lock_drop(&space.lock);
    if (usable != before || result == st_resize_misuse) return NULL; /* is then reported */
    if (result == st_resize_done) return mem;
    void *other = space_take(req);
    if (other == NULL) return NULL;
    memcpy(other, mem, st_min(usable, req));
    space_give(mem);
    return other;
}

static void space_trim(size_t pad) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    st_space_trim(&space, pad);
    st_lock_drop(&space.lock);
}

static int space_check(const char **first) { return st_space_check(&space, first); }

/* What the host gave is what the space and the page map say they have. */
static const char *space_account(const model *blocks)
{
    os_fake_counts counts;
    size_t map_size = 0;
    os_fake_count(&counts);
#if STRATA_PAGEMAP
    map_size = st_pagemap_reserved();
#endif
    if (counts.reserved + counts.committed != space.reserved + map_size) {
        return "address space is held that the space does not know of";
    }
    if (counts.committed != space.footprint + map_size) {
        return "memory is held that the space does not know of";
    }
    if (!STRATA_STATS) return NULL;
    if (blocks->count != space.allocations - space.frees) return "calls are not counted";
    return blocks->count == 0 && space.live != 0 ? "live memory is left" : NULL;
}

int main(int argc, char **argv)
{
    static const script_engine engine = {
        space_take, space_take_zero, space_take_aligned, space_resize, space_give, space_usable,
        space_trim, space_check,     space_account,      NULL,         NULL,
    };
    return shrink_main(argc, argv, &engine, PROP_SCRIPTS);
}
