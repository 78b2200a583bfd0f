/* SPDX-License-Identifier: MIT-0
 *
 * libstrata_record.so, preloaded by `strata record`: writes down each allocation of a process as
 * a trace, while the allocator that is next in line does the work. What its files share.
 *
 *   record_calls  malloc and its family: what the program calls
 *   record_gate   whether a call is recorded: start, fork, the lock
 *   record_next   the allocator behind us, and a little memory for the time before it is known
 *   record_write  records, and the state of one process's recording
 *   record_table  address -> number of the object
 *   record_file   the file, written through a mapping
 *   record_say    sentences on standard error
 *
 * Nothing here allocates from the recorded allocator; what we need is mapped.
 *
 * A child made by fork gets a page of zeros in place of the gate (MADV_WIPEONFORK), so whatever
 * state its parent's threads were in, it finds the lock free and itself not yet started, and
 * begins a recording of its own. A child that shares memory (vfork) records into its parent's.
 *
 * Signals. A handler may run in a thread that holds the lock. What it then allocates or frees is
 * handed on and not recorded, for to wait would be for ever. So the table may keep an object that
 * is gone; when its address is given out again, its free is recorded there. The trace stays sound.
 *
 * Proved in test/record.
 */
#ifndef RECORD_H
#define RECORD_H

#include "trace_format.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(long) == 8, "the recorder is made for 64-bit systems");

/* What the files share is nobody else's: no procedure table stands between them. */
#pragma GCC visibility push(hidden)

#define RECORD_LIKELY(condition) __builtin_expect(!!(condition), 1)

/* ---- record_gate ---- */

/* What becomes of a call. */
typedef enum record_way {
    record_way_unknown = 0, /* as a gate's mode only: this process has not begun yet */
    record_way_on = 1,      /* recorded */
    record_way_pass = 2,    /* handed on to the next allocator */
    record_way_arena = 3    /* that one is not known yet; served by record_arena */
} record_way;

/* A page of its own, which fork replaces by zeros. */
typedef struct record_gate {
    _Atomic(uint32_t) mode; /* record_way, of this process; changed under the lock */
    _Atomic(uint32_t) lock; /* 0 free, 1 held, 2 held and waited for */
} record_gate;

/* NULL until somebody allocates for the first time. */
extern _Atomic(record_gate *) record_gate_here;

/* What belongs to one thread. In the block that the loader sets up with the thread, so that using
 * it never allocates. */
typedef struct record_thread {
    uint64_t generation; /* of the recording in which `number` was given; 0: none yet */
    uint32_t number;
    bool is_inside; /* in the recorder, or in what it called */
} record_thread;

extern _Thread_local record_thread record_this_thread
    __attribute__((tls_model("initial-exec")));

record_way record_enter_slowly(void);

/* The first thing each call does. */
static inline record_way record_enter(void)
{
    /* acquire: the page is set up. */
    record_gate *gate = atomic_load_explicit(&record_gate_here, memory_order_acquire);
    if (RECORD_LIKELY(gate != NULL)) {
        /* relaxed: who records looks again under the lock. */
        const uint32_t mode = atomic_load_explicit(&gate->mode, memory_order_relaxed);
        if (RECORD_LIKELY(mode != record_way_unknown)) return (record_way)mode;
    }
    return record_enter_slowly();
}

void record_lock_wait(_Atomic(uint32_t) *lock);
void record_lock_wake(_Atomic(uint32_t) *lock);

static inline void record_lock_take(_Atomic(uint32_t) *lock)
{
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong_explicit(lock, &expected, 1, memory_order_acquire,
                                                 memory_order_relaxed)) {
        record_lock_wait(lock);
    }
}

static inline void record_lock_drop(_Atomic(uint32_t) *lock)
{
    if (atomic_exchange_explicit(lock, 0, memory_order_release) == 2) record_lock_wake(lock);
}

/* Takes the lock; false if this call can't be recorded: we are in a signal handler that found its
 * own thread in here, or recording has stopped meanwhile. */
static inline bool record_begin_call(void)
{
    if (record_this_thread.is_inside) return false;
    record_this_thread.is_inside = true;
    /* For a handler of this thread: it sees the mark before the lock is taken, and until it is
     * dropped. */
    atomic_signal_fence(memory_order_seq_cst);
    record_gate *gate = atomic_load_explicit(&record_gate_here, memory_order_relaxed);
    record_lock_take(&gate->lock);
    if (RECORD_LIKELY(atomic_load_explicit(&gate->mode, memory_order_relaxed) ==
                      record_way_on)) {
        return true;
    }
    record_lock_drop(&gate->lock);
    record_this_thread.is_inside = false;
    return false;
}

static inline void record_end_call(void)
{
    record_lock_drop(&atomic_load_explicit(&record_gate_here, memory_order_relaxed)->lock);
    atomic_signal_fence(memory_order_seq_cst);
    record_this_thread.is_inside = false;
}

/* Of the process that runs: from now on calls are handed on. The lock is held. */
void record_close_gate(void);

/* ---- record_next ---- */

/* The allocator behind us. Those that not every C library has may be NULL. */
typedef struct record_family {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    void (*free_sized)(void *, size_t);
    void (*free_aligned_sized)(void *, size_t, size_t);
} record_family;

extern record_family record_next;

/* Looks them up, which may allocate. One thread at a time. */
void record_next_find(void);
bool record_next_is_known(void);

/* Memory that is never given back, zeroed; NULL if there is no more. Needs nothing that would
 * have to be relocated. */
void *record_arena_alloc(size_t size, size_t alignment);
void *record_arena_resize(const void *mem, size_t size);
bool record_is_arena(const void *mem);
/* Of a block of the arena: the size that was asked for. */
size_t record_arena_size(const void *mem);

/* ---- record_write ---- */

typedef struct record_settings {
    bool is_asked_for; /* the environment says that there is something to do */
    const char *directory;
    uint64_t limit; /* operations a process */
    bool with_times;
} record_settings;

/* Begins this process's file; false if there is nothing to record. The lock is held. */
bool record_start(const record_settings *settings);

/* An allocation has succeeded (or not: then `mem` is NULL). */
void record_allocated(const void *mem, trace_kind kind, size_t size, unsigned align_log2);
/* A block is about to be freed. */
void record_freed(const void *mem);

/* A block that was taken out of the table while it is resized. */
typedef struct record_taken {
    uint64_t generation; /* of the recording that it belongs to; 0: nothing is to be recorded */
    uint64_t id;         /* RECORD_NO_ID: it was not known */
} record_taken;

#define RECORD_NO_ID UINT64_MAX

record_taken record_take(const void *mem);
/* `now` is what realloc gave for `mem` and `size`. */
void record_resized(record_taken taken, const void *mem, const void *now, size_t size);

/* ---- record_say ---- */

/* Remembers which file standard error is now. */
void record_say_prepare(void);

/* One sentence: "strata: record: 'PATH' WHAT: (what `error` means); process N (NAME) REST." Not
 * written if standard error is closed, or has become another file. */
void record_say(const char *path, const char *what, int error, const char *rest);

#pragma GCC visibility pop

#endif
