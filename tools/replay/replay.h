/* SPDX-License-Identifier: MIT-0
 *
 * strata-replayer: the program in which `strata replay` measures an allocator. What its files
 * share. It is one process for one run, as small as can be, so that what is measured is the
 * allocator and nothing else: it maps a plan, makes all tables it needs, reads the memory it
 * has, replays, and writes what it found. It calls no function of the C library that allocates.
 *
 *   replay_main     arguments, order of the steps    replay_measure  memory, faults, clocks
 *   replay_map      the plan: mapping, checking      replay_result   lines, sentences
 *   replay_calls    the allocator, or none           replay_samples  memory over a pass
 *   replay_run      a pass without threads           replay_touch.h  what is written into blocks
 *   replay_step.h   one operation
 *   replay_lists    what each thread has to do       replay_threads  a pass with threads
 *   replay_wait     threads wait for each other
 *
 * Proved by test/replay.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "replay_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- results and sentences ---- */

typedef enum replay_exit {
    replay_exit_ok = 0,
    replay_exit_bad_input = 2, /* the plan or the arguments */
    replay_exit_failed = 125   /* the operating system refused something */
} replay_exit;

/* Where `strata replay` has put things. */
enum { replay_plan_descriptor = 3, replay_result_descriptor = 4 };

/* Writes "strata: replay: SENTENCE." to standard error and ends the process. */
_Noreturn void replay_die(int status, const char *sentence);
/* The same about an operation: "operation NUMBER SENTENCE." */
_Noreturn void replay_die_at(uint64_t op, const char *sentence);

/* Adds a line of results, "NAME VALUE VALUE..."; they are written when the buffer is full. */
void replay_line(const char *name, unsigned value_count, const uint64_t *value);
void replay_line_flush(void);
/* Writes a line without values at once. */
void replay_mark(const char *line);

/* ---- what the operating system says ---- */

typedef struct replay_memory {
    uint64_t rss;      /* all in bytes */
    uint64_t peak_rss; /* since replay_reset_peak */
    uint64_t file_rss; /* of files and shared memory: programs, libraries, the plan */
} replay_memory;

typedef struct replay_faults {
    uint64_t minor;
    uint64_t major;
} replay_faults;

void replay_read_memory(replay_memory *memory);
/* Resident bytes: the same as above, but cheap enough to be asked during a pass. */
uint64_t replay_read_rss(void);
void replay_reset_peak(void);
void replay_read_faults(replay_faults *faults);
uint64_t replay_clock_ns(int clock);

/* New memory of zeros, all of it touched. Ends the process if there is none. */
void *replay_map_memory(uint64_t size);
/* The same, but not touched: for what is given back before memory is measured. */
void *replay_map_scratch(uint64_t size);
void replay_unmap(void *memory, uint64_t size);

/* What is written into blocks. */
typedef enum replay_touch {
    replay_touch_pages, /* first and last word, and one in each page between */
    replay_touch_all,   /* every byte */
    replay_touch_none
} replay_touch;

/* ---- the plan ---- */

/* Maps the plan and checks it all: slots, kinds, and that what is freed was allocated. After
 * this nothing in it has to be doubted. Ends the process if it is bad. */
const replay_plan *replay_map_plan(void);

static inline const replay_op *replay_plan_ops(const replay_plan *plan)
{
    return (const replay_op *)(plan + 1);
}

/* ---- running ---- */

/* An object's place. No block: the allocation failed, or gave NULL for 0 bytes. */
typedef struct replay_slot {
    unsigned char *block;
    uint64_t size;
} replay_slot;

/* The allocator. */
typedef struct replay_calls {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void (*free)(void *block);
    void *(*memalign)(size_t alignment, size_t size);
    /* Offsets into blocks are masked with this before they are used, so that the run without
     * an allocator can execute the same instructions and stay inside of its area. */
    uint64_t mask;
    /* With threads, blocks are masked and moved as well; see replay_calls_for_lane. */
    uint64_t block_mask;
    uint64_t block_base;
} replay_calls;

/* The process's allocator, or functions that do the least possible. */
void replay_calls_get(replay_calls *calls, bool null);

/* Without an allocator: memory for so many threads at the same time, so that each writes to an
 * area of its own. Then what thread number `lane` of them has to use; else nothing changes. */
void replay_calls_make_areas(const replay_calls *calls, uint32_t lane_count);
void replay_calls_for_lane(replay_calls *calls, uint32_t lane);

typedef struct replay_counts {
    uint64_t damaged; /* words that were not what they should be */
    uint64_t failed;  /* allocations that returned NULL */
} replay_counts;

typedef struct replay_run {
    const replay_op *op;
    replay_slot *slot;
    replay_calls calls;
    replay_touch touch;
    replay_counts counts;
} replay_run;

/* Executes the operations from `first` up to `end`, exclusive: the same under two names, for what
 * was recorded and for the frees that the plan adds at its end. Instruction counts are taken of the
 * first and what it calls. */
void replay_run_ops(replay_run *run, uint64_t first, uint64_t end);
void replay_run_tail(replay_run *run, uint64_t first, uint64_t end);

/* ---- samples ---- */

typedef struct replay_sample {
    uint64_t op;   /* taken when so many operations are done */
    uint64_t live; /* bytes then allocated, by the plan */
    uint64_t rss;
} replay_sample;

typedef struct replay_samples {
    replay_sample *sample; /* in the order of `op`, which differ */
    uint64_t count;
} replay_samples;

/* About `count` samples at even distances, and one where most is live. None if it is 0. */
void replay_samples_make(replay_samples *samples, const replay_plan *plan, uint64_t count);

/* ---- threads ---- */

typedef struct replay_threads replay_threads;

/* Makes all that is needed to run a plan of several threads. */
replay_threads *replay_threads_make(const replay_plan *plan, const replay_run *run,
                                    replay_samples *samples);
/* Makes ready for a pass, before time is taken. */
void replay_threads_reset(replay_threads *threads);
/* One pass: starts the threads, runs them to their end, and joins them. Takes the samples, if
 * this is the first pass. */
void replay_threads_run(replay_threads *threads);
/* What all passes so far have found. */
void replay_threads_counts(const replay_threads *threads, replay_counts *counts);

#endif
