/* SPDX-License-Identifier: MIT-0
 *
 * A pass without threads: the loop that is measured.
 */
#include "replay_step.h"

TOUCH_INLINE void run_loop(replay_run *run, step_way way, uint64_t first, uint64_t end)
{
    /* Copies: the compiler can't know that no call changes *run. */
    const replay_calls calls = run->calls;
    replay_slot *const slot = run->slot;
    const replay_op *const op_end = run->op + end;
    replay_counts counts = {0, 0};
    for (const replay_op *op = run->op + first; op < op_end; op++) {
        const step_op step = {op->kind, op->align_log2, op->slot, op->size};
        step_do(&calls, way, &step, &slot[op->slot], &counts);
    }
    run->counts.damaged += counts.damaged;
    run->counts.failed += counts.failed;
}

TOUCH_INLINE void run_any(replay_run *run, uint64_t first, uint64_t end)
{
    switch (run->touch) {
    case replay_touch_pages:
        run_loop(run, (step_way){replay_touch_pages, false}, first, end);
        break;
    case replay_touch_all:
        run_loop(run, (step_way){replay_touch_all, false}, first, end);
        break;
    case replay_touch_none:
        run_loop(run, (step_way){replay_touch_none, false}, first, end);
        break;
    }
}

__attribute__((noinline)) void replay_run_ops(replay_run *run, uint64_t first, uint64_t end)
{
    run_any(run, first, end);
}

__attribute__((noinline)) void replay_run_tail(replay_run *run, uint64_t first, uint64_t end)
{
    run_any(run, first, end);
}
