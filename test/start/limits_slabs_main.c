/* SPDX-License-Identifier: MIT-0
 *
 * limits_slabs_main [SIZE]: a program with threads that allocates small, medium and large blocks,
 * SIZE MiB in blocks of about 1 MiB among them, checks their contents and every structure, and
 * prints whether small blocks are served by "slabs" or, as there was no address space for those, by
 * "spaces".
 */
#include "start/ours.h"

#include <pthread.h>

enum { thread_count = 3, block_count = 300, round_count = 20, stack_size = 256 << 10 };

static void work(size_t seed)
{
    static const size_t sizes[] = {1, 16, 40, 200, 1000, 1024, 1025, 5000, 30000, 70000};
    static _Thread_local unsigned char *blocks[block_count];
    static _Thread_local size_t used[block_count];
    for (size_t step = 0; step < block_count * round_count; step++) {
        size_t idx = (step * 7919 + seed) % block_count;
        for (size_t at = 0; at < used[idx]; at++)
            require(blocks[idx][at] == (unsigned char)idx, "unharmed");
        free(blocks[idx]);
        used[idx] = sizes[(step + seed) % 10];
        blocks[idx] = malloc(used[idx]);
        require(blocks[idx] != NULL, "there is memory");
        memset(blocks[idx], (int)idx, used[idx]);
    }
    for (size_t idx = 0; idx < block_count; idx++) free(blocks[idx]);
}

static void *body(void *argument)
{
    work((size_t)argument);
    return NULL;
}

static void use_threads(void)
{
    pthread_t threads[thread_count];
    pthread_attr_t small_stack;
    require(pthread_attr_init(&small_stack) == 0, "attributes");
    require(pthread_attr_setstacksize(&small_stack, stack_size) == 0, "a small stack");
    for (size_t n = 0; n < thread_count; n++) {
        require(pthread_create(&threads[n], &small_stack, body, (void *)n) == 0,
                "a thread starts");
    }
    for (size_t n = 0; n < thread_count; n++) pthread_join(threads[n], NULL);
}

static void use_large(size_t count)
{
    void **first = NULL;
    for (size_t idx = 0; idx < count; idx++) {
        void **block = malloc(1000000);
        require(block != NULL, "there is memory for large blocks");
        block[0] = first;
        first = block;
    }
    while (first != NULL) {
        void **next = first[0];
        free(first);
        first = next;
    }
}

int main(int count, char **arguments)
{
    int (*check)(const char **first);
    void *symbol = dlsym(RTLD_DEFAULT, "strata_check");
    require(symbol != NULL, "strata is in this process");
    memcpy(&check, &symbol, sizeof check);
    require_ours();
    work(99);
    use_threads();
    use_large(count > 1 ? strtoul(arguments[1], NULL, 10) : 0);
    require(check(NULL) == 0, "every structure is whole");
    char *small = malloc(40);
    strata_stats stats;
    find_stats(RTLD_DEFAULT)(&stats);
    free(small);
    puts(stats.slabs != 0 ? "slabs" : "spaces");
    return 0;
}
