/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc as Emscripten's default malloc with threads, configured as there: memory
 * from an unsigned sbrk that others call, too, locks, and aliases under which instrumented and replaced
 * malloc functions find the real ones.
 *
 *   cc -Idist emscripten.c -pthread
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- linear memory: dirty, growing, shared by everybody ---- */

#define MEMORY_SIZE ((size_t)64 << 20)

static _Alignas(16) unsigned char memory[MEMORY_SIZE];
static size_t memory_used = 1000;
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;

static void *linear_sbrk(size_t step)
{
    void *old = (void *)SIZE_MAX;
    pthread_mutex_lock(&memory_lock);
    if (step <= MEMORY_SIZE - memory_used) {
        old = memory + memory_used;
        memory_used += (step + 15) & ~(size_t)15;
    }
    pthread_mutex_unlock(&memory_lock);
    return old;
}

/* ---- the configuration ---- */

#define STRATA_DLMALLOC 1
#define USE_DL_PREFIX 1
#define DLMALLOC_EXPORT
#define MORECORE linear_sbrk
#define UNSIGNED_MORECORE 1
#define MORECORE_CANNOT_TRIM 1
#define HAVE_MMAP 0
#define USE_LOCKS 1
#define USE_SPIN_LOCKS 0
#define MALLOC_FAILURE_ACTION errno = ENOMEM
#define ABORT __builtin_unreachable()
#include "strata.c"

void *emscripten_builtin_malloc(size_t size) __attribute__((alias("dlmalloc")));
void emscripten_builtin_free(void *mem) __attribute__((alias("dlfree")));
void *emscripten_builtin_memalign(size_t alignment, size_t size) __attribute__((alias("dlmemalign")));

#define EXPECT(cond)                                                                           \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf("emscripten.c:%d: %s\n", __LINE__, #cond);                                  \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* ---- the program ---- */

#define THREADS 4
#define BLOCKS 200

static void *work(void *argument)
{
    unsigned char *blocks[BLOCKS] = {NULL};
    size_t sizes[BLOCKS] = {0};
    unsigned mark = (unsigned)(uintptr_t)argument;
    uint32_t seed = mark;
    for (int round = 0; round < 50000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned at = (seed >> 8) % BLOCKS;
        if (blocks[at] != NULL) {
            for (size_t i = 0; i < sizes[at]; i++) EXPECT(blocks[at][i] == (unsigned char)(mark + at));
            emscripten_builtin_free(blocks[at]);
        }
        sizes[at] = (seed >> 16) % (round % 64 != 0 ? 500 : 30000);
        blocks[at] = emscripten_builtin_malloc(sizes[at]);
        EXPECT(blocks[at] >= memory && blocks[at] + sizes[at] <= memory + MEMORY_SIZE);
        memset(blocks[at], (int)(mark + at), sizes[at]);
    }
    for (int at = 0; at < BLOCKS; at++) dlfree(blocks[at]);
    return NULL;
}

/* Somebody else takes linear memory, at any moment, and writes to all of it. */
static void *meddle(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        unsigned char *mine = linear_sbrk(48);
        EXPECT(mine != (void *)SIZE_MAX);
        memset(mine, 0xee, 48);
    }
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    memset(memory, 0xaa, sizeof memory);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(50 * i + 1)) == 0);
    EXPECT(pthread_create(&threads[THREADS], NULL, meddle, NULL) == 0);
    for (int i = 0; i <= THREADS; i++) pthread_join(threads[i], NULL);
    EXPECT(strata_check(NULL) == 0);
    EXPECT((uintptr_t)emscripten_builtin_memalign(256, 10) % 256 == 0);
    unsigned char *zero = dlcalloc(1000, 1000);
    for (size_t i = 0; i < 1000000; i++) EXPECT(zero[i] == 0);
    errno = 0;
    EXPECT(dlmalloc(MEMORY_SIZE) == NULL && errno == ENOMEM);
    EXPECT(dlmalloc(SIZE_MAX - 100) == NULL);
    printf("%zu KiB of linear memory for %zu KiB\n", memory_used >> 10, dlmalloc_max_footprint() >> 10);
    puts("a web page's malloc on strata");
    return 0;
}
