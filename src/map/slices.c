/* SPDX-License-Identifier: MIT-0
 *
 * Taking and giving slices. Those whose memory is still there are the first to be taken again, the
 * most recent one before the others.
 */
#include "map/slices.h"

#include "books/options.h"
#include "books/report.h"
#include "map/footprint.h"
#include "map/room.h"

#if STRATA_SLABS

/* Before there is a window no address may be in it: the numbers that come out are huge. */
ST_DEFINE_DATA uintptr_t st_slices_first = UINTPTR_MAX >> 1;
ST_DEFINE_DATA ST_ATOMIC(st_owner) st_slices_words[ST_SLICES_MAX];

/* Committed at once: this many slices, or a sixteenth of what is committed. */
enum { slices_step_min = 16, slices_step_share = 16 };
/* Frees of slices between two looks at the clock. */
enum { slices_look_rate = 16 };
/* Slices that are purged together, without the lock; and because of time by one free: 1 MiB. */
enum { slices_batch_max = 16 };

#define SLICES_RUNS_MAX (ST_SLICES_MAX / ST_RUN_SLICES)

/* A list of free slices, linked by their words. */
typedef struct slices_list {
    uint32_t first; /* 0: empty */
    uint32_t count;
} slices_list;

/* Who makes more of a run usable asks the host, and holds grow_lock. Others take and give slices meanwhile:
 * `lock` is not held then. What tells of runs is written with both held, and read with either. */
static struct {
    st_lock grow_lock;
    st_lock lock;                  /* guards all here, and every write of a word */
    slices_list dirty;             /* free, perhaps resident; newest first */
    slices_list clean;             /* free, at the host */
    uint32_t next, committed, end; /* in the newest run: never taken yet; not committed yet */
    uint32_t used, used_peak, committed_count;
    uint32_t moving; /* free ones in no list, that somebody purges */
    uint32_t last_purge; /* when much went back because of time: see st_room_is_due */
    bool is_purging;     /* it still does, some at each free */
    uint32_t cut_count; /* slices of runs that were given back unused */
    uint32_t run_count;
    uint32_t run[SLICES_RUNS_MAX]; /* the first slice of each run, in the order they were taken */
} slices_state; /* all zero, so that it takes no room in the file */

static void slices_set_word(uint32_t idx, st_owner word)
{
    /* relaxed: the address of a block in this slice is handed out only after this, and whoever
     * gets one gets it from a thread for which this has happened. */
    st_store_relaxed(&st_slices_words[idx], word);
}

/* ---- runs ---- */

/* The window begins so far below its first run that runs on both sides of it have room: hosts give
 * out addresses downwards more often than upwards. And whole runs below it, as the number of a run's first
 * slice is a multiple of their size. */
static void slices_open_window(uintptr_t run_granule)
{
    uintptr_t below = ST_SLICES_MAX / 4 * 3;
    if (SIZE_MAX <= 0xffffffff || run_granule < below) below = run_granule & ~(uintptr_t)(ST_RUN_SLICES - 1);
    st_slices_first = run_granule - below;
}

/* A run whole runs away from the first one: a part of twice the room, which nearly all has. */
static char *slices_reserve_apart(void)
{
    size_t size = 2 * ST_RUN - ST_SLICE;
    char *room = st_os_reserve(size, ST_SLICE);
    if (room == NULL) return NULL;
    size_t before = (((size_t)st_slices_first << 16) - st_addr(room)) & (ST_RUN - 1);
    size_t after = size - ST_RUN - before;
    if (before > 0) st_os_release(room, before);
    if (after > 0) st_os_release(room + before + ST_RUN, after);
    return room + before;
}

/* Commits memory of a run, if the footprint may grow so much. */
static bool slices_commit_at(char *at, size_t size)
{
    if (!st_footprint_take(size)) return false;
    bool done = st_os_commit(at, size);
    if (!done) st_footprint_refuse(size);
    return done;
}

/* The first one may begin anywhere: the host need not be asked twice, or for more. */
static char *slices_reserve_run(void)
{
    if (slices_state.run_count == 0) return st_os_reserve(ST_RUN, ST_SLICE);
    char *last = st_slices_base(slices_state.run[slices_state.run_count - 1]);
    if (st_addr(last) > ST_RUN && st_os_reserve_at(last - ST_RUN, ST_RUN)) return last - ST_RUN;
    return slices_reserve_apart();
}

static ST_COLD bool slices_start_run(void)
{
    char *run = slices_state.run_count < SLICES_RUNS_MAX ? slices_reserve_run() : NULL;
    if (run == NULL) return false;
    bool has_window = slices_state.run_count > 0;
    bool fits = !has_window || st_slices_idx(run) < ST_SLICES_MAX;
    if (!fits || !slices_commit_at(run, ST_RUN_TABLES * ST_SLICE)) {
        st_os_release(run, ST_RUN);
        return false;
    }
    if (!has_window) slices_open_window(st_addr(run) >> 16);
    uint32_t idx = (uint32_t)st_slices_idx(run);
    st_lock_take(&slices_state.lock);
    slices_state.run[slices_state.run_count++] = idx;
    slices_state.next = slices_state.committed = idx + ST_RUN_TABLES;
    slices_state.end = idx + ST_RUN_SLICES;
    slices_state.committed_count += ST_RUN_TABLES;
    st_lock_drop(&slices_state.lock);
    return true;
}

bool st_slices_start(void)
{
#if STRATA_THREADS
    slices_state.grow_lock.rank = st_lock_rank_slices_grow;
    slices_state.lock.rank = st_lock_rank_slices;
#endif
    st_lock_take(&slices_state.grow_lock);
    bool done = slices_state.run_count > 0 || slices_start_run();
    st_lock_drop(&slices_state.grow_lock);
    return done;
}

/* Commits more of the newest run: much if the host lets us, one slice if not. */
static bool slices_commit(void)
{
    uint32_t left = slices_state.end - slices_state.committed;
    size_t wanted = st_max(slices_step_min, slices_state.committed_count / slices_step_share);
    for (uint32_t count = (uint32_t)st_min(wanted, left);; count = 1) {
        if (slices_commit_at(st_slices_base(slices_state.committed), count * ST_SLICE)) {
            st_lock_take(&slices_state.lock);
            slices_state.committed += count;
            slices_state.committed_count += count;
            st_lock_drop(&slices_state.lock);
            return true;
        }
        if (count == 1) return false;
    }
}

/* ---- take and give ---- */

static void slices_push(slices_list *list, uint32_t idx)
{
    slices_set_word(idx, list->first << 8 | ST_SLICE_FREE);
    list->first = idx;
    list->count++;
}

static uint32_t slices_pop(slices_list *list)
{
    uint32_t idx = list->first;
    if (idx == 0) return 0;
    list->first = st_slices_word(idx) >> 8;
    list->count--;
    return idx;
}

static void slices_begin_use(uint32_t idx, st_owner owner)
{
    slices_set_word(idx, owner);
    slices_state.used++;
    if (slices_state.used > slices_state.used_peak) slices_state.used_peak = slices_state.used;
}

static ST_NOINLINE uint32_t slices_take_from(slices_list *list, st_owner owner)
{
    st_lock_take(&slices_state.lock);
    uint32_t idx = slices_pop(list);
    if (idx != 0) slices_begin_use(idx, owner);
    st_lock_drop(&slices_state.lock);
    return idx;
}

/* One whose memory is at the host counts no more as held. */
static ST_COLD uint32_t slices_take_clean(st_owner owner)
{
    if (!st_footprint_take(ST_SLICE)) return 0;
    uint32_t idx = slices_take_from(&slices_state.clean, owner);
    if (idx == 0) st_footprint_refuse(ST_SLICE);
    return idx;
}

static ST_COLD uint32_t slices_take_new(st_owner owner)
{
    uint32_t idx = 0;
    st_lock_take(&slices_state.grow_lock);
    bool has_run = slices_state.next != slices_state.end || slices_start_run();
    if (has_run && (slices_state.next != slices_state.committed || slices_commit())) {
        st_lock_take(&slices_state.lock);
        idx = slices_state.next++;
        slices_begin_use(idx, owner);
        st_lock_drop(&slices_state.lock);
    }
    st_lock_drop(&slices_state.grow_lock);
    return idx;
}

uint32_t st_slices_take(st_owner owner)
{
    uint32_t idx = slices_take_from(&slices_state.dirty, owner);
    if (idx != 0) return idx;
    st_room_take_from_all(ST_SLICE);
    idx = slices_take_clean(owner);
    if (idx == 0) idx = slices_take_new(owner);
    if (idx == 0) st_room_give(ST_SLICE);
    return idx;
}

/* Cuts off what a list has after its first `count` slices, and returns the first of that. */
static uint32_t slices_cut(slices_list *list, uint32_t count)
{
    uint32_t last = 0;
    uint32_t idx = list->first;
    for (uint32_t passed = 0; passed < count && idx != 0; passed++) {
        last = idx;
        idx = st_slices_word(idx) >> 8;
    }
    if (last == 0) {
        list->first = 0;
        list->count = 0;
    } else if (idx != 0) {
        slices_set_word(last, ST_SLICE_FREE);
        list->count = count;
    }
    return idx;
}

typedef struct slices_batch {
    uint32_t slice[slices_batch_max];
    uint32_t count;
} slices_batch;

/* Takes the oldest dirty slices out, those beyond the first `keep`: they are the last that would be taken
 * again. They are in no list then, and nobody else can have them. */
static void slices_take_oldest(slices_batch *batch, uint32_t keep)
{
    batch->count = 0;
    st_lock_take(&slices_state.lock);
    uint32_t count = slices_state.dirty.count;
    if (count > keep) {
        if (count - keep > slices_batch_max) keep = count - slices_batch_max;
        for (uint32_t idx = slices_cut(&slices_state.dirty, keep); idx != 0; idx = st_slices_word(idx) >> 8)
            batch->slice[batch->count++] = idx;
        slices_state.moving += batch->count;
    }
    st_lock_drop(&slices_state.lock);
}

/* Puts some of them into a list. */
static void slices_put_back(slices_list *list, const uint32_t *slice, uint32_t count)
{
    st_lock_take(&slices_state.lock);
    for (uint32_t i = 0; i < count; i++) slices_push(list, slice[i]);
    slices_state.moving -= count;
    st_lock_drop(&slices_state.lock);
}

static void slices_sort(slices_batch *batch)
{
    for (uint32_t i = 1; i < batch->count; i++) {
        uint32_t idx = batch->slice[i];
        uint32_t at = i;
        for (; at > 0 && batch->slice[at - 1] > idx; at--) batch->slice[at] = batch->slice[at - 1];
        batch->slice[at] = idx;
    }
}

/* Neighbors go with one call. Returns how many bytes that were. */
static size_t slices_purge_batch(slices_batch *batch)
{
    size_t done = 0;
    slices_sort(batch);
    for (uint32_t i = 0, end; i < batch->count; i = end) {
        for (end = i + 1; end < batch->count && batch->slice[end] == batch->slice[end - 1] + 1; end++) {}
        size_t size = (size_t)(end - i) * ST_SLICE;
        bool is_gone = st_os_purge(st_slices_base(batch->slice[i]), size);
        if (is_gone) {
            st_room_give(size);
            st_footprint_give(size);
            done += size;
        }
        slices_put_back(is_gone ? &slices_state.clean : &slices_state.dirty, batch->slice + i, end - i);
    }
    return done;
}

/* A batch; less than what it had went back if the host refuses. */
static ST_COLD size_t slices_purge_some(size_t keep, size_t *had)
{
    slices_batch batch;
    slices_take_oldest(&batch, (uint32_t)st_min(keep / ST_SLICE, ST_SLICES_MAX));
    *had = batch.count * ST_SLICE;
    return slices_purge_batch(&batch);
}

static ST_COLD size_t slices_purge(size_t keep)
{
    size_t done = 0;
    for (size_t had = 1, gone = 1; had != 0 && gone == had; done += gone) gone = slices_purge_some(keep, &had);
    return done;
}

/* Because of time: down to the option trim_pad, a batch at each free. */
static bool slices_purge_goes_on(void)
{
    size_t dirty = slices_state.dirty.count * ST_SLICE;
    if (slices_state.is_purging) return dirty > st_option(trim_pad);
    return slices_state.dirty.count % slices_look_rate == 0 && dirty > st_option(trim_threshold) &&
           st_room_is_due(&slices_state.last_purge);
}

void st_slices_give(uint32_t idx)
{
    st_lock_take(&slices_state.lock);
    slices_push(&slices_state.dirty, idx);
    slices_state.used--;
    bool is_much = slices_state.is_purging = slices_purge_goes_on();
    st_lock_drop(&slices_state.lock);
    size_t had;
    if (is_much) slices_purge_some(st_option(trim_pad), &had);
}

bool st_slices_purge(size_t keep) { return slices_purge(keep) != 0; }

ST_COLD size_t st_slices_shrink(size_t size)
{
    st_slices_totals totals;
    st_slices_totals_get(&totals);
    return totals.dirty > 0 ? slices_purge(totals.dirty > size ? totals.dirty - size : 0) : 0;
}

ST_COLD void st_slices_give_way(void)
{
    slices_purge(0);
    st_lock_take(&slices_state.grow_lock);
    uint32_t rest = slices_state.end - slices_state.committed;
    char *first = st_slices_base(slices_state.committed);
    if (rest > 0 && st_os_release(first, (size_t)rest * ST_SLICE)) {
        st_lock_take(&slices_state.lock);
        slices_state.end = slices_state.committed;
        slices_state.cut_count += rest;
        st_lock_drop(&slices_state.lock);
    }
    st_lock_drop(&slices_state.grow_lock);
}

/* ---- look inside ---- */

void st_slices_totals_get(st_slices_totals *totals)
{
    st_lock_take(&slices_state.lock);
    totals->used = slices_state.used * ST_SLICE;
    totals->used_peak = slices_state.used_peak * ST_SLICE;
    totals->dirty = slices_state.dirty.count * ST_SLICE;
    totals->committed = slices_state.committed_count * ST_SLICE;
    totals->held = totals->committed - slices_state.clean.count * ST_SLICE;
    totals->reserved = slices_state.run_count * ST_RUN - slices_state.cut_count * ST_SLICE;
    st_lock_drop(&slices_state.lock);
}

static bool slices_is_slab(st_owner word)
{
    return word != 0 && (word & 255) != ST_SLICE_FREE;
}

ST_COLD uint32_t st_slices_next(uint32_t idx)
{
    uint32_t found = 0;
    st_lock_take(&slices_state.lock);
    /* The runs as they lie, not as they were taken: the lowest slab above idx. */
    for (uint32_t run_idx = 0; run_idx < slices_state.run_count; run_idx++) {
        uint32_t at = slices_state.run[run_idx];
        uint32_t end = at + ST_RUN_SLICES;
        if (found != 0 && at > found) continue;
        if (at <= idx) at = idx + 1;
        while (at < end && !slices_is_slab(st_slices_word(at))) at++;
        if (at < end && (found == 0 || at < found)) found = at;
    }
    st_lock_drop(&slices_state.lock);
    return found;
}

typedef struct slices_count {
    uint32_t used, free, wrong;
} slices_count;

static void slices_count_run(slices_count *count, uint32_t run, uint32_t next)
{
    for (uint32_t idx = run; idx < run + ST_RUN_SLICES; idx++) {
        st_owner word = st_slices_word(idx);
        bool is_known = idx >= run + ST_RUN_TABLES && idx < next;
        if (is_known ? word == 0 : word != 0) count->wrong++;
        if (slices_is_slab(word)) count->used++;
        if ((word & 255) == ST_SLICE_FREE) count->free++;
    }
}

/* Where an older run ends: perhaps it was cut. */
static uint32_t slices_end(uint32_t run, uint32_t *cut)
{
    uint32_t end = run + ST_RUN_SLICES;
    for (; end > run + ST_RUN_TABLES && st_slices_word(end - 1) == 0; end--) ++*cut;
    return end;
}

/* True if the list has exactly as many slices as it counts, all free. */
static bool slices_list_is_sound(const slices_list *list)
{
    uint32_t count = 0;
    for (uint32_t idx = list->first; idx != 0; idx = st_slices_word(idx) >> 8) {
        if (idx >= ST_SLICES_MAX || (st_slices_word(idx) & 255) != ST_SLICE_FREE) return false;
        if (++count > list->count) return false;
    }
    return count == list->count;
}

ST_COLD int st_slices_check(const char **first)
{
    slices_count count = {0};
    uint32_t cut = 0;
    st_lock_take(&slices_state.lock);
    for (uint32_t run_idx = 0; run_idx < slices_state.run_count; run_idx++) {
        bool is_newest = run_idx + 1 == slices_state.run_count;
        uint32_t run = slices_state.run[run_idx];
        slices_count_run(&count, run, is_newest ? slices_state.next : slices_end(run, &cut));
    }
    count.wrong += cut > slices_state.cut_count;
    bool words = count.wrong == 0 && count.used == slices_state.used;
    bool lists = slices_list_is_sound(&slices_state.dirty) &&
                 slices_list_is_sound(&slices_state.clean) &&
                 count.free == slices_state.dirty.count + slices_state.clean.count + slices_state.moving;
    st_lock_drop(&slices_state.lock);
    int broken = st_count_broken(words, "INV-SLICES-1", first, 0);
    return st_count_broken(lists, "INV-SLICES-2", first, broken);
}

void st_slices_lock(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&slices_state.grow_lock);
    st_lock_take(&slices_state.lock);
}

void st_slices_unlock(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_drop(&slices_state.lock);
    st_lock_drop(&slices_state.grow_lock);
}

void st_slices_reset_lock(void)
{
    st_lock_reset(&slices_state.lock);
    st_lock_reset(&slices_state.grow_lock);
}

#endif
