/* SPDX-License-Identifier: MIT-0
 *
 * A sparse hash table in the manner of sparsepp: groups of 32 places, each an array of just the items that
 * are there, which grows by one with every insertion. So there are very many small arrays, and realloc is
 * nearly all that happens. The table has a heap, and goes with it.
 *
 *   cc sparsepp.c -lstrata
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strata.h"

#define CHECK(holds)                                                                           \
    do {                                                                                       \
        if (!(holds)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);                                \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

enum { group_places = 32 };

typedef struct item {
    uint64_t key, value;
} item;

typedef struct group {
    uint32_t is_there; /* a bit for each place */
    item *items;       /* those that are, in order */
} group;

typedef struct table {
    strata_heap *heap;
    group *groups;
    size_t place_count, item_count; /* a power of two */
} table;

static unsigned count_bits(uint32_t word)
{
    unsigned count = 0;
    for (; word != 0; word &= word - 1) count++;
    return count;
}

static size_t hash(uint64_t key) { return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20); }

/* ---- groups ---- */

static item *group_at(const group *g, unsigned place)
{
    if (!(g->is_there >> place & 1)) return NULL;
    return g->items + count_bits(g->is_there & ((1u << place) - 1));
}

static void group_insert(const table *t, group *g, unsigned place, item it)
{
    unsigned count = count_bits(g->is_there), before = count_bits(g->is_there & ((1u << place) - 1));
    item *items = strata_heap_realloc(t->heap, g->items, (count + 1) * sizeof(item));
    CHECK(items != NULL);
    memmove(items + before + 1, items + before, (count - before) * sizeof(item));
    items[before] = it;
    g->items = items;
    g->is_there |= 1u << place;
}

/* ---- the table ---- */

static void table_begin(table *t, strata_heap *heap, size_t place_count)
{
    *t = (table){heap, NULL, place_count, 0};
    t->groups = strata_heap_calloc(heap, place_count / group_places, sizeof(group));
    CHECK(t->groups != NULL);
}

/* The item with this key, or where it belongs. */
static item *table_find(const table *t, uint64_t key, size_t *place)
{
    for (*place = hash(key) % t->place_count;; *place = (*place + 1) % t->place_count) {
        item *it = group_at(&t->groups[*place / group_places], *place % group_places);
        if (it == NULL || it->key == key) return it;
    }
}

static void table_insert(table *t, item it);

/* Twice as many places; each group goes as soon as it has been copied. */
static void table_grow(table *t)
{
    table larger;
    table_begin(&larger, t->heap, t->place_count * 2);
    for (size_t i = 0; i < t->place_count / group_places; i++) {
        group *g = &t->groups[i];
        for (unsigned k = 0; k < count_bits(g->is_there); k++) table_insert(&larger, g->items[k]);
        strata_heap_free(t->heap, g->items);
    }
    strata_heap_free(t->heap, t->groups);
    *t = larger;
}

static void table_insert(table *t, item it)
{
    size_t place;
    if (t->item_count * 5 >= t->place_count * 4) table_grow(t);
    item *found = table_find(t, it.key, &place);
    if (found != NULL) {
        found->value = it.value;
        return;
    }
    group_insert(t, &t->groups[place / group_places], place % group_places, it);
    t->item_count++;
}

int main(void)
{
    enum { item_count = 300000 };
    table t;
    size_t place;
    strata_stats stats;
    table_begin(&t, strata_heap_create(NULL), 64);
    for (uint64_t key = 0; key < item_count; key++) table_insert(&t, (item){key * key, key});
    for (uint64_t key = 0; key < item_count; key++) {
        const item *it = table_find(&t, key * key, &place);
        CHECK(it != NULL && it->value == key);
    }
    CHECK(t.item_count == item_count && table_find(&t, 2, &place) == NULL);
    CHECK(strata_heap_check(t.heap, NULL) == 0);
    strata_heap_stats_get(t.heap, &stats);
    /* A group's array costs a word and what its size is rounded by. */
    size_t needed = t.place_count / group_places * sizeof(group) + item_count * sizeof(item);
    CHECK(stats.live < needed * 5 / 4);
    printf("%zu bytes needed, %zu in blocks, %zu held\n", needed, stats.live, stats.footprint);
    CHECK(strata_heap_destroy(t.heap) >= stats.footprint);
    CHECK(strata_heap_next(NULL) == NULL);
    return 0;
}
