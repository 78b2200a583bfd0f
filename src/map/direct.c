/* SPDX-License-Identifier: MIT-0
 *
 * Large blocks, each in a mapping of its own, and the cache of freed ones.
 *
 * A record is in use; cached (linked in the cache, newest first); spare; or moving: a thread that
 * took it out is asking the host to map, resize or unmap its memory, without the lock. While it is in use
 * or cached its mapping is in the page map. Records live in batches of whole granules that are taken
 * from the host and never given back; the number of a record never changes.
 */
#include "map/direct.h"

#include "books/options.h"
#include "map/footprint.h"
#include "map/room.h"

#if STRATA_PAGEMAP

typedef enum direct_status { direct_spare, direct_used, direct_cached, direct_moving } direct_status;

typedef struct direct_record direct_record;
struct direct_record {
    char *mem;           /* start of the block and of its mapping; NULL if spare */
    size_t size;         /* bytes mapped, whole pages */
    direct_record *next; /* in the cache or the spare list */
    uint32_t idx;        /* number of this record */
    uint32_t status;     /* a direct_status */
};

/* Enough for the 65,530 mappings that Linux allows a process. */
#define DIRECT_BATCH_RECORDS (ST_GRANULE / sizeof(direct_record))
#define DIRECT_BATCHES 64
/* Of what may be cached, what stays when it goes back because of time. */
#define DIRECT_CACHE_SHARE 8

static struct {
    st_lock lock;
    direct_record *batch[DIRECT_BATCHES];
    uint32_t batch_count;
    direct_record *spare;
    direct_record *cache; /* newest first */
    uint32_t last_purge;  /* when much of it went back because of time: see st_room_is_due */
    st_direct_totals totals;
} direct_state = {.lock = {.rank = st_lock_rank_direct}};

/* Fresh memory of the host, if the footprint may grow so much. */
static void *direct_take_memory(size_t size, size_t alignment)
{
    if (!st_footprint_take(size)) return NULL;
    void *mem = st_os_map(size, alignment);
    if (mem == NULL) st_footprint_refuse(size);
    return mem;
}

/* ---- records; the lock is held, but where a function takes it ---- */

static bool direct_add_batch(direct_record *batch)
{
    if (direct_state.batch_count == DIRECT_BATCHES) return false;
    uint32_t first_idx = direct_state.batch_count * (uint32_t)DIRECT_BATCH_RECORDS;
    direct_state.batch[direct_state.batch_count++] = batch;
    direct_state.totals.records += ST_GRANULE;
    for (size_t i = DIRECT_BATCH_RECORDS; i-- > 0;) {
        batch[i].idx = first_idx + (uint32_t)i;
        batch[i].next = direct_state.spare;
        direct_state.spare = &batch[i];
    }
    return true;
}

static ST_NOINLINE direct_record *direct_take_spare(void)
{
    st_lock_take(&direct_state.lock);
    direct_record *record = direct_state.spare;
    if (record != NULL) {
        direct_state.spare = record->next;
        record->status = direct_moving;
    }
    st_lock_drop(&direct_state.lock);
    return record;
}

/* If there is none, one of a new batch, for which the host is asked without the lock. */
static ST_COLD direct_record *direct_take_record(void)
{
    direct_record *record = direct_take_spare();
    if (record != NULL) return record;
    direct_record *batch = direct_take_memory(ST_GRANULE, st_os_page_size());
    if (batch == NULL) return NULL;
    st_lock_take(&direct_state.lock);
    bool is_added = direct_add_batch(batch);
    st_lock_drop(&direct_state.lock);
    if (!is_added && st_os_release(batch, ST_GRANULE)) st_footprint_give(ST_GRANULE);
    return direct_take_spare();
}

static void direct_give_record(direct_record *record)
{
    record->mem = NULL;
    record->size = 0;
    record->status = direct_spare;
    record->next = direct_state.spare;
    direct_state.spare = record;
}

/* The record that a page map word names, or NULL. */
static direct_record *direct_record_of(st_owner owner)
{
    uint32_t idx = st_owner_idx_of(owner);
    if (idx >= direct_state.batch_count * DIRECT_BATCH_RECORDS) return NULL;
    return &direct_state.batch[idx / DIRECT_BATCH_RECORDS][idx % DIRECT_BATCH_RECORDS];
}

/* The record of the block in use that starts at `mem`, or NULL if none does. */
static direct_record *direct_find(const void *mem, st_owner owner)
{
    direct_record *record = direct_record_of(owner);
    bool found = record != NULL && record->status == direct_used && record->mem == mem;
    return found ? record : NULL;
}

/* Why direct_find has found nothing. */
static st_misuse_kind direct_fault(const void *mem, st_owner owner)
{
    const direct_record *record = direct_record_of(owner);
    if (record == NULL || record->status == direct_spare) return st_misuse_foreign;
    return record->mem == mem ? st_misuse_double_free : st_misuse_interior;
}

/* ---- the cache; the lock is held ---- */

/* Takes the smallest cached mapping out that holds `size` bytes at `alignment` and is at most a
 * quarter larger: a looser fit would hold memory that the block does not use. */
static direct_record *direct_cache_take(size_t size, size_t alignment)
{
    direct_record **best = NULL;
    for (direct_record **at = &direct_state.cache; *at != NULL; at = &(*at)->next) {
        if ((*at)->size < size || (*at)->size - size > size / 4) continue;
        if (!st_is_aligned((*at)->mem, alignment)) continue;
        if (best == NULL || (*at)->size < (*best)->size) best = at;
    }
    if (best == NULL) return NULL;
    direct_record *record = *best;
    *best = record->next;
    direct_state.totals.cached -= record->size;
    return record;
}

/* Takes the oldest mapping out if the cache holds more than `limit` bytes; else NULL. */
static direct_record *direct_cache_take_excess(size_t limit)
{
    if (direct_state.totals.cached <= limit) return NULL;
    direct_record **at = &direct_state.cache;
    while ((*at)->next != NULL) at = &(*at)->next;
    direct_record *record = *at;
    *at = NULL;
    record->status = direct_moving;
    direct_state.totals.cached -= record->size;
    return record;
}

/* Returns cached mappings, oldest first, until at most `limit` bytes are left. The lock is not
 * held: it is taken around each step, and dropped around the calls of the host. Tells how many bytes that
 * were. */
static ST_COLD size_t direct_cache_shrink(size_t limit)
{
    size_t done = 0;
    for (;;) {
        st_lock_take(&direct_state.lock);
        direct_record *record = direct_cache_take_excess(limit);
        st_lock_drop(&direct_state.lock);
        if (record == NULL) return done;
        done += record->size;
        st_pagemap_set(record->mem, 1, 0);
        /* A host that refuses (too many mappings) still takes the pages. */
        if (!st_os_release(record->mem, record->size)) st_os_purge(record->mem, record->size);
        st_room_give(record->size);
        st_footprint_give(record->size);
        st_lock_take(&direct_state.lock);
        direct_give_record(record);
        st_lock_drop(&direct_state.lock);
    }
}

/* ---- allocate ---- */

static void direct_note_peaks(void)
{
    st_direct_totals *totals = &direct_state.totals;
    totals->live_peak = st_max(totals->live_peak, totals->live);
    totals->peak = st_max(totals->peak, totals->live + totals->cached);
}

static void direct_begin_use(direct_record *record)
{
    record->status = direct_used;
    direct_state.totals.live += record->size;
    st_room_use(record->size);
    direct_note_peaks();
    direct_state.totals.blocks++;
    direct_state.totals.allocations++;
}

static void direct_end_use(direct_record *record)
{
    direct_state.totals.live -= record->size;
    st_room_use((size_t)0 - record->size);
    direct_state.totals.blocks--;
    record->status = direct_cached;
}

/* Maps fresh memory for `record`, which nobody else knows. */
static bool direct_map(direct_record *record, size_t size, size_t alignment)
{
    char *mem = direct_take_memory(size, alignment);
    if (mem == NULL) return false;
    if (!st_pagemap_set(mem, 1, st_owner_make(st_owner_direct, record->idx))) {
        st_os_release(mem, size);
        st_footprint_give(size);
        return false;
    }
    record->mem = mem;
    record->size = size;
    return true;
}

static void *direct_alloc_fresh(size_t size, size_t alignment)
{
    direct_record *record = direct_take_record();
    if (record == NULL) return NULL;
    bool mapped = direct_map(record, size, alignment);
    st_lock_take(&direct_state.lock);
    if (mapped) {
        direct_begin_use(record);
    } else {
        direct_give_record(record);
    }
    st_lock_drop(&direct_state.lock);
    if (!mapped) st_room_give(size);
    return mapped ? record->mem : NULL;
}

void *st_direct_alloc(size_t req, size_t alignment, bool *is_zero)
{
    size_t size;
    if (st_add_overflows(req, st_os_page_size() - 1, &size)) return NULL;
    size = st_max(st_round_down(size, st_os_page_size()), st_os_page_size());
    alignment = st_max(alignment, ST_GRANULE);
    st_lock_take(&direct_state.lock);
    direct_record *record = direct_cache_take(size, alignment);
    if (record != NULL) direct_begin_use(record);
    st_lock_drop(&direct_state.lock);
    *is_zero = record == NULL;
    if (record != NULL) return record->mem;
    st_room_take_from_all(size);
    return direct_alloc_fresh(size, alignment);
}

/* ---- free ---- */

st_misuse_kind st_direct_free(void *mem, st_owner owner)
{
    size_t limit = st_option(direct_cache);
    st_misuse_kind fault = st_misuse_none;
    st_lock_take(&direct_state.lock);
    if (st_room_is_due(&direct_state.last_purge)) limit /= DIRECT_CACHE_SHARE;
    direct_record *record = direct_find(mem, owner);
    bool is_full = false;
    size_t freed = 0;
    if (record == NULL) {
        fault = direct_fault(mem, owner);
    } else {
        direct_end_use(record);
        freed = record->size;
        direct_state.totals.frees++;
        record->next = direct_state.cache;
        direct_state.cache = record;
        direct_state.totals.cached += record->size;
        is_full = direct_state.totals.cached > limit;
    }
    st_lock_drop(&direct_state.lock);
    if (is_full) direct_cache_shrink(limit);
    if (freed != 0) st_room_settle(freed);
    return fault;
}

ST_COLD size_t st_direct_shrink(size_t size)
{
    st_lock_take(&direct_state.lock);
    size_t cached = direct_state.totals.cached;
    st_lock_drop(&direct_state.lock);
    return cached > 0 ? direct_cache_shrink(cached > size ? cached - size : 0) : 0;
}

bool st_direct_trim(void)
{
    return direct_cache_shrink(0) != 0;
}

/* ---- ask and resize ---- */

size_t st_direct_usable(const void *mem, st_owner owner)
{
    st_lock_take(&direct_state.lock);
    const direct_record *record = direct_find(mem, owner);
    size_t usable = record != NULL ? record->size : 0;
    st_lock_drop(&direct_state.lock);
    return usable;
}

/* Moves the block to a new place without copying.
 * 1. The new place gets a word in the page map, which may need memory, but no owner yet.
 * 2. The old word goes before the move: from then on those addresses may be anybody's, who sets a
 *    word of his own there.
 * 3. The new word comes after it: a move that fails may leave those addresses to anybody, too. */
static bool direct_move(direct_record *record, size_t size)
{
    st_owner owner = st_owner_make(st_owner_direct, record->idx);
    char *target = st_os_reserve(size, ST_GRANULE);
    if (target == NULL) return false;
    if (!st_pagemap_set(target, 1, 0)) {
        st_os_release(target, size);
        return false;
    }
    st_pagemap_set(record->mem, 1, 0);
    if (!st_os_move(record->mem, record->size, size, target)) {
        st_pagemap_set(record->mem, 1, owner);
        return false;
    }
    st_pagemap_set(target, 1, owner);
    record->mem = target;
    return true;
}

/* The lock is not held: nobody else finds the record. */
static bool direct_resize(direct_record *record, size_t size, bool may_move)
{
    if (size == record->size) return true;
    size_t more = size > record->size ? size - record->size : 0;
    if (!st_footprint_take(more)) return false;
    bool done = st_os_resize(record->mem, record->size, size) ||
                (may_move && direct_move(record, size));
    if (!done) st_footprint_refuse(more);
    if (!done) return false;
    if (size < record->size) st_footprint_give(record->size - size);
    st_room_use(size - record->size);
    if (size < record->size) st_room_give(record->size - size);
    record->size = size;
    return true;
}

/* Takes the block's record out, or puts it back. */
static void direct_begin_move(direct_record *record)
{
    record->status = direct_moving;
    direct_state.totals.live -= record->size;
    direct_state.totals.blocks--;
}

static ST_COLD void direct_end_move(direct_record *record)
{
    st_lock_take(&direct_state.lock);
    record->status = direct_used;
    direct_state.totals.live += record->size;
    direct_state.totals.blocks++;
    direct_note_peaks();
    st_lock_drop(&direct_state.lock);
}

ST_COLD void *st_direct_resize(void *mem, st_owner owner, size_t req, bool may_move)
{
    size_t size;
    if (st_add_overflows(req, st_os_page_size() - 1, &size)) return NULL;
    size = st_max(st_round_down(size, st_os_page_size()), st_os_page_size());
    st_lock_take(&direct_state.lock);
    direct_record *record = direct_find(mem, owner);
    if (record != NULL) direct_begin_move(record);
    st_lock_drop(&direct_state.lock);
    if (record == NULL) return NULL;
    size_t old_size = record->size;
    bool done = direct_resize(record, size, may_move);
    void *result = done ? record->mem : NULL;
    direct_end_move(record);
    /* Its new pages are not touched yet. */
    if (done && size > old_size) st_room_take_from_all(size - old_size);
    return result;
}

/* ---- look inside ---- */

void st_direct_totals_get(st_direct_totals *totals)
{
    st_lock_take(&direct_state.lock);
    *totals = direct_state.totals;
    st_lock_drop(&direct_state.lock);
}

static direct_record *direct_record_at(size_t idx)
{
    return &direct_state.batch[idx / DIRECT_BATCH_RECORDS][idx % DIRECT_BATCH_RECORDS];
}

int st_direct_walk(int (*visit)(void *context, void *mem, size_t usable), void *context)
{
    int result = 0;
    st_lock_take(&direct_state.lock);
    size_t count = direct_state.batch_count * DIRECT_BATCH_RECORDS;
    for (size_t idx = 0; idx < count && result == 0; idx++) {
        const direct_record *record = direct_record_at(idx);
        if (record->status == direct_used) result = visit(context, record->mem, record->size);
    }
    st_lock_drop(&direct_state.lock);
    return result;
}

typedef struct direct_count {
    size_t used_size, used, cached_size, cached, spare, foreign;
} direct_count;

static void direct_count_record(direct_count *count, const direct_record *record)
{
    if (record->status == direct_spare) count->spare++;
    if (record->status == direct_used) {
        count->used++;
        count->used_size += record->size;
    }
    if (record->status == direct_cached) {
        count->cached++;
        count->cached_size += record->size;
    }
    bool is_mapped = record->status == direct_used || record->status == direct_cached;
    st_owner owner = st_owner_make(st_owner_direct, record->idx);
    if (is_mapped && st_pagemap_get(record->mem) != owner) count->foreign++;
}

/* True if the list has exactly `expected` records, all of this status. */
static bool direct_list_has(const direct_record *list, size_t expected, uint32_t status)
{
    size_t count = 0;
    for (; list != NULL && count <= expected; list = list->next) {
        if (list->status != status) return false;
        count++;
    }
    return count == expected;
}

ST_COLD int st_direct_check(const char **first)
{
    const st_direct_totals *totals = &direct_state.totals;
    direct_count count = {0};
    st_lock_take(&direct_state.lock);
    for (size_t idx = 0; idx < direct_state.batch_count * DIRECT_BATCH_RECORDS; idx++)
        direct_count_record(&count, direct_record_at(idx));
    bool sums = count.used_size == totals->live && count.used == totals->blocks &&
                count.cached_size == totals->cached;
    bool lists = direct_list_has(direct_state.cache, count.cached, direct_cached) &&
                 direct_list_has(direct_state.spare, count.spare, direct_spare);
    int broken = st_count_broken(count.foreign == 0, "INV-DIRECT-1", first, 0);
    broken = st_count_broken(sums, "INV-DIRECT-2", first, broken);
    broken = st_count_broken(lists, "INV-DIRECT-3", first, broken);
    st_lock_drop(&direct_state.lock);
    return broken;
}

void st_direct_lock(void) ST_NO_LOCK_ANALYSIS { st_lock_take(&direct_state.lock); }
void st_direct_unlock(void) ST_NO_LOCK_ANALYSIS { st_lock_drop(&direct_state.lock); }
void st_direct_reset_lock(void) { st_lock_reset(&direct_state.lock); }

#endif
