/* SPDX-License-Identifier: MIT-0
 *
 * The list of heaps: numbers, and what the process's heap asks of whoever has a number.
 */
#include "heaps/heaps.h"

#include "heaps/heap_block.h"

#if STRATA_HEAPS

typedef struct heaps_entry {
    ST_ATOMIC(strata_heap *) heap; /* NULL: there is none. Written under the lock, read by any thread */
    size_t size;                   /* of the caller's memory; of a spare number: the next one, + 1 */
} heaps_entry;

/* The first numbers need no memory of the host, batch n has room for 2^n times as many as batch 0. */
#define HEAPS_FIRST ((uint32_t)64)
#define HEAPS_BATCH ((uint32_t)4096)
#define HEAPS_BATCHES 12
#define HEAPS_MAX (HEAPS_FIRST + HEAPS_BATCH * ((1u << HEAPS_BATCHES) - 1))
ST_STATIC_ASSERT(HEAPS_MAX < (uint32_t)1 << 24, "a number has room in a word of the page map");

static struct {
    st_lock lock;   /* guards all below */
    uint32_t count; /* numbers that were ever used */
    uint32_t spare; /* one of them that no heap has, + 1; 0: there is none */
    ST_ATOMIC(heaps_entry *) batch[HEAPS_BATCHES]; /* set once, before a number in it is used */
    heaps_entry first[HEAPS_FIRST];
} heaps_state; /* all zero, so that it takes no room in the file */

/* ---- numbers ---- */

/* The batch of a number that is none of the first ones, and its place in there. */
static unsigned heaps_batch_of(uint32_t number, uint32_t *place)
{
    unsigned batch = st_highest_bit((number - HEAPS_FIRST) / HEAPS_BATCH + 1);
    *place = number - HEAPS_FIRST - HEAPS_BATCH * ((1u << batch) - 1);
    return batch;
}

static heaps_entry *heaps_entry_of(uint32_t number)
{
    if (number < HEAPS_FIRST) return &heaps_state.first[number];
    if (number >= HEAPS_MAX) return NULL;
    uint32_t place;
    /* relaxed: whoever has a number got it from a thread that saw this stored. */
    heaps_entry *entry = st_load_relaxed(&heaps_state.batch[heaps_batch_of(number, &place)]);
    return entry == NULL ? NULL : entry + place;
}

/* Makes sure that the next new number has an entry. */
static bool heaps_add_batch(void)
{
    uint32_t place;
    if (heaps_state.count == HEAPS_MAX) return false;
    if (heaps_entry_of(heaps_state.count) != NULL) return true;
    unsigned batch = heaps_batch_of(heaps_state.count, &place);
    size_t size = st_round_up(sizeof(heaps_entry) * HEAPS_BATCH << batch, ST_GRANULE);
    heaps_entry *entries = st_os_map(size, st_os_page_size());
    if (entries == NULL) return false;
    st_store_relaxed(&heaps_state.batch[batch], entries); /* relaxed: as above. */
    return true;
}

static bool heaps_take_number(uint32_t *number)
{
    if (heaps_state.spare != 0) {
        *number = heaps_state.spare - 1;
        heaps_state.spare = (uint32_t)heaps_entry_of(*number)->size;
        return true;
    }
    if (!heaps_add_batch()) return false;
    *number = heaps_state.count++;
    return true;
}

static void heaps_give_number(uint32_t number)
{
    heaps_entry_of(number)->size = heaps_state.spare;
    heaps_state.spare = number + 1;
}

static void heaps_set(heaps_entry *entry, strata_heap *heap)
{
    /* relaxed: whoever holds a block of the heap got it from a thread that saw this stored. */
    st_store_relaxed(&entry->heap, heap);
}

static strata_heap *heaps_get(uint32_t number)
{
    heaps_entry *entry = heaps_entry_of(number);
    return entry == NULL ? NULL : st_load_relaxed(&entry->heap); /* relaxed: as above. */
}

strata_heap *st_heaps_at(uint32_t number) { return heaps_get(number); }

/* The heap of this number if it is still there: whoever forgot one on memory of his own, and uses that for
 * something else, has made it be none. The lock is held. */
static ST_COLD strata_heap *heaps_get_sound(uint32_t number)
{
    strata_heap *heap = heaps_get(number);
    if (heap == NULL || heaps_entry_of(number)->size == 0) return heap;
    bool is_sound = heap->space.secret == heap_object_secret(number) &&
                    heap->space.owner == st_owner_make(st_owner_heap, number);
    if (is_sound) return heap;
    heaps_set(heaps_entry_of(number), NULL);
    heaps_give_number(number);
    return NULL;
}

/* ---- coming and going ---- */

/* Forgets a heap of which [start, start + size) holds a part. */
static ST_COLD void heaps_forget(const void *start, size_t size)
{
    for (uint32_t number = 0; number < heaps_state.count; number++) {
        const strata_heap *heap = heaps_get(number);
        heaps_entry *entry = heaps_entry_of(number);
        if (heap == NULL || entry->size == 0) continue;
        bool overlaps = st_distance(start, heap) < size || st_distance(heap, start) < entry->size;
        if (!overlaps) continue;
        heaps_set(entry, NULL);
        heaps_give_number(number);
    }
}

ST_COLD void st_heaps_add(strata_heap *heap, size_t size)
{
    uint32_t number = st_owner_idx_of(heap->space.owner);
    st_lock_take(&heaps_state.lock);
    if (size != 0) heaps_forget(heap, size);
    heaps_entry_of(number)->size = size;
    heaps_set(heaps_entry_of(number), heap);
    st_lock_drop(&heaps_state.lock);
}

bool st_heaps_remove(const strata_heap *heap)
{
    uint32_t number = st_owner_idx_of(heap->space.owner);
    st_lock_take(&heaps_state.lock);
    bool is_there = heaps_get(number) == heap;
    if (is_there) heaps_set(heaps_entry_of(number), NULL);
    st_lock_drop(&heaps_state.lock);
    return is_there;
}

void st_heaps_give_number(uint32_t number)
{
    st_lock_take(&heaps_state.lock);
    heaps_give_number(number);
    st_lock_drop(&heaps_state.lock);
}

/* ---- looking ---- */

STRATA_EXPORT ST_COLD strata_heap *strata_heap_next(const strata_heap *heap)
{
    strata_heap *next = NULL;
    st_lock_take(&heaps_state.lock);
    uint32_t number = heap == NULL ? 0 : st_owner_idx_of(heap->space.owner) + 1;
    for (; next == NULL && number < heaps_state.count; number++) {
        next = heaps_get_sound(number);
        if (next != NULL && next->is_shadow) next = NULL;
    }
    st_lock_drop(&heaps_state.lock);
    return next;
}

/* True if `mem` lies in what a heap has on memory of the caller's; without a page map, also if it lies in
 * one that has none. */
static bool heaps_is_around(strata_heap *heap, size_t size, const void *mem)
{
    if (st_distance(heap, mem) < size) return true;
    if (STRATA_PAGEMAP || size != 0) return false;
    st_heap_enter(heap);
    bool has = heap_object_has(heap, mem);
    st_heap_leave(heap);
    return has;
}

static ST_COLD strata_heap *heaps_around(const void *mem)
{
    strata_heap *found = NULL;
    st_lock_take(&heaps_state.lock);
    for (uint32_t number = 0; number < heaps_state.count && found == NULL; number++) {
        strata_heap *heap = heaps_get(number);
        if (heap != NULL && heaps_is_around(heap, heaps_entry_of(number)->size, mem)) found = heap;
    }
    if (found != NULL && found->is_shadow) found = NULL;
    st_lock_drop(&heaps_state.lock);
    return found;
}

STRATA_EXPORT ST_COLD strata_heap *strata_heap_of(const void *mem)
{
#if STRATA_PAGEMAP
    st_owner owner = st_pagemap_get(mem);
    if (st_owner_kind_of(owner) == st_owner_heap) return heaps_get(st_owner_idx_of(owner));
#endif
    return heaps_around(mem);
}

/* Whoever holds the lock of a heap may be in a function that gives it pages, and want the list: so nobody
 * waits for such a lock with the list's held. */
strata_heap *st_heaps_hold_next(uint32_t *number) ST_NO_LOCK_ANALYSIS
{
    for (;; st_os_yield()) {
        strata_heap *heap = NULL;
        st_lock_take(&heaps_state.lock);
        while (heap == NULL && *number < heaps_state.count) heap = heaps_get_sound((*number)++);
        if (heap != NULL && st_lock_try(&heap->space.lock)) return heap;
        st_lock_drop(&heaps_state.lock);
        if (heap == NULL) return NULL;
        --*number;
    }
}

void st_heaps_let_go(strata_heap *heap) ST_NO_LOCK_ANALYSIS
{
    st_lock_drop(&heap->space.lock);
    st_lock_drop(&heaps_state.lock);
}

/* ---- for the process's heap ---- */

static void heaps_free(void *mem, st_owner owner)
{
    strata_heap *heap = heaps_get(st_owner_idx_of(owner));
    if (heap == NULL) {
        st_misuse(st_misuse_foreign, mem);
    } else {
        strata_heap_free(heap, mem);
    }
}

static void *heaps_resize(void *mem, st_owner owner, size_t req, bool may_move)
{
    strata_heap *heap = heaps_get(st_owner_idx_of(owner));
    if (heap == NULL) {
        st_misuse(st_misuse_foreign, mem);
        return NULL;
    }
    return may_move ? st_heap_block_resize(heap, mem, req) : strata_heap_realloc_in_place(heap, mem, req);
}

static size_t heaps_usable(const void *mem, st_owner owner)
{
    strata_heap *heap = heaps_get(st_owner_idx_of(owner));
    return heap == NULL ? 0 : strata_heap_usable_size(heap, mem);
}

static ST_COLD void heaps_unlock(uint32_t count) ST_NO_LOCK_ANALYSIS
{
    while (count-- > 0) {
        strata_heap *heap = heaps_get_sound(count);
        if (heap != NULL) st_lock_drop(&heap->space.lock);
    }
    st_lock_drop(&heaps_state.lock);
}

/* All heaps have one rank, as nobody else ever holds two: so each is struck off the ranks that are held
 * before the next one is taken. False, and none is held, if one is taken. */
static ST_COLD bool heaps_try_lock_all(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&heaps_state.lock);
    for (uint32_t number = 0; number < heaps_state.count; number++) {
        strata_heap *heap = heaps_get_sound(number);
        if (heap == NULL) continue;
        if (!st_lock_try(&heap->space.lock)) {
            heaps_unlock(number);
            return false;
        }
        if (STRATA_CHECK >= 2) st_lock_note_dropped(&heap->space.lock);
    }
    return true;
}

static ST_COLD void heaps_lock_all(void)
{
    while (!heaps_try_lock_all()) st_os_yield(); /* as in st_heaps_hold_next */
}

static ST_COLD void heaps_unlock_all(void) { heaps_unlock(heaps_state.count); }

static ST_COLD void heaps_reset_locks(void)
{
    for (uint32_t number = 0; number < heaps_state.count; number++) {
        strata_heap *heap = heaps_get_sound(number);
        if (heap != NULL) st_lock_reset(&heap->space.lock);
    }
    st_lock_reset(&heaps_state.lock);
}

static const st_heap_others heaps_others = {
    heaps_free,     heaps_resize,  heaps_usable,      heaps_lock_all, heaps_unlock_all, heaps_reset_locks,
    st_heaps_check, st_heaps_walk, st_heaps_describe, st_heaps_total};

/* Tells each heap's segments of the host's by the heap's name. */
static void heaps_name(const st_space *space, void *addr, size_t size)
{
    const strata_heap *heap = heap_object_of(space);
    if (heap->name[0] != '\0') st_os_name(addr, size, heap->name);
}

/* The locks of the process's heap are taken for the first heap only: for others one may be held. */
ST_COLD bool st_heaps_take_number(uint32_t *number)
{
    if (st_heap_others_now() == NULL) {
        st_heap_prepare();
        st_space_hook = heaps_name;
        st_heap_set_others(&heaps_others);
    }
    st_lock_take(&heaps_state.lock);
#if STRATA_THREADS
    heaps_state.lock.rank = st_lock_rank_heaps;
#endif
    bool done = heaps_take_number(number);
    st_lock_drop(&heaps_state.lock);
    return done;
}

#endif
