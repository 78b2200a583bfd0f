/* SPDX-License-Identifier: MIT-0
 *
 * The table of objects: adding, dropping, and the pages.
 */
#include "trace_table.h"

#include <stdlib.h>
#include <string.h>

void trace_table_init(trace_table *table, size_t entry_words)
{
    *table = (trace_table){.entry_words = entry_words};
}

void trace_table_fini(trace_table *table)
{
    for (size_t i = 0; i < table->page_capacity; i++) free(table->page[i]);
    free(table->page);
    free(table->spare);
    trace_table_init(table, table->entry_words);
}

static bool table_grow_directory(trace_table *table)
{
    const size_t capacity = table->page_capacity > 0 ? 2 * table->page_capacity : 64;
    trace_table_page **page = realloc(table->page, capacity * sizeof table->page[0]);
    if (page == NULL) return false;
    for (size_t i = table->page_capacity; i < capacity; i++) page[i] = NULL;
    table->page = page;
    table->page_capacity = capacity;
    return true;
}

/* A page of zeros at the end of the directory. */
static bool table_add_page(trace_table *table)
{
    const size_t at = (size_t)(table->count >> trace_table_shift);
    const size_t size = sizeof(trace_table_page) +
                        trace_table_page_entries * table->entry_words * sizeof(uint64_t);
    if (at == table->page_capacity && !table_grow_directory(table)) return false;
    trace_table_page *page = table->spare;
    table->spare = NULL;
    if (page != NULL) {
        memset(page, 0, size);
    } else {
        page = calloc(1, size);
    }
    table->page[at] = page;
    return page != NULL;
}

void *trace_table_add(trace_table *table)
{
    const size_t at = (size_t)(table->count >> trace_table_shift);
    const bool is_new = (table->count & (trace_table_page_entries - 1)) == 0;
    if (is_new && !table_add_page(table)) return NULL;
    table->page[at]->live_count++;
    return trace_table_find(table, table->count++);
}

void trace_table_drop(trace_table *table, uint64_t id)
{
    const size_t at = (size_t)(id >> trace_table_shift);
    trace_table_page *page = table->page[at];
    const bool is_full = (uint64_t)(at + 1) << trace_table_shift <= table->count;
    if (--page->live_count > 0 || !is_full) return;
    table->page[at] = NULL;
    free(table->spare);
    table->spare = page;
}
