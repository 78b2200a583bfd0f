/* SPDX-License-Identifier: MIT-0
 *
 * The pool of the host over MORECORE (src/os/os_morecore_pool.c) against a model that knows of each page whether it
 * is in the pool: what is taken is free, aligned, the lowest there is, and zero; what adjoins is one range.
 * strata.c is included, with MORECORE_CLEARS 0 or 1. The exit status is 0 if all holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *no_memory(intptr_t step)
{
    (void)step;
    return (void *)SIZE_MAX;
}

#define STRATA_DLMALLOC 1
#define MORECORE no_memory
#define HAVE_MMAP 0
#define malloc_getpagesize 4096
#include "strata.c"

#define EXPECT(cond)                                                                                         \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            printf("pool.c:%d: %s\n", __LINE__, #cond);                                                      \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define PAGE ((size_t)4096)
#define PAGES ((size_t)128)

static _Alignas(65536) char memory[PAGES * 4096];
static char is_free[PAGES]; /* the model */
static st_morecore_pool pool;
static uint32_t seed = 1;

static size_t random_below(size_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static size_t page_of(const void *addr) { return (size_t)((const char *)addr - memory) / PAGE; }

/* Whether [first, first + count) is all in the pool, as the model has it. */
static int has_all(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (i >= PAGES || !is_free[i]) return 0;
    return 1;
}

/* The list is in order and without neighbors, and has exactly the model's pages. */
static void compare(void)
{
    static char seen[PAGES];
    const char *end = NULL;
    memset(seen, 0, sizeof seen);
    for (const st_morecore_range *range = pool.first; range != NULL; range = range->next) {
        EXPECT(end == NULL || (const char *)range > end);
        EXPECT(range->size > 0 && range->size % PAGE == 0 && ((uintptr_t)range & (PAGE - 1)) == 0);
        memset(seen + page_of(range), 1, range->size / PAGE);
        end = (const char *)range + range->size;
        size_t first = page_of(range);
        EXPECT(st_morecore_pool_start_of(&pool, memory + first * PAGE + range->size) == (const char *)range);
    }
    EXPECT(memcmp(seen, is_free, sizeof seen) == 0);
}

/* What is given out must be zero; whoever had it leaves it dirty. */
static void receive(char *mem, size_t count)
{
    for (size_t i = 0; i < count * PAGE; i++) EXPECT(mem[i] == 0);
    memset(mem, 0x5a, count * PAGE);
    memset(is_free + page_of(mem), 0, count);
}

static void give_some(void)
{
    size_t first = random_below(PAGES), count = 1 + random_below(12);
    for (size_t i = first; i < first + count; i++)
        if (i >= PAGES || is_free[i] || memory + i * PAGE >= pool.end) return;
    memset(is_free + first, 1, count);
    /* Pieces of pages at both ends are lost, also where there is nothing else. */
    size_t piece = first > 0 ? random_below(PAGE) : 0;
    st_morecore_pool_give(&pool, memory + first * PAGE - piece, piece + count * PAGE + random_below(PAGE));
    if (piece > 0) st_morecore_pool_give(&pool, memory + first * PAGE - piece, piece + PAGE - 1);
}

static void take_some(void)
{
    size_t count = 1 + random_below(8), alignment = PAGE << random_below(4), lowest = 0;
    while (lowest < PAGES && !has_all(lowest, count)) lowest += alignment / PAGE;
    char *mem = st_morecore_pool_take(&pool, count * PAGE, alignment);
    EXPECT(mem == (lowest < PAGES ? memory + lowest * PAGE : NULL));
    if (mem != NULL) receive(mem, count);
}

static void take_some_there(void)
{
    size_t count = 1 + random_below(8), first = random_below(PAGES);
    int is_there = has_all(first, count);
    EXPECT(st_morecore_pool_take_at(&pool, memory + first * PAGE, count * PAGE) == is_there);
    if (is_there) receive(memory + first * PAGE, count);
}

static void drop_one(void)
{
    if (pool.first == NULL || random_below(20) != 0) return;
    size_t first = page_of(pool.first), count = pool.first->size / PAGE;
    char *start = (char *)pool.first;
    st_morecore_pool_drop(&pool, start);
    memset(start, 0x5a, count * PAGE); /* nobody may read it any more */
    memset(is_free + first, 0, count);
    if (pool.fresh < start + count * PAGE) pool.fresh = start + count * PAGE;
}

/* As after MORECORE: the end moves up, and what is new is zero if that is said. */
static void grow(void)
{
    size_t first = page_of(pool.end), count = 1 + random_below(20);
    if (first + count > PAGES) return;
    if (!ST_DL_MORECORE_CLEARS) memset(pool.end, 0x5a, count * PAGE);
    char *start = pool.end;
    pool.end += count * PAGE;
    memset(is_free + first, 1, count);
    st_morecore_pool_give(&pool, start, count * PAGE);
}

int main(void)
{
    st_os_start();
    EXPECT(st_os_page_size() == PAGE);
    for (int round = 0; round < 300; round++) {
        memset(memory, 0, sizeof memory);
        memset(is_free, 0, sizeof is_free);
        pool = (st_morecore_pool){NULL, memory, memory};
        for (int step = 0; step < 400; step++) {
            switch (random_below(8)) {
            case 0: grow(); break;
            case 1: take_some_there(); break;
            case 2: drop_one(); break;
            case 3:
            case 4: take_some(); break;
            default: give_some(); break;
            }
            compare();
        }
    }
    return 0;
}
