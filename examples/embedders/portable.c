/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc where there is no C library and no system below, as portable-dlmalloc has
 * it for firmware and drivers: no header exists but the compiler's own, pages come from two functions of the
 * program's, failures end in a third, and everything has dl-prefixed names. Pages are an array here, so that
 * it runs anywhere.
 *
 *   cc -Idist portable.c -pthread        (dist: what tools/amalgamate.sh makes)
 */
#include <stddef.h>

static void *firmware_pages(size_t size);
static int firmware_free(void *mem, size_t size);
static void firmware_halt(void);

#define STRATA_DLMALLOC 1
#define USE_DL_PREFIX 1
#define HAVE_MORECORE 0
#define HAVE_MMAP 1
#define HAVE_MREMAP 0
#define MMAP(size) firmware_pages(size)
#define MUNMAP(mem, size) firmware_free(mem, size)
#define MMAP_CLEARS 0
#define malloc_getpagesize 4096
#define NO_MALLINFO 1
#define NO_MALLOC_STATS 1
#define USE_LOCKS 0
#define ABORT firmware_halt()
#define LACKS_UNISTD_H 1
#define LACKS_FCNTL_H 1
#define LACKS_SYS_PARAM_H 1
#define LACKS_SYS_MMAN_H 1
#define LACKS_STRINGS_H 1
#define LACKS_STRING_H 1
#define LACKS_SYS_TYPES_H 1
#define LACKS_ERRNO_H 1
#define LACKS_STDLIB_H 1
#define LACKS_SCHED_H 1
#define LACKS_TIME_H 1
#include "strata.c"

/* ---- the firmware ---- */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((size_t)4096)
#define PAGES ((size_t)4096)

static _Alignas(4096) unsigned char page[PAGES][4096];
static unsigned char is_taken[PAGES];
static size_t pages_taken;

/* The lowest that are free, with whatever is in them. */
static void *firmware_pages(size_t size)
{
    size_t wanted = size / PAGE, found = 0;
    for (size_t i = 0; i < PAGES; i++) {
        found = is_taken[i] ? 0 : found + 1;
        if (found < wanted) continue;
        size_t first = i + 1 - wanted;
        memset(is_taken + first, 1, wanted);
        memset(page[first], 0xaa, size);
        pages_taken += wanted;
        return page[first];
    }
    return (void *)SIZE_MAX;
}

static int firmware_free(void *mem, size_t size)
{
    size_t first = (size_t)((unsigned char *)mem - page[0]) / PAGE;
    if (first >= PAGES || !is_taken[first]) return -1;
    memset(is_taken + first, 0, size / PAGE);
    pages_taken -= size / PAGE;
    return 0;
}

static void firmware_halt(void)
{
    puts("halted");
    exit(7);
}

/* ---- the program ---- */

#define EXPECT(cond)                                                                                         \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            printf("portable.c:%d: %s\n", __LINE__, #cond);                                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define BLOCKS 2000
static unsigned char *blocks[BLOCKS];

/* All that there is, several times over; every byte that calloc gives is zero. */
static void fill_pages(void)
{
    for (int round = 0; round < 5; round++) {
        size_t sum = 0, count = 0;
        while (count < BLOCKS) {
            size_t size = count % 50 == 0 ? 100000 : count * 7 % 6000;
            unsigned char *mem = dlcalloc(1, size);
            if (mem == NULL) break;
            for (size_t i = 0; i < size; i++) EXPECT(mem[i] == 0);
            memset(mem, 0x77, size);
            blocks[count++] = mem;
            sum += size;
        }
        EXPECT(sum > 8 << 20 && pages_taken * PAGE >= sum);
        for (size_t i = 0; i < count; i++) dlfree(blocks[i]);
    }
}

int main(void)
{
    fill_pages();
    EXPECT(dlmalloc(PAGES * PAGE) == NULL);
    dlmalloc_trim(0);
    size_t held = pages_taken;
    mspace space = create_mspace(0, 0);
    EXPECT(space != NULL && mspace_malloc(space, 1 << 20) != NULL && pages_taken >= held + 256);
    destroy_mspace(space);
    EXPECT(pages_taken <= held + 16);
    EXPECT(strata_check(NULL) == 0);
    printf("%zu of %zu pages are held\nfirmware on strata\n", pages_taken, PAGES);
    return 0;
}
