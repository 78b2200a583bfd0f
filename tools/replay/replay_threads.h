/* SPDX-License-Identifier: MIT-0
 *
 * Threads: what replay_lists prepares, replay_threads executes, and replay_wait waits for.
 *
 * Each recorded thread has a list of entries, its operations in order and what has to happen
 * between them. All entries of all threads have one order, that of the plan:
 *
 *      ... checkpoint of g | operation g | sample after g | launch of who does g + 1 | ...
 *
 * An entry that can't be executed yet waits; each waits for entries before it only:
 *
 *   an operation   for the one before it on its object, if another thread does that;
 *   a checkpoint   for all entries of operations more than a window below g: so live memory
 *                  stays close to what it was when the program ran;
 *   a launch       for the end of the thread that used the lane before (it is joined);
 *   the first      for the launch of its thread.
 *
 * No deadlock: of the entries that are not done take the first. All before it are done, so what
 * it waits for is true, and its thread is running, or asleep and will be woken (replay_wait).
 *
 * Threads that never live at the same time share a lane, so that a program that starts thousands
 * of them, one after the other, costs no more than a few. The thread that does operation 0 is
 * the process's main thread, as it was when the program ran, and has lane 0 to itself.
 */
#ifndef REPLAY_THREADS_H
#define REPLAY_THREADS_H

#include "replay.h"

#include <pthread.h>
#include <stdatomic.h>

/* In operations of the plan. Checkpoints lie at multiples of `threads_block`; what a thread has
 * told of its progress is thus up to a block late, which the window has to exceed. */
enum { threads_window = 1024, threads_block = 256 };
/* So many at the same time. */
enum { threads_lane_max = 4096 };
/* What is far apart in memory lies in different lines of any cache, the next line fetched along
 * with one included. */
enum { threads_line_size = 128 };

/* Kinds of entries, beside those of operations. */
enum {
    threads_checkpoint = 5, /* size: the operation, rounded down to a block */
    threads_launch = 6,     /* slot: the thread */
    threads_sample = 7,     /* size: its number */
    threads_kind_mask = 7,
    threads_waits = 0x40,    /* flags of an operation: the one before it on its object, */
    threads_publishes = 0x80 /* the one after it, is by another thread */
};

/* 16 bytes, as an operation of the plan. */
typedef struct threads_entry {
    uint32_t slot;
    uint16_t turn; /* how often its object has passed from one thread to another before */
    uint8_t kind;
    uint8_t align_log2;
    uint64_t size;
} threads_entry;

typedef struct threads_one {
    uint64_t first_op;
    uint64_t last_op;
    const threads_entry *entry;
    const threads_entry *end;
    uint32_t lane;
    uint32_t before;  /* the thread that used the lane before, or threads_nobody */
    uint32_t after;   /* that uses it next */
    pthread_t handle; /* set by itself; valid for others once its lane has progressed past it */
    struct replay_threads *all;
} threads_one;

#define threads_nobody UINT32_MAX

/* What a thread waits for. */
typedef enum threads_what {
    threads_what_turn,  /* of a slot: turn == value */
    threads_what_lane,  /* of one lane: progress >= value */
    threads_what_window /* of all lanes: progress >= value */
} threads_what;

typedef struct threads_wish {
    threads_what what;
    uint32_t place; /* the slot or lane */
    uint64_t value;
} threads_wish;

/* One lane. Its thread writes it, all read it. */
typedef struct threads_lane {
    /* No entry of this lane that is not done belongs to an operation below this. */
    _Alignas(threads_line_size) _Atomic(uint64_t) progress;
    /* 1: its thread sleeps or is about to. What it wishes follows. */
    _Alignas(threads_line_size) _Atomic(uint32_t) nap;
    _Atomic(uint32_t) what;
    _Atomic(uint32_t) place;
    _Atomic(uint64_t) value;
    replay_counts counts; /* of all its threads so far, one after the other */
} threads_lane;

struct replay_threads {
    replay_calls calls;
    replay_touch touch;
    replay_samples *samples; /* with none left after the first pass */
    threads_one *thread;     /* in the order of their first operations */
    uint32_t thread_count;   /* that do anything */
    uint32_t lane_count;
    threads_lane *lane;
    replay_slot *slot;
    _Atomic(uint16_t) *turn; /* of each slot */
    uint64_t slot_count;
    pthread_attr_t attributes;
    /* A progress that all lanes are known to have reached, so that not all are asked each time. */
    _Alignas(threads_line_size) _Atomic(uint64_t) floor;
    _Alignas(threads_line_size) _Atomic(uint32_t) sleeper_count;
};

/* replay_lists: makes threads, lanes, entries; counts slots. */
void threads_make_lists(replay_threads *all, const replay_plan *plan,
                        const replay_samples *samples);

/* replay_wait. `lane` is the caller's. */
void threads_wait(replay_threads *all, uint32_t lane, const threads_wish *wish);
/* Wakes whoever sleeps and has its wish fulfilled: to be called some time after something was
 * published, and before its thread ends. threads_wait does so before it sleeps. */
void threads_wake(replay_threads *all);

/* An operation's number as checkpoints have it. */
static inline uint64_t threads_block_of(uint64_t op)
{
    return op & ~(uint64_t)(threads_block - 1);
}

#endif
