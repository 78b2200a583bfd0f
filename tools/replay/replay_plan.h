/* SPDX-License-Identifier: MIT-0
 *
 * The plan: a trace made ready to be replayed, as it passes from `strata replay` to the replayer
 * in a file that the replayer maps. Decoding, checking and numbering are done once, so that the
 * replay itself costs little and always the same.
 *
 *      +-------------+-------------------------------+
 *      | replay_plan | replay_op[op_count]           |
 *      +-------------+-------------------------------+
 *
 * An object's place is its slot. Without threads slots are used again as soon as their object is
 * freed, so that their table is as large as the most objects that ever lived. With threads each
 * object has its own.
 *
 * What the program left allocated is freed by the last ops, from `tail_op` on, oldest first; with
 * threads by one that lives to the end, or all would.
 */
#ifndef REPLAY_PLAN_H
#define REPLAY_PLAN_H

#include <stdint.h>

#define REPLAY_PLAN_MAGIC 0x31504c50u /* "PLP1" */

typedef enum replay_kind {
    replay_kind_malloc = 0,
    replay_kind_calloc = 1,
    replay_kind_realloc = 2,
    replay_kind_free = 3,
    replay_kind_aligned = 4
} replay_kind;

typedef struct replay_op {
    uint32_t slot;
    uint16_t thread;
    uint8_t kind;       /* replay_kind */
    uint8_t align_log2; /* of replay_kind_aligned */
    uint64_t size;      /* 0 for free */
} replay_op;

typedef struct replay_plan {
    uint32_t magic;
    uint32_t thread_count; /* 1 if it is to be replayed without threads */
    uint64_t op_count;     /* with the frees at the end */
    uint64_t tail_op;      /* the first of those */
    uint64_t slot_count;
    uint64_t size_max;     /* the largest size of all */
    uint64_t peak_live;    /* bytes asked for, when they were most */
    uint64_t peak_live_op; /* number of the op that reached it */
} replay_plan;

#endif
