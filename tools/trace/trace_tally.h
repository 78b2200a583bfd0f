/* SPDX-License-Identifier: MIT-0
 *
 * Counting how often each number comes: a hash table that grows with how many different ones
 * there are.
 */
#ifndef TRACE_TALLY_H
#define TRACE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct trace_tally_entry {
    uint64_t key;
    uint64_t count; /* 0: the place is empty */
} trace_tally_entry;

typedef struct trace_tally {
    trace_tally_entry *entry; /* a place is key's hash or one of the next */
    unsigned capacity_shift;  /* 2^that places; 0: none */
    uint64_t count;           /* different keys */
} trace_tally;

void trace_tally_init(trace_tally *tally);
void trace_tally_fini(trace_tally *tally);

/* Counts `key` once more. False if there is no memory. */
bool trace_tally_add(trace_tally *tally, uint64_t key);

/* Fills `top` with the most frequent, those first; of two that are as frequent the smaller key
 * first. Returns how many there are, at most `count`. */
size_t trace_tally_find_top(const trace_tally *tally, trace_tally_entry *top, size_t count);

#endif
