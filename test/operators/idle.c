/* SPDX-License-Identifier: MIT-0
 *
 * Memory that was freed has left the process though nobody calls the allocator any more: eight threads
 * allocate 256 MiB together, write to all of it, free it, and sleep. Run with the library preloaded:
 *
 *   idle LEAST MOST KEEP BOUND   blocks of LEAST to MOST bytes; one in KEEP, at random, is not freed (0: all
 *                                are); at most BOUND KiB may then be resident beyond what was before
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { thread_count = 8, megabytes = 256 };

static size_t least, most, keep;
static pthread_barrier_t all_have_allocated, all_have_freed, end;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Every size in turn as likely as its half. */
static size_t choose_size(uint32_t *state)
{
    size_t size = most;
    while (size / 2 >= least && next_random(state) % 2 == 0) size /= 2;
    size_t spread = size < 2 * least ? size - least : size / 2;
    return size - next_random(state) % (spread + 1);
}

/* Not from the allocator: the list of blocks is no part of what is measured. */
static void *map(size_t size)
{
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) abort();
    return mem;
}

static void *work(void *number)
{
    uint32_t state = (uint32_t)(uintptr_t)number * 7919u + 1;
    size_t total = (size_t)megabytes << 20, count = 0;
    size_t room = (total / thread_count / least + 1) * sizeof(char *);
    char **blocks = map(room);
    for (size_t sum = 0; sum < total / thread_count;) {
        size_t size = choose_size(&state);
        blocks[count] = malloc(size);
        if (blocks[count] == NULL) abort();
        memset(blocks[count++], 1, size);
        sum += size;
    }
    pthread_barrier_wait(&all_have_allocated);
    for (size_t i = 0; i < count; i++)
        if (keep == 0 || next_random(&state) % keep != 0) free(blocks[i]);
    munmap(blocks, room);
    pthread_barrier_wait(&all_have_freed);
    pthread_barrier_wait(&end);
    return NULL;
}

static size_t resident(void)
{
    size_t kib = 0;
    char line[256];
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL) abort();
    setvbuf(file, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Rss: %zu", &kib) == 1) break;
    fclose(file);
    return kib;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    least = strtoul(argv[1], NULL, 10);
    most = strtoul(argv[2], NULL, 10);
    keep = strtoul(argv[3], NULL, 10);
    size_t bound = strtoul(argv[4], NULL, 10);
    pthread_t thread[thread_count];
    pthread_barrier_init(&all_have_allocated, NULL, thread_count);
    pthread_barrier_init(&all_have_freed, NULL, thread_count + 1);
    pthread_barrier_init(&end, NULL, thread_count + 1);
    size_t before = resident();
    for (uintptr_t i = 0; i < thread_count; i++) pthread_create(&thread[i], NULL, work, (void *)i);
    pthread_barrier_wait(&all_have_freed);
    size_t after = resident();
    printf("%zu to %zu bytes: %zu KiB before, %zu KiB after, bound %zu KiB\n", least, most, before, after, bound);
    pthread_barrier_wait(&end);
    for (int i = 0; i < thread_count; i++) pthread_join(thread[i], NULL);
    return after > before + bound;
}
