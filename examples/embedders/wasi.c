/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc in a C library for WebAssembly, configured as wasi-libc configures it: no
 * mmap, memory that only grows, one thread, dl-prefixed functions that nobody else sees, and the library's
 * own malloc around them. Linear memory is an array here, so that it runs anywhere.
 *
 *   cc -Idist wasi.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- linear memory ---- */

#define WASM_PAGE ((size_t)65536)
#define MEMORY_SIZE (256 * WASM_PAGE)

static _Alignas(65536) unsigned char memory[MEMORY_SIZE];
static size_t memory_used = 3 * WASM_PAGE; /* stack and data */
static size_t memory_asked;

/* As there: whole pages, and never less. */
static void *wasm_sbrk(intptr_t step)
{
    if (step == 0) return memory + memory_used;
    if (step < 0 || (size_t)step % WASM_PAGE != 0) abort();
    if ((size_t)step > MEMORY_SIZE - memory_used) return (void *)SIZE_MAX;
    unsigned char *old = memory + memory_used;
    memory_used += (size_t)step;
    memory_asked++;
    return old;
}

/* ---- the configuration ---- */

#define STRATA_DLMALLOC 1
#define STRATA_TINY 1
#define USE_DL_PREFIX 1
#define DLMALLOC_EXPORT static inline
#define MORECORE wasm_sbrk
#define MORECORE_CLEARS 1 /* fresh pages are zero */
#define MORECORE_CANNOT_TRIM 1
#define HAVE_MMAP 0
#define NO_MALLINFO 1
#define NO_MALLOC_STATS 1
#define MALLOC_ALIGNMENT 16
#define LACKS_TIME_H 1
#define USE_LOCKS 0
#define ABORT __builtin_unreachable()
#define malloc_getpagesize WASM_PAGE
#include "strata.c"

/* ---- the library's own functions ---- */

void *wasi_malloc(size_t size);
void wasi_free(void *mem);
void *wasi_calloc(size_t count, size_t size);
void *wasi_realloc(void *mem, size_t size);
int wasi_posix_memalign(void **result, size_t alignment, size_t size);
void *wasi_aligned_alloc(size_t alignment, size_t size);

void *wasi_malloc(size_t size) { return dlmalloc(size); }
void wasi_free(void *mem) { dlfree(mem); }
void *wasi_calloc(size_t count, size_t size) { return dlcalloc(count, size); }
void *wasi_realloc(void *mem, size_t size) { return dlrealloc(mem, size); }
int wasi_posix_memalign(void **result, size_t alignment, size_t size)
{
    return dlposix_memalign(result, alignment, size);
}
void *wasi_aligned_alloc(size_t alignment, size_t size) { return dlmemalign(alignment, size); }

/* ---- the program ---- */

#define EXPECT(cond)                                                                           \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf("wasi.c:%d: %s\n", __LINE__, #cond);                                        \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

static void check_block(const unsigned char *mem, size_t size)
{
    EXPECT((uintptr_t)mem % 16 == 0);
    EXPECT(mem >= memory + 3 * WASM_PAGE && mem + size <= memory + memory_used);
}

static void check_little(void)
{
    unsigned char *mem = wasi_malloc(100);
    check_block(mem, 100);
    EXPECT(memory_used <= 6 * WASM_PAGE); /* a small program stays small */
    mem = wasi_realloc(mem, 200);
    check_block(mem, 200);
    wasi_free(mem);
    void *aligned = NULL;
    EXPECT(wasi_posix_memalign(&aligned, 4096, 100) == 0 && (uintptr_t)aligned % 4096 == 0);
    EXPECT(wasi_posix_memalign(&aligned, 3, 100) == EINVAL);
    wasi_free(wasi_aligned_alloc(64, 100));
    unsigned char *zero = wasi_calloc(1000, 7);
    for (size_t i = 0; i < 7000; i++) EXPECT(zero[i] == 0);
    wasi_free(zero);
}

/* All there is, twice: what was freed serves again, and no page is asked for in vain. */
static void check_all(void)
{
    static unsigned char *blocks[MEMORY_SIZE / 1000];
    size_t first = 0;
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        errno = 0;
        for (unsigned char *mem; (mem = wasi_malloc(1000)) != NULL; count++) {
            check_block(mem, 1000);
            memset(mem, 0x55, 1000);
            blocks[count] = mem;
        }
        EXPECT(errno == ENOMEM && count * 1000 > MEMORY_SIZE / 100 * 96);
        EXPECT(round == 0 || count >= first);
        first = count;
        while (count > 0) wasi_free(blocks[--count]);
    }
    EXPECT(memory_used == MEMORY_SIZE);
    unsigned char *zero = wasi_calloc(1, MEMORY_SIZE / 2);
    EXPECT(zero != NULL);
    for (size_t i = 0; i < MEMORY_SIZE / 2; i++) EXPECT(zero[i] == 0);
    printf("%zu blocks of 1000 bytes in %zu KiB, asked for %zu times\n", first, MEMORY_SIZE >> 10, memory_asked);
}

int main(void)
{
    check_little();
    check_all();
    puts("a C library's malloc on strata");
    return 0;
}
