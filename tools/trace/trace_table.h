/* SPDX-License-Identifier: MIT-0
 *
 * What is known about each living object, by its number. Objects are numbered in the order of
 * allocation and most die young, so the table is cut into pages, and a page goes when all of its
 * objects have died: what is needed follows the objects that live, not all that ever did. (A
 * long-lived object keeps its page, so the most that it can need is the flat array.)
 *
 *      page[]   +---+---+---+---+      entries of page 3
 *               | - | - | o | o----->  +-------+-------+- - -+-------+
 *               +---+---+---+---+      | 12288 | 12289 |     | 16383 |
 *                                      +-------+-------+- - -+-------+
 *
 * Proved in test/trace/trace_stats_counts.c.
 */
#ifndef TRACE_TABLE_H
#define TRACE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { trace_table_shift = 12, trace_table_page_entries = 1 << trace_table_shift };

typedef struct trace_table_page {
    uint32_t live_count;
    uint64_t entries[]; /* as words, for the alignment */
} trace_table_page;

typedef struct trace_table {
    trace_table_page **page; /* NULL: all of its objects are dead */
    size_t page_capacity;
    trace_table_page *spare; /* the page that went last, or NULL */
    size_t entry_words;
    uint64_t count; /* objects so far, dead ones included */
} trace_table;

/* An entry is so many 64-bit words. The caller says which objects live: each entry whose object
 * has died is handed to trace_table_drop, once. */
void trace_table_init(trace_table *table, size_t entry_words);
void trace_table_fini(trace_table *table);

/* The entry of the next object, all zero; NULL if there is no memory. */
void *trace_table_add(trace_table *table);

/* The object `id` has died. Its entry stays as it is until its page goes. */
void trace_table_drop(trace_table *table, uint64_t id);

/* The entry of `id`, which is below the count; NULL if it went with its page. An entry that was
 * dropped may still be found: what it then says is the caller's own mark. */
static inline void *trace_table_find(const trace_table *table, uint64_t id)
{
    trace_table_page *page = table->page[id >> trace_table_shift];
    if (page == NULL) return NULL;
    return &page->entries[(id & (trace_table_page_entries - 1)) * table->entry_words];
}

#endif
