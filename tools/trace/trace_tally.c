/* SPDX-License-Identifier: MIT-0
 *
 * The hash table of counts: open addressing, at most three quarters full.
 */
#include "trace_tally.h"

#include <stdlib.h>

enum { tally_shift_min = 8 };

void trace_tally_init(trace_tally *tally) { *tally = (trace_tally){0}; }

void trace_tally_fini(trace_tally *tally)
{
    free(tally->entry);
    trace_tally_init(tally);
}

static size_t tally_capacity(const trace_tally *tally)
{
    return tally->capacity_shift > 0 ? (size_t)1 << tally->capacity_shift : 0;
}

/* The place of `key`, or the empty one where it belongs. */
static trace_tally_entry *tally_find(const trace_tally *tally, uint64_t key)
{
    const size_t mask = tally_capacity(tally) - 1;
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio */
    size_t at = (size_t)((key * golden) >> (64 - tally->capacity_shift));
    while (tally->entry[at].count > 0 && tally->entry[at].key != key) at = (at + 1) & mask;
    return &tally->entry[at];
}

static bool tally_grow(trace_tally *tally)
{
    trace_tally larger = {.count = tally->count};
    larger.capacity_shift =
        tally->capacity_shift > 0 ? tally->capacity_shift + 1 : tally_shift_min;
    larger.entry = calloc(tally_capacity(&larger), sizeof larger.entry[0]);
    if (larger.entry == NULL) return false;
    for (size_t i = 0; i < tally_capacity(tally); i++) {
        const trace_tally_entry *entry = &tally->entry[i];
        if (entry->count > 0) *tally_find(&larger, entry->key) = *entry;
    }
    free(tally->entry);
    *tally = larger;
    return true;
}

bool trace_tally_add(trace_tally *tally, uint64_t key)
{
    const bool is_full = tally->count >= tally_capacity(tally) / 4 * 3;
    if (is_full && !tally_grow(tally)) return false;
    trace_tally_entry *entry = tally_find(tally, key);
    if (entry->count++ == 0) {
        entry->key = key;
        tally->count++;
    }
    return true;
}

static bool tally_comes_before(const trace_tally_entry *first, const trace_tally_entry *second)
{
    if (first->count != second->count) return first->count > second->count;
    return first->key < second->key;
}

size_t trace_tally_find_top(const trace_tally *tally, trace_tally_entry *top, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < tally_capacity(tally); i++) {
        const trace_tally_entry *entry = &tally->entry[i];
        if (entry->count == 0) continue;
        if (found == count && !tally_comes_before(entry, &top[count - 1])) continue;
        size_t at = found < count ? found++ : count - 1;
        for (; at > 0 && tally_comes_before(entry, &top[at - 1]); at--) top[at] = top[at - 1];
        top[at] = *entry;
    }
    return found;
}
