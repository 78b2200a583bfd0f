/* SPDX-License-Identifier: MIT-0
 *
 * Heaps as the CUBRID database registers them, by number: one for blocks of any size, one for blocks of
 * one size. All live on pages of one volume, which is handed out in granules of 64 KiB; each heap has a
 * cap; to clear a heap frees all its blocks at once.
 *
 *   cc -D_GNU_SOURCE cubrid.c -lstrata
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "strata.h"

#define CHECK(holds)                                                                           \
    do {                                                                                       \
        if (!(holds)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);                                \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* ---- the volume ---- */

enum { granule = 65536, granule_count = 256, volume_size = granule * granule_count };

static struct {
    char *granules;
    unsigned char owner[granule_count]; /* number of a heap; 0: free */
} volume;

static void volume_open(void)
{
    char *mem = mmap(NULL, volume_size + granule, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mem != MAP_FAILED);
    volume.granules = mem + (granule - (uintptr_t)mem % granule);
    memset(volume.granules, 0xee, volume_size); /* pages were used before */
}

static size_t volume_free_from(size_t at)
{
    size_t end = at;
    while (end < granule_count && volume.owner[end] == 0) end++;
    return end - at;
}

static void *volume_take(void *context, size_t size)
{
    size_t count = size / granule;
    CHECK(size % granule == 0 && count > 0);
    for (size_t at = 0; at + count <= granule_count; at++) {
        if (volume_free_from(at) < count) continue;
        memset(volume.owner + at, *(const unsigned char *)context, count);
        return volume.granules + at * granule;
    }
    return NULL;
}

static int volume_give(void *context, void *mem, size_t size)
{
    size_t at = (size_t)((char *)mem - volume.granules) / granule, count = size / granule;
    for (size_t i = at; i < at + count; i++) {
        CHECK(volume.owner[i] == *(const unsigned char *)context);
        volume.owner[i] = 0;
    }
    return 1;
}

static size_t volume_used_by(unsigned char number)
{
    size_t count = 0;
    for (size_t i = 0; i < granule_count; i++) count += volume.owner[i] == number;
    return count * granule;
}

/* ---- the heaps ---- */

enum { heap_max = 8, refill_count = 32 };

typedef struct custom_heap {
    unsigned char number;
    strata_heap *heap;
    size_t block_size;            /* 0: blocks of any size */
    void *spare[refill_count];    /* of a heap of one size: blocks that are ready */
    size_t spare_count;
} custom_heap;

static custom_heap heaps[heap_max];

static unsigned char hl_register(const char *name, size_t block_size, size_t cap)
{
    unsigned char number = 1;
    while (heaps[number].heap != NULL) number++;
    custom_heap *h = &heaps[number];
    h->number = number;
    h->block_size = block_size;
    const strata_pages pages = {volume_take, volume_give, &h->number, 0};
    const strata_heap_config config = {
        .name = name, .tag = number, .limit = cap, .reserve = granule, .pages = &pages};
    h->heap = strata_heap_create(&config);
    CHECK(h->heap != NULL);
    return number;
}

static void hl_unregister(unsigned char number)
{
    strata_heap_destroy(heaps[number].heap);
    heaps[number] = (custom_heap){0};
}

static void hl_clear(unsigned char number)
{
    heaps[number].spare_count = 0;
    strata_heap_reset(heaps[number].heap);
}

static void *hl_lea_alloc(unsigned char number, size_t size)
{
    return strata_heap_malloc(heaps[number].heap, size);
}

static void hl_lea_free(unsigned char number, void *mem) { strata_heap_free(heaps[number].heap, mem); }

/* Many blocks with one call, as long as there are any. */
static void *hl_fixed_alloc(unsigned char number)
{
    custom_heap *h = &heaps[number];
    if (h->spare_count == 0)
        h->spare_count = strata_heap_malloc_batch(h->heap, h->block_size, h->spare, refill_count);
    return h->spare_count == 0 ? NULL : h->spare[--h->spare_count];
}

static void hl_fixed_free(unsigned char number, void *mem)
{
    custom_heap *h = &heaps[number];
    if (h->spare_count == refill_count) {
        CHECK(strata_heap_free_batch(h->heap, h->spare, refill_count) == 0);
        h->spare_count = 0;
    }
    h->spare[h->spare_count++] = mem;
}

/* ---- a program ---- */

static void expect_within(unsigned char number, size_t cap)
{
    CHECK(volume_used_by(number) == strata_heap_footprint(heaps[number].heap));
    CHECK(volume_used_by(number) <= cap);
    CHECK(strata_heap_check(heaps[number].heap, NULL) == 0);
}

static void use_fixed(void)
{
    enum { cap = 16 * granule, block_size = 200, block_max = 10000 };
    static char *blocks[block_max];
    unsigned char number = hl_register("records", block_size, cap);
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        while (count < block_max && (blocks[count] = hl_fixed_alloc(number)) != NULL)
            memset(blocks[count++], round, block_size);
        CHECK(count < block_max && count > cap / (block_size + 16) - refill_count * 2);
        expect_within(number, cap);
        for (size_t i = 0; i < count; i++) CHECK(blocks[i][block_size - 1] == round);
        if (round == 1) {
            hl_clear(number);
        } else {
            for (size_t i = 0; i < count; i++) hl_fixed_free(number, blocks[i]);
        }
        expect_within(number, cap);
    }
    hl_unregister(number);
    CHECK(volume_used_by(number) == 0);
}

static void use_lea(void)
{
    enum { cap = 64 * granule };
    unsigned char small = hl_register("sort", 0, cap), other = hl_register("plan", 0, 0);
    void *kept = hl_lea_alloc(other, 3 * granule);
    CHECK(kept != NULL);
    for (size_t size = 1; size < 2 * cap; size = size * 3 / 2 + 1) {
        void *mem = hl_lea_alloc(small, size);
        CHECK(mem != NULL || size > cap / 8);
        if (mem != NULL) memset(mem, 1, size);
        if (mem != NULL && size % 2 == 0) hl_lea_free(small, mem);
        expect_within(small, cap);
    }
    CHECK(hl_lea_alloc(small, cap) == NULL);
    hl_clear(small);
    CHECK(hl_lea_alloc(small, cap / 2) != NULL);
    CHECK(strata_heap_of(kept) == heaps[other].heap);
    hl_unregister(small);
    hl_unregister(other);
}

int main(void)
{
    volume_open();
    use_fixed();
    use_lea();
    CHECK(volume_free_from(0) == granule_count);
    puts("the volume is free again");
    return 0;
}
