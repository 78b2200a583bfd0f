/* SPDX-License-Identifier: MIT-0
 *
 * The process's heap over spaces and direct mappings.
 */
#include "api/heap.h"

#include "api/foreign.h"
#include "api/heap_spaces.h"
#include "books/options.h"
#include "books/report.h"
#include "map/clear.h"
#include "map/direct.h"
#include "map/room.h"
#include "slab/cache.h"

static struct {
    ST_ATOMIC(size_t) size_mismatches; /* sized frees that were wrong about the size */
    ST_ATOMIC(st_heap_last_resort) ask; /* relaxed: set before it is needed, as strata.h says */
} heap_state;

/* ---- who has a block ---- */

#if STRATA_HEAPS && STRATA_PAGEMAP
/* Who has blocks with this word; NULL if nobody. */
static const st_heap_others *heap_others_of(st_owner owner)
{
    return st_owner_kind_of(owner) == st_owner_heap ? st_heap_others_now() : NULL;
}
#endif

/* The space that owns `mem`, or NULL if none does. Without a page map there is one space, and
 * it decides itself. */
ST_ALWAYS_INLINE st_space *heap_owner(const void *mem)
{
#if STRATA_PAGEMAP
    st_owner owner = st_pagemap_get(mem);
    if (ST_UNLIKELY(st_owner_kind_of(owner) != st_owner_space)) return NULL;
    return heap_space(st_owner_idx_of(owner));
#else
    (void)mem;
    return heap_space(0);
#endif
}

st_space *st_heap_owner(const void *mem) { return heap_owner(mem); }

bool st_heap_has(const void *mem)
{
#if STRATA_PAGEMAP
    st_owner_kind kind = st_owner_kind_of(st_pagemap_get(mem));
    return kind == st_owner_space || kind == st_owner_direct;
#else
    (void)mem;
    return true;
#endif
}

/* ---- allocate ---- */

static bool heap_is_direct(size_t size)
{
    return STRATA_PAGEMAP && size >= st_option(direct_threshold);
}

static ST_COLD void *heap_alloc_direct(size_t req, size_t alignment, char **dirty_end)
{
#if STRATA_PAGEMAP
    bool is_zero = false;
    char *mem = st_direct_alloc(req, alignment, &is_zero);
    if (mem != NULL && dirty_end != NULL) *dirty_end = is_zero ? mem : mem + req;
    return mem;
#else
    (void)req;
    (void)alignment;
    (void)dirty_end;
    return NULL;
#endif
}

static void *heap_alloc_in(st_space *space, size_t req, size_t alignment, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    size_t size = st_chunk_size_for(req);
    if (alignment > ST_CHUNK_GRAIN) return st_space_alloc_aligned(space, alignment, size);
    return st_space_alloc(space, size, dirty_end);
}

/* The host has refused memory: 1. with what was cached given back, once more; 2. from any other space. */
static ST_COLD void *heap_alloc_elsewhere(size_t req, size_t alignment, char **dirty_end)
{
#if STRATA_PAGEMAP
    st_direct_trim();
#endif
#if STRATA_SLABS
    st_slices_give_way();
#endif
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++) {
        st_space *space = heap_space(idx);
        st_lock_take(&space->lock);
        void *mem = heap_alloc_in(space, req, alignment, dirty_end);
        st_lock_drop(&space->lock);
        if (mem != NULL) return mem;
    }
    return NULL;
}

void st_heap_set_last_resort(st_heap_last_resort ask)
{
    st_store_relaxed(&heap_state.ask, ask); /* relaxed: as above. */
}

/* 3. A mapping of its own, for which there may be room where no segment fits. 4. Whoever wants to be asked. */
static ST_COLD void *heap_alloc_scarce(size_t req, size_t alignment, char **dirty_end)
{
    void *mem = heap_alloc_elsewhere(req, alignment, dirty_end);
    if (mem == NULL) mem = heap_alloc_direct(req, alignment, dirty_end);
    st_heap_last_resort ask = st_load_relaxed(&heap_state.ask); /* relaxed: as above. */
    return mem != NULL || ask == NULL ? mem : ask(req, alignment, dirty_end);
}

/* Without threads there is nothing to enter or leave, and a space that has kept a block unmerged
 * is prepared: it can be asked at once. */
#define HEAP_ASKS_AT_ONCE (STRATA_SHORTCUTS && !STRATA_THREADS && STRATA_CHECK < 3)
#define HEAP_QUICK_REQUEST_MAX (ST_SMALL_LIMIT - ST_CHUNK_GRAIN - ST_CHUNK_OVERHEAD)
/* A request that gets a smallest chunk, and is not so small that its rounding would say less; where the
 * smallest chunk is one grain, none is. */
#define HEAP_ROUNDS_TOO_LOW (ST_CHUNK_MIN > ST_CHUNK_GRAIN)
#define HEAP_LEAST_REQUEST (ST_CHUNK_MIN - ST_CHUNK_GRAIN - ST_CHUNK_OVERHEAD + 1)

void *st_heap_take_kept(size_t req, char **dirty_end) ST_NO_LOCK_ANALYSIS
{
    if (!HEAP_ASKS_AT_ONCE || ST_UNLIKELY(req > HEAP_QUICK_REQUEST_MAX)) return NULL;
    /* Too small a number for a request that gets the smallest chunk: that list is empty. */
    size_t grains = (req + ST_CHUNK_OVERHEAD + ST_CHUNK_GRAIN - 1) / ST_CHUNK_GRAIN;
    st_chunk *c = st_space_take_quick(heap_space(0), grains);
    if (ST_UNLIKELY(c == NULL)) return NULL;
    return st_space_hand_out(heap_space(0), c, grains * ST_CHUNK_GRAIN, dirty_end);
}

static ST_NOINLINE void *heap_alloc_least(char **dirty_end)
{
    return st_heap_alloc(HEAP_LEAST_REQUEST, dirty_end);
}

/* The chunk for a request that st_heap_alloc_new has not sent to heap_alloc_least: what is not so
 * small needs no minimum. */
ST_ALWAYS_INLINE size_t heap_size_for(size_t req)
{
    if (HEAP_ASKS_AT_ONCE) return st_round_up(req + ST_CHUNK_OVERHEAD, ST_CHUNK_GRAIN);
    return st_chunk_size_for(req);
}

void *st_heap_alloc_new(size_t req, char **dirty_end) ST_NO_LOCK_ANALYSIS
{
    if (HEAP_ASKS_AT_ONCE && HEAP_ROUNDS_TOO_LOW && ST_UNLIKELY(req < HEAP_LEAST_REQUEST))
        return heap_alloc_least(dirty_end);
    if (ST_UNLIKELY(req > ST_REQUEST_MAX)) return NULL;
    size_t size = heap_size_for(req);
    if (ST_UNLIKELY(heap_is_direct(size))) {
        void *mem = heap_alloc_direct(req, 1, dirty_end);
        if (mem != NULL) return mem;
    }
    heap_ensure_prepared();
    st_space *space = heap_enter();
    void *mem = HEAP_ASKS_AT_ONCE ? st_space_search(space, size, dirty_end)
                                  : st_space_alloc(space, size, dirty_end);
    heap_leave(space);
    if (!STRATA_PAGEMAP || ST_LIKELY(mem != NULL)) return mem;
    return heap_alloc_scarce(req, 1, dirty_end);
}

ST_COLD size_t st_heap_alloc_batch(size_t req, void **blocks, size_t count) ST_NO_LOCK_ANALYSIS
{
    size_t taken = 0;
    heap_ensure_prepared();
    st_space *space = heap_enter();
    for (; taken < count; taken++) {
        blocks[taken] = st_space_search(space, st_chunk_size_for(req), NULL);
        if (blocks[taken] == NULL) break;
    }
    heap_leave(space);
    return taken;
}

void *st_heap_alloc(size_t req, char **dirty_end)
{
    void *mem = st_heap_take_kept(req, dirty_end);
    return ST_LIKELY(mem != NULL) ? mem : st_heap_alloc_new(req, dirty_end);
}

/* Where a block is at the end of a space it grows without being copied. It gets there only if that does
 * not touch fresh memory. */
ST_COLD void *st_heap_alloc_to_grow(size_t req) ST_NO_LOCK_ANALYSIS
{
    void *mem = NULL;
    if (req <= ST_REQUEST_MAX && !heap_is_direct(req)) {
        heap_ensure_prepared();
        st_space *space = heap_enter();
        mem = st_space_alloc_to_grow(space, st_chunk_size_for(req));
        heap_leave(space);
    }
    return mem != NULL ? mem : st_heap_alloc(req, NULL);
}

ST_COLD void *st_heap_alloc_in_space(size_t req, char **dirty_end) ST_NO_LOCK_ANALYSIS
{
    if (req > ST_REQUEST_MAX) return NULL;
    heap_ensure_prepared();
    st_space *space = heap_enter();
    space->takes_large = true;
    void *mem = st_space_alloc(space, st_chunk_size_for(req), dirty_end);
    space->takes_large = false;
    heap_leave(space);
    return mem != NULL ? mem : heap_alloc_elsewhere(req, 1, dirty_end);
}

void *st_heap_alloc_aligned(size_t alignment, size_t req) ST_NO_LOCK_ANALYSIS
{
    size_t room;
    if (alignment <= ST_CHUNK_GRAIN) return st_heap_alloc(req, NULL);
    if (req > ST_REQUEST_MAX || st_add_overflows(req, alignment, &room) ||
        room > ST_REQUEST_MAX)
        return NULL;
    if (heap_is_direct(room)) {
        void *mem = heap_alloc_direct(req, alignment, NULL);
        if (mem != NULL) return mem;
    }
    heap_ensure_prepared();
    st_space *space = heap_enter();
    void *mem = st_space_alloc_aligned(space, alignment, st_chunk_size_for(req));
    heap_leave(space);
    if (!STRATA_PAGEMAP || ST_LIKELY(mem != NULL)) return mem;
    return heap_alloc_scarce(req, alignment, NULL);
}

/* ---- free ---- */

static ST_COLD void heap_free_other(void *mem)
{
#if STRATA_PAGEMAP
    if (mem == NULL || st_foreign_free(mem)) return;
    st_owner owner = st_pagemap_get(mem);
    st_misuse_kind fault = st_misuse_foreign;
#if STRATA_HEAPS
    const st_heap_others *others = heap_others_of(owner);
    if (others != NULL) {
        others->free(mem, owner);
        return;
    }
#endif
    if (st_owner_kind_of(owner) == st_owner_direct) fault = st_direct_free(mem, owner);
    if (fault == st_misuse_none) return;
    st_heap_prepare();
    st_misuse(fault, mem);
#else
    (void)mem;
#endif
}

void st_heap_free(void *mem)
{
    st_space *space = heap_owner(mem);
    if (ST_UNLIKELY(space == NULL)) {
        heap_free_other(mem);
        return;
    }
    st_lock_enter(&space->lock);
    st_space_free(space, mem);
    heap_leave(space);
}

void st_heap_free_batch(void *const *blocks, size_t count) ST_NO_LOCK_ANALYSIS
{
    st_space *held = NULL;
    for (size_t i = 0; i < count; i++) {
        st_space *space = heap_owner(blocks[i]);
        if (space != held) {
            if (held != NULL) heap_leave(held);
            st_lock_take(&space->lock);
            held = space;
        }
        st_space_free_in_turn(space, blocks[i]);
    }
    if (held != NULL) heap_leave(held);
}

/* True if a block of `usable` bytes may be one that was asked for as `req` bytes: larger by what
 * can't be a chunk of its own, or, with a mapping of its own, by what a reused one may be. */
static bool heap_size_fits(size_t usable, size_t req)
{
    size_t slack = 2 * ST_CHUNK_MIN;
    if (heap_is_direct(usable)) slack = usable / 4 + st_os_page_size();
    return req <= usable && usable - req < slack;
}

void st_heap_note_mismatch(size_t usable, size_t told)
{
    if (STRATA_STATS) st_add_relaxed(&heap_state.size_mismatches, 1); /* relaxed: a statistic. */
    if (STRATA_CHECK >= 3 && usable != 0) st_misuse_of_size(usable, told); /* 0: worse is wrong */
}

void st_heap_count_mismatch(size_t usable, size_t req, size_t told)
{
    if (STRATA_STATS && ST_UNLIKELY(!heap_size_fits(usable, req)))
        st_heap_note_mismatch(usable, told);
}

/* One lock for both, the question and the deed. */
void st_heap_free_sized(void *mem, size_t req)
{
    st_space *space = heap_owner(mem);
    if (space == NULL) {
        st_heap_count_mismatch(st_heap_usable(mem), req, req);
        heap_free_other(mem);
        return;
    }
    st_lock_take(&space->lock);
    if (STRATA_STATS) st_heap_count_mismatch(st_space_usable(space, mem), req, req);
    st_space_free(space, mem);
    heap_leave(space);
}

size_t st_heap_size_mismatches(void)
{
    return st_load_relaxed(&heap_state.size_mismatches); /* relaxed: a statistic. */
}

/* ---- resize ---- */

/* A volatile-like copy that is never turned into a call: before the start the C library's
 * memcpy can't be called yet. */
void st_heap_copy(void *to, const void *from, size_t size)
{
    if (ST_LIKELY(st_os_is_started())) {
        st_copy(to, from, size);
        return;
    }
    volatile char *out = to;
    const volatile char *in = from;
    while (size-- > 0) *out++ = *in++;
}

void st_heap_fill_zero(void *mem, size_t size)
{
    if (ST_LIKELY(st_os_is_started())) {
        st_fill(mem, 0, size);
        return;
    }
    for (volatile char *at = mem; size > 0; size--) *at++ = 0;
}

void st_heap_clear(void *mem, size_t size)
{
    bool is_large = STRATA_PAGEMAP && STRATA_RETURN && size >= ST_CLEAR_MIN;
    if (is_large && st_os_is_started()) {
        st_clear(mem, size);
    } else {
        st_heap_fill_zero(mem, size);
    }
}

static ST_COLD void *heap_resize_other(void *mem, size_t req, size_t *usable)
{
#if STRATA_PAGEMAP
    st_owner owner = st_pagemap_get(mem);
    if (st_owner_kind_of(owner) == st_owner_direct) {
        *usable = st_direct_usable(mem, owner);
        /* A block that has become small goes where small ones live. */
        bool stays = *usable != 0 && req >= st_option(direct_threshold) / 2;
        if (stays) return st_direct_resize(mem, owner, req, true);
        if (*usable != 0) return NULL;
    }
#if STRATA_HEAPS
    const st_heap_others *others = heap_others_of(owner);
    if (others != NULL) return others->resize(mem, owner, req, true);
#endif
#endif
    void *resized = NULL;
    *usable = 0;
#if STRATA_PAGEMAP
    if (st_foreign_resize(mem, req, &resized)) return resized;
#endif
    (void)req;
    heap_free_other(mem); /* reports it */
    return resized;
}

void *st_heap_resize(void *mem, size_t req, size_t *usable)
{
    *usable = 0;
    if (req > ST_REQUEST_MAX) return NULL;
    st_space *space = heap_owner(mem);
    if (space == NULL) return heap_resize_other(mem, req, usable);
    st_lock_take(&space->lock);
    st_resize_result result = st_space_resize(space, mem, st_chunk_size_for(req), usable);
    heap_leave(space);
    return result == st_resize_done ? mem : NULL;
}

void *st_heap_resize_in_place(void *mem, size_t req)
{
    size_t usable = 0;
    if (req > ST_REQUEST_MAX) return NULL;
    if (heap_owner(mem) != NULL) return st_heap_resize(mem, req, &usable);
#if STRATA_PAGEMAP
    st_owner owner = st_pagemap_get(mem);
#if STRATA_HEAPS
    const st_heap_others *others = heap_others_of(owner);
    if (others != NULL) return others->resize(mem, owner, req, false);
#endif
    if (st_owner_kind_of(owner) == st_owner_direct && st_direct_usable(mem, owner) != 0)
        return st_direct_resize(mem, owner, req, false);
    if (st_foreign_is_tolerated(mem)) return NULL;
#endif
    heap_free_other(mem); /* reports it */
    return NULL;
}

/* ---- ask ---- */

#if STRATA_PAGEMAP
static size_t heap_usable_other(const void *mem, st_owner owner)
{
#if STRATA_HEAPS
    const st_heap_others *others = heap_others_of(owner);
    if (others != NULL) return others->usable(mem, owner);
#endif
    return st_owner_kind_of(owner) == st_owner_direct ? st_direct_usable(mem, owner) : 0;
}
#endif

ST_COLD size_t st_heap_usable(const void *mem)
{
    st_space *space = heap_owner(mem);
    if (space == NULL) {
#if STRATA_PAGEMAP
        return heap_usable_other(mem, st_pagemap_get(mem));
#else
        return 0;
#endif
    }
    st_lock_take(&space->lock);
    size_t usable = st_space_usable(space, mem);
    st_lock_drop(&space->lock);
    return usable;
}

size_t st_heap_usable_now(const void *mem)
{
    size_t usable = heap_owner(mem) != NULL ? st_space_usable_now(st_heap_secret, mem) : 0;
    return usable != 0 ? usable : st_heap_usable(mem);
}

ST_COLD void st_heap_take_options(void)
{
#if STRATA_QUICK
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++) {
        st_space *space = heap_space(idx);
        st_lock_take(&space->lock);
        st_space_flush_quick(space);
        st_lock_drop(&space->lock);
    }
#endif
}

ST_COLD bool st_heap_trim(size_t pad)
{
    bool any = false;
#if STRATA_PAGEMAP
    any = st_direct_trim();
#endif
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++) {
        st_space *space = heap_space(idx);
        st_lock_take(&space->lock);
        if (st_space_trim(space, pad)) any = true;
        st_lock_drop(&space->lock);
    }
    return any;
}
