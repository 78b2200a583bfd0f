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

/* Where `address` would best lie. Blocks are multiples of 16 apart and follow each other; the
 * golden ratio scatters them, the upper bits are the good ones. */
static inline size_t record_table_home(const record_table *table, uintptr_t address)
{
    return (size_t)(((uint64_t)address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >>
                    (64 - table->size_log2));
}

/* Where `address` is, or else the empty place where it would go. */
static inline record_entry *record_table_find(const record_table *table, uintptr_t address)
{
    const size_t mask = ((size_t)1 << table->size_log2) - 1;
    size_t at = record_table_home(table, address);
    while (table->entry[at].address != address && table->entry[at].address != 0) {
        at = (at + 1) & mask;
    }
    return &table->entry[at];
}

static bool record_table_grow(record_table *table)
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

bool record_table_put(record_table *table, uintptr_t address, uint64_t id, uint64_t *old)
{
    record_entry *entry = record_table_find(table, address);
    if (entry->address == address) {
        *old = entry->id;
        entry->id = id;
        return true;
    }
    if ((table->count + 1) * 8 > (size_t)5 << table->size_log2) {
        if (!record_table_grow(table)) return false;
        entry = record_table_find(table, address);
    }
    *old = RECORD_NO_ID;
    *entry = (record_entry){address, id};
    table->count++;
    return true;
}

/* Fills the empty place `hole` with the next entry that may lie there: one whose best place is
 * not between the hole and it. Then that one's place is the hole. */
static void record_table_close_gap(record_table *table, size_t hole)
{
    const size_t mask = ((size_t)1 << table->size_log2) - 1;
    for (size_t at = (hole + 1) & mask; table->entry[at].address != 0; at = (at + 1) & mask) {
        const size_t home = record_table_home(table, table->entry[at].address);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        table->entry[hole] = table->entry[at];
        hole = at;
    }
    table->entry[hole].address = 0;
}

uint64_t record_table_take(record_table *table, uintptr_t address)
{
    record_entry *entry = record_table_find(table, address);
    if (entry->address != address) return RECORD_NO_ID;
    const uint64_t id = entry->id;
    record_table_close_gap(table, (size_t)(entry - table->entry));
    table->count--;
    return id;
}
