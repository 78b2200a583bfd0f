/* SPDX-License-Identifier: MIT-0
 *
 * Which object lives at an address.
 */
#define _GNU_SOURCE
#include "record_table.h"

#include "record.h"

#include <errno.h>
#include <sys/mman.h>

enum { record_table_first_log2 = 12 };

static record_entry *record_table_map(unsigned size_log2)
{
    void *entry = mmap(NULL, sizeof(record_entry) << size_log2, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return entry == MAP_FAILED ? NULL : entry;
}

bool record_table_init(record_table *table)
{
    *table = (record_table){.size_log2 = record_table_first_log2};
    table->entry = record_table_map(table->size_log2);
    return table->entry != NULL;
}

void record_table_fini(record_table *table)
{
    if (table->entry != NULL) munmap(table->entry, sizeof(record_entry) << table->size_log2);
    *table = (record_table){.entry = NULL};
}

bool record_table_grow(record_table *table)
{
    const int error = errno;
    record_table larger = {.count = table->count, .size_log2 = table->size_log2 + 1};
    larger.entry = record_table_map(larger.size_log2);
    errno = error;
    if (larger.entry == NULL) return false;
    for (size_t at = 0; at >> table->size_log2 == 0; at++) {
        const record_entry *entry = &table->entry[at];
        if (entry->address != 0) *record_table_find(&larger, entry->address) = *entry;
    }
    record_table_fini(table);
    *table = larger;
    return true;
}
