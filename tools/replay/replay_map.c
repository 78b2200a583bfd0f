/* SPDX-License-Identifier: MIT-0
 *
 * The plan: mapped, and checked to the last operation, so that nothing has to be checked while
 * time is taken. A plan that passes can't make the replayer do anything but allocate and free.
 */
#define _GNU_SOURCE
#include "replay.h"

#include <sys/mman.h>
#include <sys/stat.h>

/* As large as anything a reader of traces lets through. */
#define MAP_SIZE_MAX ((uint64_t)1 << 47)
#define MAP_SLOT_MAX ((uint64_t)1 << 32)
enum { map_align_log2_max = 40, map_thread_max = 1 << 16 };

/* Does the header fit a file of that size? */
static bool map_header_is_sound(const replay_plan *plan, uint64_t file_size)
{
    const uint64_t room = (file_size - sizeof *plan) / sizeof(replay_op);
    return plan->op_count == room && sizeof *plan + room * sizeof(replay_op) == file_size &&
           plan->thread_count >= 1 && plan->thread_count <= map_thread_max &&
           plan->tail_op <= plan->op_count && plan->slot_count <= plan->op_count &&
           plan->slot_count <= MAP_SLOT_MAX && plan->size_max <= MAP_SIZE_MAX;
}

static void map_check_op(const replay_plan *plan, uint64_t i, const replay_op *op)
{
    if (op->kind > replay_kind_aligned) replay_die_at(i, "is of no known kind");
    if (op->slot >= plan->slot_count) replay_die_at(i, "has no slot");
    if (op->size > plan->size_max) replay_die_at(i, "is larger than the largest");
    if (plan->thread_count > 1 && op->thread >= plan->thread_count) {
        replay_die_at(i, "is by a thread that there is not");
    }
    if (op->kind == replay_kind_aligned && op->align_log2 > map_align_log2_max) {
        replay_die_at(i, "asks for an alignment that is too large");
    }
}

/* Are the operations on each object in order, and is everything freed at the end? */
static void map_check_ops(const replay_plan *plan)
{
    const replay_op *op = replay_plan_ops(plan);
    unsigned char *lives = replay_map_scratch(plan->slot_count);
    uint64_t live_count = 0;
    for (uint64_t i = 0; i < plan->op_count; i++) {
        map_check_op(plan, i, &op[i]);
        unsigned char *const it_lives = &lives[op[i].slot];
        const bool allocates =
            op[i].kind != replay_kind_free && op[i].kind != replay_kind_realloc;
        if (*it_lives && allocates) replay_die_at(i, "allocates into a slot that is in use");
        if (!*it_lives && !allocates)
            replay_die_at(i, "is about an object that is not allocated");
        *it_lives = op[i].kind != replay_kind_free;
        live_count += allocates;
        live_count -= op[i].kind == replay_kind_free;
    }
    replay_unmap(lives, plan->slot_count);
    if (live_count != 0) {
        replay_die(replay_exit_bad_input, "the plan is bad: objects are left at its end");
    }
}

const replay_plan *replay_map_plan(void)
{
    struct stat status;
    if (fstat(replay_plan_descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        replay_die(replay_exit_bad_input,
                   "descriptor 3 is no plan; this program is for `strata replay` to start");
    }
    const uint64_t size = (uint64_t)status.st_size;
    if (size < sizeof(replay_plan)) {
        replay_die(replay_exit_bad_input, "the plan is bad: its header is cut");
    }
    const replay_plan *plan =
        mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, replay_plan_descriptor, 0);
    if (plan == MAP_FAILED) replay_die(replay_exit_failed, "the plan can't be mapped");
    if (plan->magic != REPLAY_PLAN_MAGIC) {
        replay_die(replay_exit_bad_input,
                   "the plan is bad: its first word is not that of the version known here");
    }
    if (!map_header_is_sound(plan, size)) {
        replay_die(replay_exit_bad_input,
                   "the plan is bad: the numbers in its header do not fit");
    }
    map_check_ops(plan);
    return plan;
}
