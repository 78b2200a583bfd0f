/* SPDX-License-Identifier: MIT-0
 *
 * A symmetric heap, as implementations of OpenSHMEM have it: each process (PE) has a part of a shared
 * mapping, allocates from its own part, and reaches what the others have by the same offset. The heap is
 * fixed: it never takes memory from elsewhere. All PEs call the same functions in the same order, so the
 * offsets agree.
 *
 * A second heap is one that the processor must not touch, like memory of a device: a range.
 *
 *   cc -D_GNU_SOURCE openshmem.c -lstrata
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "strata.h"

enum { pe_count = 2, part_size = 1 << 20, device_size = 1 << 24, block_count = 50 };

/* What the PEs share. */
static struct {
    char *parts;             /* pe_count parts of part_size bytes */
    atomic_uint *arrived;    /* PEs at the barrier, ever */
    ptrdiff_t *offsets;      /* what PE 0 got, for the others to compare with */
} world;

/* This PE's. */
static struct {
    int pe;
    char *part;
    strata_heap *heap;
    char *device;
    strata_range *range;
    unsigned barriers;
} mine;

#define CHECK(holds)                                                                           \
    do {                                                                                       \
        if (!(holds)) {                                                                        \
            fprintf(stderr, "PE %d, line %d: %s\n", mine.pe, __LINE__, #holds);                \
            _exit(1);                                                                          \
        }                                                                                      \
    } while (0)

static void *map_shared(size_t size)
{
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) exit(2);
    return mem;
}

/* ---- the interface ---- */

static void shmem_barrier_all(void)
{
    mine.barriers++;
    atomic_fetch_add(world.arrived, 1);
    while (atomic_load(world.arrived) < mine.barriers * pe_count) sched_yield();
}

static void *shmem_malloc(size_t size)
{
    void *mem = strata_heap_malloc(mine.heap, size);
    shmem_barrier_all();
    return mem;
}

static void *shmem_align(size_t alignment, size_t size)
{
    void *mem = strata_heap_memalign(mine.heap, alignment, size);
    shmem_barrier_all();
    return mem;
}

static void shmem_free(void *mem)
{
    shmem_barrier_all();
    strata_heap_free(mine.heap, mem);
}

/* The same object in the memory of another PE. */
static void *shmem_ptr(const void *mem, int pe)
{
    return world.parts + (ptrdiff_t)pe * part_size + ((const char *)mem - mine.part);
}

static void shmem_init(int pe)
{
    mine.pe = pe;
    mine.part = world.parts + (ptrdiff_t)pe * part_size;
    const strata_heap_config config = {
        .name = "symmetric", .base = mine.part, .base_size = part_size, .is_fixed = 1};
    mine.heap = strata_heap_create(&config);
    CHECK(mine.heap != NULL);
    mine.device = mmap(NULL, device_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mine.device != MAP_FAILED);
    mine.range = strata_range_create(mine.device, device_size, 256, "device");
    CHECK(mine.range != NULL);
    shmem_barrier_all();
}

/* ---- a program ---- */

/* PE 0 says what it got, the others compare. */
static void expect_symmetric(const void *mem, const char *base)
{
    ptrdiff_t offset = (const char *)mem - base;
    if (mine.pe == 0) *world.offsets = offset;
    shmem_barrier_all();
    CHECK(*world.offsets == offset);
    shmem_barrier_all();
}

static void put_to_the_other(int *mem, size_t count)
{
    int *there = shmem_ptr(mem, 1 - mine.pe);
    for (size_t i = 0; i < count; i++) there[i] = mine.pe * 1000 + (int)i;
    shmem_barrier_all();
    for (size_t i = 0; i < count; i++) CHECK(mem[i] == (1 - mine.pe) * 1000 + (int)i);
}

static void use_symmetric_heap(void)
{
    int *block[block_count];
    for (size_t i = 0; i < block_count; i++) {
        size_t size = (i + 1) * 40;
        block[i] = i % 5 == 0 ? shmem_align(4096, size) : shmem_malloc(size);
        CHECK(block[i] != NULL);
        expect_symmetric(block[i], mine.part);
        put_to_the_other(block[i], size / sizeof(int));
    }
    for (size_t i = 0; i < block_count; i += 2) shmem_free(block[i]);
    expect_symmetric(shmem_malloc(3000), mine.part);
}

/* When the part is used up there is no more: nothing is taken from the host. */
static void use_it_up(void)
{
    for (char *mem; (mem = strata_heap_malloc(mine.heap, 5000)) != NULL;)
        CHECK(mem >= mine.part && mem + 5000 <= mine.part + part_size);
    CHECK(strata_heap_footprint(mine.heap) <= part_size);
    CHECK(strata_heap_check(mine.heap, NULL) == 0);
}

static void use_device(void)
{
    char *block[block_count];
    for (size_t i = 0; i < block_count; i++) {
        block[i] = strata_range_allocate(mine.range, i * 3000 + 1, i % 3 == 0 ? 65536 : 0);
        CHECK(block[i] != NULL);
        CHECK(i % 3 != 0 || (uintptr_t)block[i] % 65536 == 0);
    }
    for (size_t i = 0; i < block_count; i++) strata_range_free(mine.range, block[i]);
    CHECK(strata_range_largest_free(mine.range) == device_size);
    CHECK(strata_range_allocate(mine.range, device_size, 0) == mine.device);
    CHECK(strata_range_check(mine.range, NULL) == 0);
}

static void run_pe(int pe)
{
    alarm(60); /* one that fails leaves the other waiting */
    shmem_init(pe);
    use_symmetric_heap();
    use_it_up();
    use_device();
    shmem_barrier_all();
    strata_range_destroy(mine.range);
    strata_heap_destroy(mine.heap);
    _exit(0);
}

int main(void)
{
    int failed = 0, status;
    world.parts = map_shared((size_t)pe_count * part_size);
    world.arrived = map_shared(sizeof *world.arrived);
    world.offsets = map_shared(sizeof *world.offsets);
    for (int pe = 0; pe < pe_count; pe++)
        if (fork() == 0) run_pe(pe);
    for (int pe = 0; pe < pe_count; pe++)
        failed |= wait(&status) < 0 || status != 0;
    if (!failed) puts("both PEs agree");
    return failed;
}
