/* SPDX-License-Identifier: MIT-0
 *
 * Which object lives at an address. Open addressing with linear probing in memory that is mapped;
 * an entry that goes is filled from behind, so nothing but objects that live is ever stepped over.
 * At most 5 of 8 places are taken.
 *
 * Proved in test/record/record_table_model.c.
 */
#ifndef RECORD_TABLE_H
#define RECORD_TABLE_H

#include "record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct record_entry {
    uintptr_t address; /* 0: nothing is here */
    uint64_t id;
} record_entry;

typedef struct record_table {
    record_entry *entry;
    size_t count;
    unsigned size_log2;
} record_table;

/* False if there is no memory. */
bool record_table_init(record_table *table);
/* Unmaps it. May be called for one that is all zero. */
void record_table_fini(record_table *table);

/* Doubles it. False if there is no memory; errno is left alone. */
bool record_table_grow(record_table *table);

/* ---- what each call needs, so that it becomes part of the call ---- */

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

/* Puts `id` at `address`, which is not 0; *old becomes the id that was there, or RECORD_NO_ID.
 * False if there is no memory; the table is then as it was. */
static inline bool record_table_put(record_table *table, uintptr_t address, uint64_t id,
                                    uint64_t *old)
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
static inline void record_table_close_gap(record_table *table, size_t hole)
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

/* Takes out what is at `address`: its id, or RECORD_NO_ID. */
static inline uint64_t record_table_take(record_table *table, uintptr_t address)
{
    record_entry *entry = record_table_find(table, address);
    if (entry->address != address) return RECORD_NO_ID;
    const uint64_t id = entry->id;
    record_table_close_gap(table, (size_t)(entry - table->entry));
    table->count--;
    return id;
}

#endif
