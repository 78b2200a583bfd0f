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

/* Puts `id` at `address`, which is not 0; *old becomes the id that was there, or RECORD_NO_ID.
 * False if there is no memory; the table is then as it was. */
bool record_table_put(record_table *table, uintptr_t address, uint64_t id, uint64_t *old);

/* Takes out what is at `address`: its id, or RECORD_NO_ID. */
uint64_t record_table_take(record_table *table, uintptr_t address);

#endif
