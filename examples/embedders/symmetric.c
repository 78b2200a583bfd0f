/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc in implementations of OpenSHMEM and their like: create_mspace_with_base on
 * memory that others see, capped at its size, so that it is all there is. Each process has a part of one
 * shared mapping; those that allocate in the same order get blocks at the same offsets. openshmem.c does the
 * same with heaps.
 *
 *   cc -Idist symmetric.c -pthread        (dist: what tools/amalgamate.sh makes)
 */
#define _GNU_SOURCE 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRATA_DLMALLOC 1
#define MSPACES 1
#define ONLY_MSPACES 1
#define HAVE_MORECORE 0
#define USE_LOCKS 1
#include "strata.c"

#define EXPECT(cond)                                                                                         \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            printf("symmetric.c:%d: %s\n", __LINE__, #cond);                                                 \
            fflush(stdout);                                                                                  \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

#define PROCESSES 3
#define PART_SIZE ((size_t)1 << 20)
#define BLOCKS 200

static char *shared; /* PROCESSES parts, then the offsets that each of them got */
static size_t *offsets;

static void *symmetric_allocate(mspace heap, unsigned i)
{
    switch (i % 4) {
    case 0: return mspace_memalign(heap, 4096, i * 10);
    case 1: return mspace_calloc(heap, i, 10);
    case 2: return mspace_realloc(heap, mspace_malloc(heap, i), i * 20);
    default: return mspace_malloc(heap, i * 10);
    }
}

/* What one process does; it leaves its number in all its blocks. */
static void run(unsigned process)
{
    char *part = shared + process * PART_SIZE;
    mspace heap = create_mspace_with_base(part, PART_SIZE, 1);
    EXPECT(heap != NULL && (char *)heap >= part && (char *)heap < part + PART_SIZE);
    EXPECT(mspace_set_footprint_limit(heap, PART_SIZE) == PART_SIZE);
    EXPECT(mspace_malloc(heap, PART_SIZE) == NULL);
    for (unsigned i = 0; i < BLOCKS; i++) {
        char *mem = symmetric_allocate(heap, i);
        EXPECT(mem != NULL && mem >= part && mem + i * 10 <= part + PART_SIZE);
        memset(mem, (int)process + 1, i * 10);
        offsets[process * BLOCKS + i] = (size_t)(mem - part);
        if (i % 5 == 4) mspace_free(heap, mem);
    }
    EXPECT(mspace_footprint(heap) == PART_SIZE);
    EXPECT(strata_heap_check(heap, NULL) == 0);
}

/* The parts of the others, by this one's offsets. */
static void check_others(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        for (unsigned process = 1; process < PROCESSES; process++)
            EXPECT(offsets[process * BLOCKS + i] == offsets[i]);
        if (i % 5 == 4 || i == 0) continue;
        for (unsigned process = 0; process < PROCESSES; process++)
            EXPECT(shared[process * PART_SIZE + offsets[i] + i * 10 - 1] == (char)(process + 1));
    }
}

int main(void)
{
    size_t size = PROCESSES * PART_SIZE + PROCESSES * BLOCKS * sizeof(size_t);
    shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED);
    offsets = (size_t *)(void *)(shared + PROCESSES * PART_SIZE);
    for (unsigned process = 0; process < PROCESSES; process++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            run(process);
            _exit(0);
        }
        EXPECT(waitpid(child, &status, 0) == child && status == 0);
    }
    check_others();
    puts("a symmetric heap on strata");
    return 0;
}
