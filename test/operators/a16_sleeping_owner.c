/* SPDX-License-Identifier: MIT-0
 *
 * a thread allocates and then sleeps for ever; another one frees all of it. What was freed goes back
 * to the host by these frees alone: when the last one has returned, no more is resident than at the start
 * and 8 MiB, or 5 % of the peak if that is more. a16_sleeping_owner small|medium|large|mixed.
 */
#include "operators/process.h"

enum { blocks_max = 1 << 20 };
static const size_t total = 128 * MIB;

static void **blocks; /* mapped, so that the tests' own memory is not the allocator's */
static size_t block_count;
static size_t size_least, size_most;
static pthread_barrier_t done;

static void *own(void *argument)
{
    uint64_t random = 5;
    size_t size_sum = 0;
    while (size_sum < total) {
        size_t size = size_least + random_below(&random, size_most - size_least);
        if (size_least == 0) size = random_below(&random, 50) == 0 ? size * 64 : 1 + size / 8;
        blocks[block_count] = malloc(size);
        require(blocks[block_count] != NULL, "there is memory");
        memset(blocks[block_count++], 1, size);
        size_sum += size;
    }
    pthread_barrier_wait(&done);
    for (;;) pause();
    return argument;
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: a16_sleeping_owner small|medium|large|mixed");
    require_ours();
    size_most = 1024;
    if (strcmp(argv[1], "small") == 0) size_least = 16;
    if (strcmp(argv[1], "medium") == 0) size_least = 1100, size_most = 60000;
    if (strcmp(argv[1], "large") == 0) size_least = 300000, size_most = 3000000;
    if (strcmp(argv[1], "mixed") == 0) size_most = 8000;
    blocks = malloc(blocks_max * sizeof *blocks);
    memset(blocks, 1, blocks_max * sizeof *blocks);
    pthread_barrier_init(&done, NULL, 2);
    size_t base = resident_now();
    pthread_t owner = thread_start(own, NULL);
    pthread_barrier_wait(&done);
    size_t peak = resident_now() - base;
    for (size_t n = 0; n < block_count; n++) free(blocks[n]);
    size_t rest = resident_now();
    rest -= rest < base ? rest : base;
    printf("%s: %zu blocks, peak %zu\n", argv[1], block_count, peak);
    (void)owner;
    require_at_most("resident beyond the start", rest,
                    peak / 20 > 8 * MIB ? peak / 20 : 8 * MIB);
    return 0;
}
