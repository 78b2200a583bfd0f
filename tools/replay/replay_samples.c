/* SPDX-License-Identifier: MIT-0
 *
 * Where over a pass memory is looked at, and how much is live there. Both are known from the
 * plan before anything runs; the pass only reads the memory and stores a number.
 */
#include "replay.h"

/* Bytes live after each sample's operations. */
static void samples_fill_live(replay_samples *samples, const replay_plan *plan)
{
    const replay_op *op = replay_plan_ops(plan);
    uint64_t *size = replay_map_scratch(plan->slot_count * sizeof *size);
    uint64_t live = 0;
    uint64_t done = 0;
    for (uint64_t i = 0; i < samples->count; i++) {
        for (; done < samples->sample[i].op; done++) {
            uint64_t *const old = &size[op[done].slot];
            const uint64_t new = op[done].kind == replay_kind_free ? 0 : op[done].size;
            live += new - *old;
            *old = new;
        }
        samples->sample[i].live = live;
    }
    replay_unmap(size, plan->slot_count * sizeof *size);
}

static void samples_add(replay_samples *samples, uint64_t op)
{
    const uint64_t count = samples->count;
    if (op == 0 || (count != 0 && samples->sample[count - 1].op >= op)) return;
    samples->sample[count].op = op;
    samples->count++;
}

void replay_samples_make(replay_samples *samples, const replay_plan *plan, uint64_t count)
{
    *samples = (replay_samples){NULL, 0};
    if (count == 0 || plan->op_count == 0) return;
    if (count > plan->op_count) count = plan->op_count;
    samples->sample = replay_map_memory((count + 1) * sizeof *samples->sample);
    const uint64_t peak = plan->peak_live_op < plan->op_count ? plan->peak_live_op + 1 : 0;
    const uint64_t step = plan->op_count / count;
    const uint64_t rest = plan->op_count % count;
    uint64_t before = 0;
    for (uint64_t i = 1; i <= count; i++) {
        const uint64_t op = step * i + rest * i / count;
        if (before < peak && peak < op) samples_add(samples, peak);
        samples_add(samples, op);
        before = op;
    }
    samples_fill_live(samples, plan);
    (void)replay_read_rss(); /* opens what it reads */
}
