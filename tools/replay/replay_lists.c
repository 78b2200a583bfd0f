/* SPDX-License-Identifier: MIT-0
 *
 * From the plan's one order to a list for each thread, before anything is measured:
 *
 *   1 the threads in the order of their first operations, and their lanes
 *   2 a walk over the plan that counts the entries of each
 *   3 the same walk again, that writes them
 *
 * Objects get other slots than in the plan, so that threads seldom write into the same line of
 * the cache, and so that slots are used again: a thread takes slots from a chunk of its own, and
 * first those of the objects that it has freed itself. Another's would have to be waited for.
 */
#define _GNU_SOURCE
#include "replay_threads.h"

enum { lists_chunk_slots = 64 };

/* A slot while lists are made. */
typedef struct lists_slot {
    uint64_t last_entry; /* the latest operation on it, */
    uint32_t last_thread;
    uint32_t next_free; /* plus 1; in the list of the thread that freed it */
    uint16_t turn;
} lists_slot;

/* A thread while lists are made. */
typedef struct lists_thread {
    uint64_t entry_count; /* after step 2 */
    uint64_t next_entry;  /* in step 3 */
    uint64_t next_block;  /* its latest checkpoint's, plus 1 */
    uint32_t free_slot;   /* plus 1 */
    uint32_t chunk_slot;  /* the next that was never used, */
    uint32_t chunk_left;  /* and how many */
} lists_thread;

typedef struct lists_state {
    replay_threads *all;
    const replay_plan *plan;
    const replay_samples *samples;
    uint32_t *number; /* of each thread of the plan: its number here, or threads_nobody */
    lists_thread *thread;
    threads_entry *entry; /* NULL in step 2 */
    uint32_t *slot_of;    /* of each slot of the plan: its object's slot here */
    lists_slot *slot;
    uint64_t slot_count;
    uint64_t object_count; /* after step 2 */
} lists_state;

/* ---- threads and lanes ---- */

static void lists_find_threads(lists_state *state)
{
    const replay_op *op = replay_plan_ops(state->plan);
    replay_threads *const all = state->all;
    for (uint32_t i = 0; i < state->plan->thread_count; i++) state->number[i] = threads_nobody;
    for (uint64_t i = 0; i < state->plan->op_count; i++) {
        uint32_t *const number = &state->number[op[i].thread];
        if (*number == threads_nobody) {
            *number = all->thread_count++;
            all->thread[*number] = (threads_one){
                .first_op = i, .before = threads_nobody, .after = threads_nobody, .all = all};
        }
        all->thread[*number].last_op = i;
    }
}

/* May `next` use the lane after `last`? Who launches it does so after the operation before its
 * first. That must not be `last` itself, which could not be joined then; and in a later block
 * than all of `last`, so that its end is told from its progress. */
static bool lists_can_follow(const threads_one *last, const threads_one *next)
{
    return threads_block_of(last->last_op) < threads_block_of(next->first_op - 1);
}

static void lists_assign_lanes(replay_threads *all)
{
    uint32_t *last = replay_map_scratch(threads_lane_max * sizeof *last); /* of each lane */
    for (uint32_t i = 0; i < all->thread_count; i++) {
        threads_one *const one = &all->thread[i];
        /* Lane 0 is the main thread's: nobody can join that. */
        uint32_t lane = i == 0 ? 0 : 1;
        while (lane < all->lane_count && !lists_can_follow(&all->thread[last[lane]], one))
            lane++;
        if (lane == threads_lane_max) {
            replay_die(replay_exit_bad_input,
                       "more than 4096 threads at the same time can't be replayed");
        }
        if (lane < all->lane_count) {
            one->before = last[lane];
            all->thread[last[lane]].after = i;
        } else {
            all->lane_count++;
        }
        one->lane = lane;
        last[lane] = i;
    }
    replay_unmap(last, threads_lane_max * sizeof *last);
}

/* ---- slots ---- */

/* A slot for an object that `thread` allocates. */
static uint32_t lists_take_slot(lists_state *state, lists_thread *thread)
{
    if (thread->free_slot != 0) {
        const uint32_t slot = thread->free_slot - 1;
        thread->free_slot = state->slot[slot].next_free;
        return slot;
    }
    if (thread->chunk_left == 0) {
        thread->chunk_slot = (uint32_t)state->slot_count;
        thread->chunk_left = lists_chunk_slots;
        state->slot_count += lists_chunk_slots;
    }
    thread->chunk_left--;
    state->slot[thread->chunk_slot].last_thread = threads_nobody;
    return thread->chunk_slot++;
}

static void lists_give_slot(lists_state *state, lists_thread *thread, uint32_t slot)
{
    state->slot[slot].next_free = thread->free_slot;
    thread->free_slot = slot + 1;
}

/* ---- entries ---- */

static void lists_add(lists_state *state, uint32_t number, threads_entry entry)
{
    lists_thread *const thread = &state->thread[number];
    if (state->entry == NULL) {
        thread->entry_count++;
    } else {
        state->entry[thread->next_entry++] = entry;
    }
}

/* Adds an operation; where its object passes from one thread to another, both are told. */
static void lists_add_op(lists_state *state, uint32_t number, const replay_op *op)
{
    const bool allocates = op->kind != replay_kind_free && op->kind != replay_kind_realloc;
    threads_entry entry = {op->slot, 0, op->kind, op->align_log2, op->size};
    if (state->entry == NULL) {
        state->object_count += allocates;
    } else {
        lists_thread *const thread = &state->thread[number];
        if (allocates) state->slot_of[op->slot] = lists_take_slot(state, thread);
        entry.slot = state->slot_of[op->slot];
        lists_slot *const slot = &state->slot[entry.slot];
        if (slot->last_thread != threads_nobody && slot->last_thread != number) {
            state->entry[slot->last_entry].kind |= threads_publishes;
            entry.kind |= threads_waits;
            slot->turn++;
        }
        entry.turn = slot->turn;
        slot->last_thread = number;
        slot->last_entry = thread->next_entry;
        if (op->kind == replay_kind_free) lists_give_slot(state, thread, entry.slot);
    }
    lists_add(state, number, entry);
}

/* Steps 2 and 3. */
static void lists_walk(lists_state *state)
{
    const replay_op *op = replay_plan_ops(state->plan);
    uint64_t sample = 0;
    for (uint32_t i = 0; i < state->all->thread_count; i++) state->thread[i].next_block = 0;
    for (uint64_t i = 0; i < state->plan->op_count; i++) {
        const uint32_t number = state->number[op[i].thread];
        const uint64_t block = threads_block_of(i);
        if (state->thread[number].next_block != block + 1) {
            state->thread[number].next_block = block + 1;
            lists_add(state, number,
                      (threads_entry){.kind = threads_checkpoint, .size = block});
        }
        lists_add_op(state, number, &op[i]);
        if (sample < state->samples->count && state->samples->sample[sample].op == i + 1) {
            lists_add(state, number, (threads_entry){.kind = threads_sample, .size = sample});
            sample++;
        }
        if (i + 1 == state->plan->op_count) break;
        const uint32_t next = state->number[op[i + 1].thread];
        if (state->all->thread[next].first_op == i + 1) {
            lists_add(state, number, (threads_entry){.slot = next, .kind = threads_launch});
        }
    }
}

/* Gives each thread its part of the entries; between steps 2 and 3. */
static void lists_place_entries(lists_state *state)
{
    replay_threads *const all = state->all;
    uint64_t count = 0;
    for (uint32_t i = 0; i < all->thread_count; i++) count += state->thread[i].entry_count;
    state->entry = replay_map_memory(count * sizeof *state->entry);
    count = 0;
    for (uint32_t i = 0; i < all->thread_count; i++) {
        state->thread[i].next_entry = count;
        all->thread[i].entry = state->entry + count;
        count += state->thread[i].entry_count;
        all->thread[i].end = state->entry + count;
    }
}

void threads_make_lists(replay_threads *all, const replay_plan *plan,
                        const replay_samples *samples)
{
    const uint64_t number_size = plan->thread_count * sizeof(uint32_t);
    const uint64_t thread_size = plan->thread_count * sizeof(lists_thread);
    const uint64_t slot_of_size = plan->slot_count * sizeof(uint32_t);
    lists_state state = {.all = all, .plan = plan, .samples = samples};
    state.number = replay_map_scratch(number_size);
    state.thread = replay_map_scratch(thread_size);
    state.slot_of = replay_map_scratch(slot_of_size);
    all->thread = replay_map_memory(plan->thread_count * sizeof *all->thread);
    lists_find_threads(&state);
    lists_assign_lanes(all);
    lists_walk(&state);
    lists_place_entries(&state);
    const uint64_t slot_max =
        state.object_count + (uint64_t)plan->thread_count * lists_chunk_slots;
    if (slot_max >= UINT32_MAX) {
        replay_die(replay_exit_bad_input,
                   "the plan has too many objects for a run with threads");
    }
    state.slot = replay_map_scratch(slot_max * sizeof *state.slot);
    lists_walk(&state);
    all->slot_count = state.slot_count;
    replay_unmap(state.slot, slot_max * sizeof *state.slot);
    replay_unmap(state.slot_of, slot_of_size);
    replay_unmap(state.thread, thread_size);
    replay_unmap(state.number, number_size);
}
