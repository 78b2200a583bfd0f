/* SPDX-License-Identifier: MIT-0
 *
 * what threads keep of what they have freed.
 *   once      400 threads use each size once, and sleep: 32 KiB each, at most
 *   others    400 threads free, at once, what they have not allocated
 *   all       400 threads each fill every size and free it: all of them together
 * In each, all threads together keep at most 32 MiB, or an eighth of what is held if that is more.
 */
#include "operators/process.h"

enum { thread_count = 400, each = 600 };
static const size_t cap = 32 * MIB;

static pthread_barrier_t start, done, leave;
static void *blocks[thread_count][each];

static void use_once(void)
{
    for (size_t size = 1; size <= 1024; size += 16) {
        char *mem = malloc(size);
        *mem = 1;
        free(mem);
    }
}

static void free_others(size_t number)
{
    for (size_t n = 0; n < each; n++) free(blocks[number][n]);
}

/* As much as a thread can come to keep: up and down, twice, in every size. */
static void fill_all(void)
{
    static _Thread_local void *own[1100];
    for (size_t size = 16; size <= 1024; size += 16) {
        size_t count = 65536 / size > 1100 ? 1100 : 65536 / size;
        for (int round = 0; round < 6; round++) {
            for (size_t n = 0; n < count; n++) memset(own[n] = malloc(size), 1, 1);
            for (size_t n = 0; n < count; n++) free(own[n]);
        }
    }
}

static char way;
static void *body(void *argument)
{
    pthread_barrier_wait(&start);
    if (way == 'o') use_once();
    if (way == 't') free_others((uintptr_t)argument);
    if (way == 'a') fill_all();
    pthread_barrier_wait(&done);
    pthread_barrier_wait(&leave);
    return NULL;
}

static void make_blocks(void)
{
    uint64_t random = 3;
    for (size_t n = 0; n < (size_t)thread_count * each; n++) {
        size_t size = random_below(&random, 8) == 0 ? 1000 + random_below(&random, 9000)
                                                    : 16 + random_below(&random, 1000);
        void *mem = malloc(size);
        memset(mem, 1, size);
        blocks[n % thread_count][n / thread_count] = mem;
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[thread_count];
    require(argc == 2, "usage: a18_caps once|others|all");
    require_ours();
    way = strcmp(argv[1], "others") == 0 ? 't' : argv[1][0];
    if (way == 't') make_blocks();
    pthread_barrier_init(&start, NULL, thread_count + 1);
    pthread_barrier_init(&done, NULL, thread_count + 1);
    pthread_barrier_init(&leave, NULL, thread_count + 1);
    for (size_t n = 0; n < thread_count; n++) threads[n] = thread_start(body, (void *)n);
    size_t before = resident_now();
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&done);
    size_t after = resident_now();
    strata_stats stats = stats_now();
    printf("%s: kept %zu, resident before %zu, after %zu, of each %zd\n", argv[1], stats.kept,
           before, after, ((ssize_t)after - (ssize_t)before) / thread_count);
    size_t bound = stats.footprint / 8 > cap ? stats.footprint / 8 : cap;
    if (way == 'o') bound = thread_count * 32 * KIB;
    require_at_most("bytes kept", stats.kept, bound);
    pthread_barrier_wait(&leave);
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
    return 0;
}
