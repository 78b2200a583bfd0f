/* SPDX-License-Identifier: MIT-0
 *
 * A pass with threads: each starts when the one that does the operation before its first gets
 * there, does its entries, and ends after its last one, as it was when the program ran. That
 * there is no deadlock is shown in replay_threads.h, and in replay_wait.c that nobody oversleeps.
 */
#define _GNU_SOURCE
#include "replay_threads.h"

#include "replay_step.h"

/* Enough for any allocator; and too small for a huge page, which would be counted. */
enum { threads_stack_size = 1 << 20 };

static void *threads_start(void *argument);

/* ---- entries that are no operations ---- */

/* All of the lane before operation `op` is done. */
static void threads_progress(replay_threads *all, uint32_t lane, uint64_t op)
{
    /* release: turns and slots written on the way here, and at the end the thread's handle. */
    atomic_store_explicit(&all->lane[lane].progress, op, memory_order_release);
    threads_wake(all);
}

static void threads_join_lane(replay_threads *all, uint32_t own_lane, const threads_one *last,
                              uint64_t end)
{
    const threads_wish wish = {threads_what_lane, last->lane, end};
    threads_wait(all, own_lane, &wish);
    pthread_join(last->handle, NULL); /* it does nothing any more but exit */
}

/* What progress the lane of a thread shows when that has ended. */
static uint64_t threads_end_of(const threads_one *one)
{
    if (one->after == threads_nobody) return UINT64_MAX;
    return threads_block_of(one->all->thread[one->after].first_op);
}

static void threads_launch_one(replay_threads *all, uint32_t own_lane, threads_one *one)
{
    if (one->before != threads_nobody) {
        const threads_one *const last = &all->thread[one->before];
        threads_join_lane(all, own_lane, last, threads_end_of(last));
    }
    pthread_t handle; /* the thread itself keeps it for who joins it */
    if (pthread_create(&handle, &all->attributes, threads_start, one) != 0) {
        replay_die(replay_exit_failed, "a thread can't be started");
    }
}

static void threads_do_other(replay_threads *all, uint32_t lane, const threads_entry *entry)
{
    const unsigned kind = entry->kind & threads_kind_mask;
    if (kind == threads_checkpoint) {
        const uint64_t op = entry->size;
        const threads_wish wish = {threads_what_window, 0,
                                   op > threads_window ? op - threads_window : 0};
        threads_progress(all, lane, op);
        threads_wait(all, lane, &wish);
    } else if (kind == threads_launch) {
        threads_launch_one(all, lane, &all->thread[entry->slot]);
    } else if (all->samples != NULL) {
        all->samples->sample[entry->size].rss = replay_read_rss();
    }
}

/* ---- operations ---- */

/* Waits until it is the operation's turn, as a rule not at all. */
static inline void threads_wait_turn(replay_threads *all, uint32_t lane,
                                     const threads_entry *entry)
{
    const threads_wish wish = {threads_what_turn, entry->slot, entry->turn};
    threads_wait(all, lane, &wish);
}

TOUCH_INLINE void threads_loop(const threads_one *one, step_way way)
{
    replay_threads *const all = one->all;
    replay_calls calls = all->calls;
    replay_calls_for_lane(&calls, one->lane);
    const threads_entry *const end = one->end;
    replay_slot *const slot = all->slot;
    replay_counts counts = {0, 0};
    for (const threads_entry *entry = one->entry; entry < end; entry++) {
        if (__builtin_expect(entry->kind >= threads_checkpoint, 0)) {
            if ((entry->kind & threads_kind_mask) >= threads_checkpoint) {
                threads_do_other(all, one->lane, entry);
                continue;
            }
            if (entry->kind & threads_waits) threads_wait_turn(all, one->lane, entry);
        }
        const step_op step = {entry->kind & threads_kind_mask, entry->align_log2, entry->slot,
                              entry->size};
        step_do(&calls, way, &step, &slot[entry->slot], &counts);
        if (__builtin_expect(entry->kind & threads_publishes, 0)) {
            /* release: the slot and what was written into the block. */
            atomic_store_explicit(&all->turn[entry->slot], (uint16_t)(entry->turn + 1),
                                  memory_order_release);
        }
    }
    all->lane[one->lane].counts.damaged += counts.damaged;
    all->lane[one->lane].counts.failed += counts.failed;
}

static void threads_do_all(threads_one *one)
{
    one->handle = pthread_self();
    switch (one->all->touch) {
    case replay_touch_pages: threads_loop(one, (step_way){replay_touch_pages, true}); break;
    case replay_touch_all: threads_loop(one, (step_way){replay_touch_all, true}); break;
    case replay_touch_none: threads_loop(one, (step_way){replay_touch_none, true}); break;
    }
    threads_progress(one->all, one->lane, threads_end_of(one));
}

static void *threads_start(void *argument)
{
    threads_do_all(argument);
    return NULL;
}

/* ---- a pass ---- */

void replay_threads_reset(replay_threads *all)
{
    /* relaxed, all: no other thread runs. */
    for (uint32_t i = 0; i < all->thread_count; i++) {
        const threads_one *const one = &all->thread[i];
        if (one->before != threads_nobody) continue;
        atomic_store_explicit(&all->lane[one->lane].progress, threads_block_of(one->first_op),
                              memory_order_relaxed);
    }
    for (uint64_t i = 0; i < all->slot_count; i++) {
        atomic_store_explicit(&all->turn[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&all->floor, 0, memory_order_relaxed);
}

void replay_threads_run(replay_threads *all)
{
    if (all->thread_count == 0) return; /* the plan is empty */
    threads_do_all(&all->thread[0]);
    for (uint32_t i = 1; i < all->thread_count; i++) {
        const threads_one *const one = &all->thread[i];
        if (one->after == threads_nobody) threads_join_lane(all, 0, one, threads_end_of(one));
    }
    all->samples = NULL;
}

replay_threads *replay_threads_make(const replay_plan *plan, const replay_run *run,
                                    replay_samples *samples)
{
    replay_threads *all = replay_map_memory(sizeof *all);
    all->calls = run->calls;
    all->touch = run->touch;
    all->samples = samples;
    threads_make_lists(all, plan, samples);
    all->lane = replay_map_memory(all->lane_count * sizeof *all->lane);
    all->slot = replay_map_memory(all->slot_count * sizeof *all->slot);
    replay_calls_make_areas(&all->calls, all->lane_count);
    all->turn = replay_map_memory(all->slot_count * sizeof *all->turn);
    pthread_attr_init(&all->attributes);
    pthread_attr_setstacksize(&all->attributes, threads_stack_size);
    return all;
}

void replay_threads_counts(const replay_threads *all, replay_counts *counts)
{
    *counts = (replay_counts){0, 0};
    for (uint32_t i = 0; i < all->lane_count; i++) {
        counts->damaged += all->lane[i].counts.damaged;
        counts->failed += all->lane[i].counts.failed;
    }
}
