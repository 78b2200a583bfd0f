/* SPDX-License-Identifier: MIT-0
 *
 * The whole front over a fake host that is watched: how often a malloc or free calls the host, how many bytes
 * it gives back, and which locks are held meanwhile. Nothing here depends on time: the host's clock is the
 * test's. The program is compiled with STRATA_CHECK 2, so that each thread knows its locks.
 */
#ifndef TEST_OPERATORS_LATENCY_HOST_H
#define TEST_OPERATORS_LATENCY_HOST_H

#include "fake/testing.h"

#include "books/options.h"
#include "fake/front_start.h"
#include "strata.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Who may be held up by a call of the host. */
typedef enum host_lock {
    host_lock_depot, /* of one thread: others that free its small blocks */
    host_lock_space, /* whoever allocates there, and finds no other space; whoever frees a block of it */
    host_lock_growers, /* who needs the same from the host: slices, a leaf of the page map, a record */
    host_lock_shared, /* the lists of slices and of direct mappings, the account: anybody */
    host_lock_count
} host_lock;

/* What one malloc, free or realloc did, or the worst of many. */
typedef struct host_costs {
    size_t calls, given_back;       /* bytes: what is unmapped is not among them */
    unsigned held[host_lock_count]; /* kinds of calls, as bits, with such a lock held */
} host_costs;

static struct {
    host_costs now, worst;
    size_t all_calls[os_fake_call_count]; /* since the last host_begin */
    unsigned clock, clock_step;           /* milliseconds that pass with each call of ours */
} host;

static inline void host_note(os_fake_call call, size_t size)
{
    static const struct {
        uint32_t first, end;
        host_lock lock;
    } ranks[] = {
        {st_lock_rank_cache, st_lock_rank_cache + 1, host_lock_depot},
        {st_lock_rank_space, st_lock_rank_room, host_lock_space},
        {st_lock_rank_slices_grow, st_lock_rank_slices, host_lock_growers},
        {st_lock_rank_pagemap, st_lock_rank_end, host_lock_growers},
        {st_lock_rank_caches, st_lock_rank_cache, host_lock_growers},
        {st_lock_rank_init, st_lock_rank_caches, host_lock_shared},
        {st_lock_rank_room, st_lock_rank_slices_grow, host_lock_shared},
        {st_lock_rank_slices, st_lock_rank_pagemap, host_lock_shared},
    };
    host.now.calls++;
    host.all_calls[call]++;
    if (call == os_fake_call_purge || call == os_fake_call_decommit)
        host.now.given_back += size;
    for (size_t n = 0; n < TESTING_COUNT(ranks); n++)
        if (st_lock_holds(ranks[n].first, ranks[n].end))
            host.now.held[ranks[n].lock] |= 1u << call;
}

static inline void host_begin(unsigned clock_step)
{
    memset(&host.worst, 0, sizeof host.worst);
    memset(host.all_calls, 0, sizeof host.all_calls);
    host.clock_step = clock_step;
}

static inline void host_before(void)
{
    memset(&host.now, 0, sizeof host.now);
    host.clock += host.clock_step;
    os_fake_set_clock(host.clock);
}

static inline void host_after(void)
{
    host.worst.calls = host.now.calls > host.worst.calls ? host.now.calls : host.worst.calls;
    if (host.now.given_back > host.worst.given_back)
        host.worst.given_back = host.now.given_back;
    for (unsigned n = 0; n < host_lock_count; n++) host.worst.held[n] |= host.now.held[n];
}

static inline void *host_malloc(size_t size)
{
    host_before();
    char *mem = strata_malloc(size);
    host_after();
    assert_non_null(mem);
    for (size_t at = 0; at < size; at += 4096) mem[at] = 1;
    return mem;
}

static inline void host_free(void *mem)
{
    host_before();
    strata_free(mem);
    host_after();
}

static inline void *host_realloc(void *mem, size_t size)
{
    host_before();
    mem = strata_realloc(mem, size);
    host_after();
    assert_non_null(mem);
    return mem;
}

static inline size_t host_calls(void)
{
    size_t sum = 0;
    for (unsigned call = 0; call < os_fake_call_count; call++) sum += host.all_calls[call];
    return sum;
}

static inline void host_start(void)
{
    host.clock = 1;
    os_fake_configure(&os_fake_usual);
    os_fake_watch_calls(host_note);
    assert_true(front_start());
    strata_free(strata_malloc(1));
}

static inline void host_tell_kinds(const char *who, unsigned kinds)
{
    static const char *const names[] = {"reserve", "reserve at", "map",    "commit", "decommit",
                                        "purge",   "release",    "resize", "move"};
    if (kinds == 0) return;
    printf("; %s:", who);
    for (unsigned call = 0; call < os_fake_call_count; call++)
        if (kinds >> call & 1) printf(" %s", names[call]);
}

/* One line a phase, on standard output. */
static inline void host_tell(const char *phase)
{
    static const char *const who[] = {"depot", "space", "growers", "shared"};
    printf("%-34s calls %2zu, given back %7zu KiB", phase, host.worst.calls,
           host.worst.given_back / KIB);
    for (unsigned n = 0; n < host_lock_count; n++) host_tell_kinds(who[n], host.worst.held[n]);
    printf("\n");
    fflush(stdout);
}

#endif
