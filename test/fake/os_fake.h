/* SPDX-License-Identifier: MIT-0
 *
 * A host for tests: the contract of os/os.h over one arena, deterministic and distrustful.
 *
 * It places what is taken at the lowest address that fits, hands out zero bytes, makes reserved
 * and released bytes inaccessible, and counts. It fails the call that a test tells it to. A
 * call that breaks the contract (a size that is no multiple of the page size, a commit of what
 * is not reserved, a release of what was not taken, ...) ends the process with a sentence.
 */
#ifndef OS_FAKE_H
#define OS_FAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "os/os.h"

/* ---- the host's ways ---- */

typedef struct os_fake_config {
    size_t page_size;    /* 4, 16 or 64 KiB */
    size_t seed;         /* what st_os_entropy returns */
    size_t memory_limit; /* bytes that may be committed at once; 0: no limit */
    size_t floor;        /* nothing is placed in this many bytes of the arena's start */
    size_t gap;          /* bytes left alone above whatever is taken */
    bool refuses_purge;  /* these six: the calls never succeed */
    bool refuses_decommit;
    bool refuses_resize;
    bool refuses_move;
    bool refuses_reserve_at;
    bool refuses_watch;        /* threads: their end can't be told */
    bool refuses_part_release; /* only what was taken in one piece can be released, in one */
    bool is_privileged;
} os_fake_config;

/* 4 KiB pages, no limit, can do everything. */
extern const os_fake_config os_fake_usual;

/* Changes the ways of the host. The page size changes only while nothing is taken. */
void os_fake_configure(const os_fake_config *config);

/* Forgets everything: what was taken is gone, counters are 0, nothing fails, output is empty,
 * the host is os_fake_usual. For tests whose structures are all forgotten, too. */
void os_fake_reset(void);

/* ---- faults ---- */

typedef enum os_fake_call {
    os_fake_call_reserve,
    os_fake_call_reserve_at,
    os_fake_call_map,
    os_fake_call_commit,
    os_fake_call_decommit,
    os_fake_call_purge,
    os_fake_call_release,
    os_fake_call_resize,
    os_fake_call_move,
    os_fake_call_count
} os_fake_call;

#define OS_FAKE_ANY ((1u << os_fake_call_count) - 1)
#define OS_FAKE_ONLY(call) (1u << os_fake_call_##call)

/* From now on calls of the kinds in `kinds` (bits) are counted, and the nth of them fails (1 is
 * the next one), and, if `all_later`, each one after it. nth 0 fails none. */
void os_fake_fail(unsigned kinds, size_t nth, bool all_later);

/* How many calls failed since the latest os_fake_fail, because of it or of the memory limit. */
size_t os_fake_failed(void);

/* ---- counts ---- */

typedef struct os_fake_counts {
    size_t reserved;  /* bytes that are reserved, not committed */
    size_t committed; /* bytes that are committed */
    size_t committed_peak;
    size_t calls[os_fake_call_count];  /* calls so far, failed ones included */
    size_t failed[os_fake_call_count]; /* calls that os_fake_fail made fail, so far */
} os_fake_counts;

void os_fake_count(os_fake_counts *counts);

/* How many ranges were named so far, their bytes, and the latest name. */
size_t os_fake_named(size_t *size, const char **last);

/* Bytes of address space that were taken and not yet released: 0 if nothing leaked. */
size_t os_fake_taken(void);

/* True if every byte of [start, start + size) is committed. */
bool os_fake_is_committed(const void *start, size_t size);

/* ---- what it heard ---- */

/* Everything written since the last os_fake_clear_output, as one string. */
const char *os_fake_output(void);
void os_fake_clear_output(void);

/* What st_os_append appended since then, and the path it was told last. */
const char *os_fake_appended(void);
const char *os_fake_append_path(void);

/* Calls `watch` at the beginning of every st_os_move; NULL for none. */
void os_fake_watch_moves(void (*watch)(void *addr, void *target));

/* Calls `watch` at the beginning of every call that can fail, with its size (the new one, if it has two). */
void os_fake_watch_calls(void (*watch)(os_fake_call call, size_t size));

/* What st_os_environment tells of the only variable there is; name NULL: there is none. */
void os_fake_set_environment(const char *name, const char *value);

/* The process's other allocator; NULL: there is none. */
void os_fake_set_other(const st_os_other *other);

/* Calls what was given to st_os_at_fork for one of its moments; false if nothing was. */
typedef enum os_fake_fork_moment {
    os_fake_fork_prepare,
    os_fake_fork_parent,
    os_fake_fork_child
} os_fake_fork_moment;

bool os_fake_fork(os_fake_fork_moment moment);

/* Whether the ends of threads can be told. Not at first, so that what needs it does not start before
 * a test has configured the host: a build may have constructors. */
void os_fake_tell_ends(bool tells);

/* Calls what was given to st_os_at_thread_end, as if the calling thread ended; false if nothing was.
 * A thread of a test calls it itself, last of all. */
bool os_fake_end_thread(void);

/* How many calls of st_os_watch_thread succeeded. */
size_t os_fake_watched(void);

/* What st_os_clock tells from now on; 1 at first, and nothing moves it but this. */
void os_fake_set_clock(unsigned milliseconds);

/* ---- the end ---- */

/* Calls act(context). True if that ended in st_os_stop; then all that act had not finished stays
 * as it was, its locks taken. Outside of this st_os_stop shows the output and aborts. */
bool os_fake_stops(void (*act)(void *context), void *context);

#endif
