/* SPDX-License-Identifier: MIT-0
 *
 * The front: the ways that are not the fastest.
 */
#include "api/front.h"

#include "api/shelf.h"

#if STRATA_SLABS

/* ---- allocate ---- */

/* 1. Small: new blocks for the magazine of its class, which the caller has found empty.
 * 2. Medium: what the thread keeps on a shelf.
 * 3. The heap. */
void *st_front_alloc(size_t req, char **dirty_end)
{
    if (st_cache_limit == 0) return st_heap_alloc(req, dirty_end);
    void *mem = NULL;
    if (req > ST_SLAB_LIMIT) {
        mem = st_front_take_medium(req); /* perhaps nobody has asked yet */
        if (mem == NULL && req <= ST_SHELF_LIMIT) mem = st_shelf_take_other(req, 1);
        if (mem == NULL) mem = st_shelf_miss(req);
    } else {
        mem = st_cache_refill(st_max(1, st_slab_class_for(req)));
    }
    if (mem == NULL) return st_heap_alloc(req, dirty_end);
    if (dirty_end != NULL) *dirty_end = st_at(mem, req);
    return mem;
}

/* A slab begins at a multiple of every alignment up to its size, so its blocks lie at multiples of
 * theirs. */
static size_t front_small_for(size_t alignment, size_t req) { return st_round_up(req, alignment); }

/* A kept block may happen to lie right: a program that frees an aligned block often asks for another
 * one, so what is small but aligned to much gets a size that is kept. */
static size_t front_medium_for(size_t req) { return st_max(req, ST_SLAB_LIMIT + 1); }

static ST_COLD void *front_alloc_aligned_new(size_t alignment, size_t req)
{
    void *mem = NULL;
    if (alignment > ST_SLAB_LIMIT || req > ST_SLAB_LIMIT) {
        size_t medium = front_medium_for(req);
        if (st_shelf_range == 0) return st_heap_alloc_aligned(alignment, req);
        if (medium <= ST_SHELF_LIMIT) mem = st_shelf_take_other(medium, alignment);
        return mem != NULL ? mem : st_heap_alloc_aligned(alignment, medium);
    }
    mem = st_front_alloc(front_small_for(alignment, st_max(req, 1)), NULL);
    if (mem == NULL || st_is_aligned(mem, alignment)) return mem;
    st_front_free(mem); /* it came from the heap */
    return st_heap_alloc_aligned(alignment, req);
}

void *st_front_alloc_aligned(size_t alignment, size_t req)
{
    void *mem;
    if (alignment <= ST_SLAB_LIMIT && req <= ST_SLAB_LIMIT) {
        mem = st_front_take(front_small_for(alignment, req));
    } else {
        size_t medium = front_medium_for(req) - (ST_SLAB_LIMIT + 1);
        mem = medium < st_shelf_range ? st_shelf_take(medium + ST_SLAB_LIMIT + 1, alignment) : NULL;
    }
    return ST_LIKELY(mem != NULL) ? mem : front_alloc_aligned_new(alignment, req);
}

/* ---- which part owns a pointer ---- */

/* The class of the slab that `mem` points into; 0 if it points into none. */
static size_t front_class_of(const void *mem)
{
    uintptr_t idx = st_slices_idx(mem);
    return idx < ST_SLICES_MAX ? st_slab_class_of(st_slices_word(idx)) : 0;
}

static bool front_is_in_space(const void *mem)
{
    return st_owner_kind_of(st_pagemap_get(mem)) == st_owner_space;
}

static bool front_is_kept(const void *mem)
{
    return front_is_in_space(mem) && st_shelf_keeps(mem);
}

void st_front_free_medium(void *mem)
{
    if (ST_LIKELY(front_is_in_space(mem))) {
        st_shelf_put(mem);
    } else {
        st_heap_free(mem);
    }
}

void st_front_free_remote(void *mem)
{
    if (front_class_of(mem) != 0) {
        st_cache_put_remote(mem);
    } else {
        st_heap_free(mem);
    }
}

/* A small block that is resized stays if it is large enough, and not much too large. */
static bool front_fits(size_t usable, size_t req)
{
    return req <= usable && usable - req <= usable / 4 + ST_SLAB_GRAIN;
}

/* True if a kept block of `usable` bytes may have been given for this request. */
static bool front_may_be_kept(size_t usable, size_t req)
{
    return st_shelf_fits(usable + ST_CHUNK_OVERHEAD, st_chunk_size_for(req));
}

/* A block may be larger than was asked for by its rounding and its alignment, which divides its
 * size; or as much as it may be if it was resized, or comes from a shelf; and what is small but aligned
 * to much is made larger. */
ST_COLD void st_front_free_sized_other(void *mem, size_t req)
{
    size_t usable = front_class_of(mem) * ST_SLAB_GRAIN;
    size_t told = req;
    req = st_max(req, 1);
    if (usable == 0) {
        usable = st_heap_usable_now(mem);
        if (usable > ST_SLAB_LIMIT) req = st_max(req, ST_SLAB_LIMIT + 1);
        if (usable > ST_SHELF_LIMIT || !front_may_be_kept(usable, req))
            st_heap_count_mismatch(usable, req, told);
    } else if (!front_fits(usable, req) &&
               (req > usable || usable - req >= (usable & (~usable + 1)))) {
        st_heap_note_mismatch(usable, told);
    }
    st_front_free(mem);
}

size_t st_front_usable(const void *mem)
{
    size_t class_idx = front_class_of(mem);
    if (class_idx == 0) return front_is_kept(mem) ? 0 : st_heap_usable(mem);
    return st_slab_is_start(mem, class_idx) ? class_idx * ST_SLAB_GRAIN : 0;
}

/* ---- resize ---- */

/* Blocks of at least this size that have to move to grow are put where they can grow on. */
#define FRONT_GROWING_MIN (32 * ST_KIB)

static void *front_alloc_moved(size_t usable, size_t req)
{
    if (req >= FRONT_GROWING_MIN && req > usable) return st_heap_alloc_to_grow(req);
    void *moved = st_front_take(req);
    return moved != NULL ? moved : st_front_alloc(req, NULL);
}

static ST_COLD void *front_move(void *mem, size_t usable, size_t req)
{
    if (req > ST_REQUEST_MAX) return NULL;
    void *moved = front_alloc_moved(usable, req);
    if (moved == NULL) return NULL;
    st_heap_copy(moved, mem, st_min(usable, req));
    st_front_free(mem);
    return moved;
}

/* True if a small block begins at `mem`; what is wrong is reported. Whether it is in use is asked only
 * by a thread that keeps nothing, as for a free. */
static bool front_is_sound(const void *mem, size_t class_idx)
{
    st_misuse_kind fault = st_misuse_none;
    if (ST_UNLIKELY(!st_slab_is_start(mem, class_idx))) {
        bool is_aligned = st_is_aligned(mem, ST_SLAB_GRAIN);
        fault = is_aligned ? st_misuse_interior : st_misuse_misaligned;
    } else if (ST_UNLIKELY(st_near.me == ST_CACHE_NOBODY)) {
        fault = st_cache_fault(mem);
    }
    if (fault != st_misuse_none) st_misuse(fault, mem);
    return fault == st_misuse_none;
}

/* True if a block in a space is as large as the request asks, and has no tail to give back: nothing has
 * to be locked for that. */
static bool front_stays(const void *mem, size_t req)
{
    size_t usable = st_space_usable_now(st_heap_secret, mem);
    return req <= usable && usable - req < ST_CHUNK_MIN && usable != 0;
}

void *st_front_realloc(void *mem, size_t req)
{
    size_t class_idx = front_class_of(mem);
    size_t usable = class_idx * ST_SLAB_GRAIN;
    if (class_idx != 0) {
        if (ST_UNLIKELY(!front_is_sound(mem, class_idx))) return NULL;
        if (front_fits(usable, req)) return mem;
    } else {
        if (front_is_in_space(mem)) {
            if (ST_UNLIKELY(st_shelf_keeps(mem))) {
                st_misuse(st_misuse_double_free, mem);
                return NULL;
            }
            if (front_stays(mem, req)) return mem;
        }
        void *resized = st_heap_resize(mem, req, &usable);
        if (resized != NULL || usable == 0) return resized;
    }
    return front_move(mem, usable, req);
}

void *st_front_resize_in_place(void *mem, size_t req)
{
    size_t class_idx = front_class_of(mem);
    if (class_idx != 0) {
        bool stays = front_is_sound(mem, class_idx) && req <= class_idx * ST_SLAB_GRAIN;
        return stays ? mem : NULL;
    }
    if (!front_is_kept(mem)) return st_heap_resize_in_place(mem, req);
    st_misuse(st_misuse_double_free, mem);
    return NULL;
}

/* ---- the rest ---- */

bool st_front_has(const void *mem)
{
    return front_class_of(mem) != 0 || st_heap_has(mem);
}

ST_COLD void st_front_take_options(void)
{
    if (st_os_is_started()) {
        st_shelf_flush();
        st_cache_take_options();
    }
    st_heap_take_options();
}

bool st_front_trim(size_t pad)
{
    bool any = false;
    if (st_os_is_started()) {
        st_shelf_flush();
        any = st_cache_trim();
        if (st_cache_purge(SIZE_MAX) != 0) any = true;
        if (st_slices_purge(pad)) any = true;
    }
    if (st_heap_trim(pad)) any = true;
    return any;
}

void st_front_end_thread(void)
{
    st_shelf_flush();
    st_cache_close();
}

#else

void *st_front_alloc(size_t req, char **dirty_end) { return st_heap_alloc_new(req, dirty_end); }

void *st_front_alloc_aligned(size_t alignment, size_t req)
{
    return st_heap_alloc_aligned(alignment, req);
}

void st_front_free_sized_other(void *mem, size_t req) { st_heap_free_sized(mem, req); }

void *st_front_realloc(void *mem, size_t req)
{
    size_t usable = 0;
    void *resized = st_heap_resize(mem, req, &usable);
    if (resized != NULL || usable == 0 || req > ST_REQUEST_MAX) return resized;
    void *moved = st_heap_alloc(req, NULL);
    if (moved == NULL) return NULL;
    st_heap_copy(moved, mem, st_min(usable, req));
    st_heap_free(mem);
    return moved;
}

void *st_front_resize_in_place(void *mem, size_t req) { return st_heap_resize_in_place(mem, req); }

bool st_front_has(const void *mem) { return st_heap_has(mem); }

size_t st_front_usable(const void *mem) { return st_heap_usable(mem); }

void st_front_take_options(void) { st_heap_take_options(); }

bool st_front_trim(size_t pad) { return st_heap_trim(pad); }

void st_front_end_thread(void) {}

#endif
