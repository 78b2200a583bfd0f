/* SPDX-License-Identifier: MIT-0
 *
 * What is in a trace, counted in one pass: operations, threads, sizes, lifetimes, live memory.
 *
 * A request is an allocation or a realloc: both ask for a size. An object lives from its
 * allocation to its free, whatever its reallocs; its owner is the thread that allocated or resized
 * it last, and an operation of another thread on it is a crossing.
 *
 * Operations are counted from 1. Sums stop at UINT64_MAX. Proved in test/trace/trace_stats_counts.c.
 */
#ifndef TRACE_STATS_H
#define TRACE_STATS_H

#include "trace_read.h"
#include "trace_table.h"
#include "trace_tally.h"

enum {
    trace_stats_bin_count = 65,
    trace_stats_column_max = 800,
    trace_stats_top_max = 10,
    trace_stats_kind_count = trace_kind_aligned + 1
};

/* One bar of a histogram. Bar 0 is of the value 0, bar k of 2^(k-1) up to 2^k - 1. */
typedef struct trace_stats_bin {
    uint64_t count;
    uint64_t size; /* bytes in all: of size histograms the sizes, of lifetimes the objects' */
} trace_stats_bin;

typedef struct trace_stats_thread {
    uint64_t allocation_count;
    uint64_t realloc_count;
    uint64_t free_count;
} trace_stats_thread;

/* Live memory after an operation. */
typedef struct trace_stats_moment {
    uint64_t op;
    uint64_t time_ns;
    uint64_t live_count;
    uint64_t live_size;
} trace_stats_moment;

typedef struct trace_stats {
    /* What the header says. */
    bool is_cut;
    bool has_times; /* known at the end: some operation had a time */

    uint64_t op_count;
    uint64_t kind_count[trace_stats_kind_count];
    uint64_t grow_count; /* reallocs to a larger, a smaller, the same size */
    uint64_t shrink_count;
    uint64_t same_count;
    uint64_t aligned_max; /* largest alignment that was asked for; 0 if none was */

    uint64_t request_count;
    uint64_t request_size; /* bytes of all requests */
    uint64_t size_max;
    trace_tally sizes; /* of requests */
    trace_stats_bin size_bins[trace_stats_bin_count];

    trace_stats_moment now; /* at the end: what was never freed */
    trace_stats_moment peak_size;
    trace_stats_moment peak_count;

    /* How long the objects lived that were freed: in operations, in bytes of requests, in ns. */
    trace_stats_bin op_bins[trace_stats_bin_count];
    trace_stats_bin byte_bins[trace_stats_bin_count];
    trace_stats_bin time_bins[trace_stats_bin_count];

    trace_stats_thread *thread; /* by number */
    uint64_t thread_count;      /* of the header; not all need have done something */
    uint64_t cross_free_count;
    uint64_t cross_realloc_count;
    trace_tally crossings; /* owner << 32 | who did it */

    /* Live memory over the operations: a column is of `column_ops` of them, and has the moment when
     * most was live in it. */
    trace_stats_moment column[trace_stats_column_max];
    uint64_t column_ops;
    size_t column_count;

    trace_table objects; /* its own */
} trace_stats;

/* False if there is no memory. trace_stats_fini either way. */
bool trace_stats_init(trace_stats *stats, const trace_header *header);
void trace_stats_fini(trace_stats *stats);

/* Counts one operation. False if there is no memory. */
bool trace_stats_add(trace_stats *stats, const trace_op *op);

/* How many threads did something. */
uint64_t trace_stats_count_threads(const trace_stats *stats);

/* The bar that a value belongs to, and the smallest value of a bar. */
unsigned trace_stats_find_bin(uint64_t value);
uint64_t trace_stats_bin_start(unsigned bin);

#endif
