/* SPDX-License-Identifier: MIT-0
 *
 * Working sets: so many blocks are live, and one chosen at random is freed and replaced by a new
 * one, over and over. With few blocks all stays in the cache; with a million each operation
 * misses it, and what an allocator keeps beside its blocks shows. `mixed` sets have sizes from 16
 * bytes to run->size, as many between 16 and 32 as between 32 and 64 and so on. `phases` changes
 * the size while an eighth of the old blocks stays.
 */
#include "micro.h"

/* As random as the sizes of programs: small ones are common, large ones rare. */
static size_t replace_random_size(micro_worker *worker, size_t size_max)
{
    enum { quarter_steps = 4 };
    size_t doublings = 0;
    while ((size_t)micro_size_min << (doublings + 1) <= size_max) doublings++;
    const size_t step = micro_random(worker, doublings * quarter_steps + 1);
    const size_t low = (size_t)micro_size_min << (step / quarter_steps);
    return low + (low / quarter_steps) * (step % quarter_steps);
}

/* Inlined twice: with one size, and with sizes at random. */
static inline void replace_fill(micro_worker *worker, micro_slot *slot, size_t size_max,
                                bool is_mixed)
{
    slot->size = is_mixed ? replace_random_size(worker, size_max) : size_max;
    slot->block = micro_allocate(worker, slot->size);
}

static inline void replace_run(micro_run *run, size_t block_count, bool is_mixed)
{
    micro_slot *slots = run->slots;
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    for (size_t i = 0; i < block_count; i++) {
        replace_fill(&worker, &slots[i], run->size, is_mixed);
        run->live_size += slots[i].size;
    }
    micro_begin(run);
    for (size_t i = 0; i < run->count; i++) {
        micro_slot *slot = &slots[micro_random(&worker, block_count)];
        micro_release(&worker, slot->block, slot->size);
        replace_fill(&worker, slot, run->size, is_mixed);
    }
    micro_end(run);
    for (size_t i = 0; i < block_count; i++) {
        micro_release(&worker, slots[i].block, slots[i].size);
    }
    run->done_count = run->count;
    micro_worker_end(&worker, run);
}

void micro_replace_1k(micro_run *run) { replace_run(run, 1000, false); }

void micro_replace_100k(micro_run *run) { replace_run(run, 100000, false); }

void micro_replace_1m(micro_run *run) { replace_run(run, 1000000, false); }

void micro_mixed_1k(micro_run *run) { replace_run(run, 1000, true); }

void micro_mixed_100k(micro_run *run) { replace_run(run, 100000, true); }

void micro_mixed_1m(micro_run *run) { replace_run(run, 1000000, true); }

/* ---- phases ---- */

/* Above the last size the largest blocks of a phase have pages that nobody touches: then what is
 * resident says nothing about what was asked for. */
enum {
    replace_phase_live = 8 << 20,
    replace_survivor_share = 8,
    replace_touched_size_max = 1024
};

typedef struct replace_phases {
    micro_slot *slots;
    size_t slot_count; /* in use */
    size_t live_size;
} replace_phases;

/* Frees all but about one in eight, and closes the gaps in the table. */
static void replace_end_phase(replace_phases *phases, micro_worker *worker)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < phases->slot_count; i++) {
        const micro_slot slot = phases->slots[i];
        if (micro_random(worker, replace_survivor_share) == 0) {
            phases->slots[kept_count++] = slot;
        } else {
            phases->live_size -= slot.size;
            micro_release(worker, slot.block, slot.size);
        }
    }
    phases->slot_count = kept_count;
}

static void replace_fill_phase(replace_phases *phases, micro_worker *worker, size_t size)
{
    while (phases->live_size + size <= replace_phase_live &&
           phases->slot_count < micro_slot_max) {
        replace_fill(worker, &phases->slots[phases->slot_count++], size, false);
        phases->live_size += size;
    }
}

/* The size of a phase, around run->size: larger, smaller, larger ... */
static size_t replace_phase_size(size_t size, size_t phase)
{
    static const size_t quarters[] = {4, 7, 3, 12, 5};
    const size_t found = size * quarters[phase % 5] / 4;
    return found < micro_size_min ? micro_size_min : found;
}

void micro_phases(micro_run *run)
{
    replace_phases phases = {.slots = run->slots};
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    micro_begin(run);
    for (size_t phase = 0; run->done_count < run->count; phase++) {
        const size_t before = phases.slot_count;
        replace_fill_phase(&phases, &worker, replace_phase_size(run->size, phase));
        run->done_count += phases.slot_count - before;
        if (phases.live_size > run->live_size) run->live_size = phases.live_size;
        replace_end_phase(&phases, &worker);
    }
    micro_end(run);
    if (run->size > replace_touched_size_max) run->live_size = 0;
    for (size_t i = 0; i < phases.slot_count; i++) {
        micro_release(&worker, phases.slots[i].block, phases.slots[i].size);
    }
    micro_worker_end(&worker, run);
}
