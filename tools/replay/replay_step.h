/* SPDX-License-Identifier: MIT-0
 *
 * One operation: the call, and what is written and compared before and after it. Expanded once
 * for each way of touching, with and without threads, so that the way is a constant.
 *
 * All that is here is paid by each operation of each run, with an allocator and without: the
 * fewer and the more predictable its instructions, the less noise they leave in the difference.
 */
#ifndef REPLAY_STEP_H
#define REPLAY_STEP_H

#include "replay_touch.h"

/* What of an operation matters here. */
typedef struct step_op {
    unsigned kind; /* replay_kind */
    unsigned align_log2;
    uint64_t slot; /* its number */
    uint64_t size;
} step_op;

/* How to go about it; a constant wherever it is used. */
typedef struct step_way {
    replay_touch touch;
    bool is_threaded;
} step_way;

/* Where a block is written and compared: there; but threads that run without an allocator, where
 * all blocks are one, each have an area of their own, or they would write to the same line all
 * the time. */
TOUCH_INLINE unsigned char *step_place(const replay_calls *calls, step_way way,
                                       unsigned char *block)
{
    if (!way.is_threaded) return block;
    return (unsigned char *)(((uintptr_t)block & calls->block_mask) + calls->block_base);
}

TOUCH_INLINE void step_compare(const replay_calls *calls, step_way way, const replay_slot *slot,
                               uint64_t number, replay_counts *counts)
{
    if (way.touch == replay_touch_none) return;
    unsigned char *const place = step_place(calls, way, slot->block);
    const uint64_t stamp = touch_stamp(number, slot->size);
    counts->damaged += way.touch == replay_touch_all
                           ? touch_compare_all(place, slot->size, stamp, calls->mask)
                           : touch_compare_ends(place, slot->size, stamp, calls->mask);
}

TOUCH_INLINE void step_free(const replay_calls *calls, step_way way, const step_op *op,
                            const replay_slot *slot, replay_counts *counts)
{
    if (slot->block == NULL) return; /* it failed */
    step_compare(calls, way, slot, op->slot, counts);
    calls->free(slot->block);
}

/* The new block is the slot's; NULL is a failure, but for no bytes, where it is allowed. */
TOUCH_INLINE void step_take(const replay_calls *calls, step_way way, const step_op *op,
                            replay_slot *slot, replay_counts *counts)
{
    slot->size = op->size;
    if (slot->block == NULL) {
        counts->failed += op->size != 0;
        return;
    }
    unsigned char *const place = step_place(calls, way, slot->block);
    const uint64_t stamp = touch_stamp(op->slot, op->size);
    if (way.touch == replay_touch_pages) {
        touch_write_pages(place, 0, op->size, stamp, calls->mask);
    } else if (way.touch == replay_touch_all) {
        touch_write_all(place, op->size, stamp, calls->mask);
    }
}

TOUCH_INLINE void step_calloc(const replay_calls *calls, step_way way, const step_op *op,
                              replay_slot *slot, replay_counts *counts)
{
    slot->block = calls->calloc(1, op->size);
    unsigned char *const place = step_place(calls, way, slot->block);
    if (slot->block != NULL && way.touch == replay_touch_pages) {
        counts->damaged += touch_compare_zero(place, op->size, calls->mask);
    } else if (slot->block != NULL && way.touch == replay_touch_all) {
        counts->damaged += touch_compare_all(place, op->size, 0, calls->mask);
    }
    step_take(calls, way, op, slot, counts);
}

TOUCH_INLINE void step_aligned(const replay_calls *calls, step_way way, const step_op *op,
                               replay_slot *slot, replay_counts *counts)
{
    const uint64_t alignment = (uint64_t)1 << op->align_log2;
    slot->block = calls->memalign(alignment, op->size);
    /* What a run without an allocator counts as damage means nothing. */
    counts->damaged += ((uintptr_t)slot->block & (alignment - 1)) != 0;
    step_take(calls, way, op, slot, counts);
}

TOUCH_INLINE void step_realloc(const replay_calls *calls, step_way way, const step_op *op,
                               replay_slot *slot, replay_counts *counts)
{
    const uint64_t old_size = slot->size;
    if (slot->block == NULL && old_size != 0) return; /* it failed */
    if (slot->block != NULL) step_compare(calls, way, slot, op->slot, counts);
    unsigned char *const block = calls->realloc(slot->block, op->size);
    if (block == NULL) {
        /* Failed, and the old block stays as it is; or made to 0 bytes, and gone. */
        counts->failed += op->size != 0;
        if (op->size == 0) *slot = (replay_slot){NULL, 0};
        return;
    }
    const uint64_t kept = old_size < op->size ? old_size : op->size;
    const uint64_t old_stamp = touch_stamp(op->slot, old_size);
    const uint64_t stamp = touch_stamp(op->slot, op->size);
    *slot = (replay_slot){block, op->size};
    unsigned char *const place = step_place(calls, way, block);
    if (way.touch == replay_touch_pages) {
        counts->damaged += touch_compare_first(place, kept, old_stamp, calls->mask);
        touch_write_pages(place, old_size, op->size, stamp, calls->mask);
    } else if (way.touch == replay_touch_all) {
        counts->damaged += touch_compare_all(place, kept, old_stamp, calls->mask);
        touch_write_all(place, op->size, stamp, calls->mask);
    }
}

TOUCH_INLINE void step_do(const replay_calls *calls, step_way way, const step_op *op,
                          replay_slot *slot, replay_counts *counts)
{
    /* The two that nearly all operations are come first: a jump through a table is predicted
     * worse than one that goes one of two ways. */
    if (op->kind == replay_kind_free) {
        step_free(calls, way, op, slot, counts);
    } else if (op->kind == replay_kind_malloc) {
        slot->block = calls->malloc(op->size);
        step_take(calls, way, op, slot, counts);
    } else if (op->kind == replay_kind_realloc) {
        step_realloc(calls, way, op, slot, counts);
    } else if (op->kind == replay_kind_calloc) {
        step_calloc(calls, way, op, slot, counts);
    } else {
        step_aligned(calls, way, op, slot, counts);
    }
}

#endif
