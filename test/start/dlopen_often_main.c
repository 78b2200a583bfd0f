/* SPDX-License-Identifier: MIT-0
 *
 * dlopen_often_main LIBSTRATA: opens and closes strata 200 times in a program with threads that
 * runs on another malloc. Some threads live as long as the program and use each strata that comes;
 * others begin with it, and end before it is closed or behind that, when it may be gone: their ends
 * must not call into it.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <pthread.h>

enum { round_count = 200, long_count = 2, short_count = 2, late_count = 2, block_count = 60 };

static void *(*strata_malloc_found)(size_t size);
static void (*strata_free_found)(void *mem);
static int (*strata_check_found)(const char **first);
static pthread_barrier_t opened, used, closed; /* for those that are there when it is closed */

static void find(void *library, const char *name, void *place, size_t size)
{
    void *symbol = dlsym(library, name);
    require(symbol != NULL, name);
    memcpy(place, &symbol, size);
}

/* Leaves the thread with a cache that keeps blocks: small ones, and some of up to 32 KiB. */
static void use_strata(void)
{
    unsigned char *blocks[block_count];
    for (size_t idx = 0; idx < block_count; idx++) {
        size_t size = 1 + idx * idx * 7 % 30000;
        blocks[idx] = strata_malloc_found(size);
        require(blocks[idx] != NULL, "there is memory");
        memset(blocks[idx], (int)idx, size);
    }
    for (size_t idx = 0; idx < block_count; idx++) {
        require(blocks[idx][0] == (unsigned char)idx, "unharmed");
        strata_free_found(blocks[idx]);
    }
}

static void *live_short(void *unused)
{
    (void)unused;
    use_strata();
    return NULL;
}

static void *live_through_one(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&opened);
    use_strata();
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return NULL;
}

static void *live_long(void *unused)
{
    for (int round = 0; round < round_count; round++) live_through_one(unused);
    return NULL;
}

static void start_threads(pthread_t *threads, int count, void *(*body)(void *))
{
    for (int n = 0; n < count; n++)
        require(pthread_create(&threads[n], NULL, body, NULL) == 0, "a thread starts");
}

static void join_threads(const pthread_t *threads, int count)
{
    for (int n = 0; n < count; n++)
        require(pthread_join(threads[n], NULL) == 0, "a thread can be joined");
}

static void open_use_close(const char *path)
{
    pthread_t short_ones[short_count], late_ones[late_count];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    require(library != NULL, "strata can be loaded");
    find(library, "strata_malloc", &strata_malloc_found, sizeof strata_malloc_found);
    find(library, "strata_free", &strata_free_found, sizeof strata_free_found);
    find(library, "strata_check", &strata_check_found, sizeof strata_check_found);
    start_threads(late_ones, late_count, live_through_one);
    pthread_barrier_wait(&opened);
    use_strata();
    start_threads(short_ones, short_count, live_short);
    join_threads(short_ones, short_count);
    pthread_barrier_wait(&used);
    require(strata_check_found(NULL) == 0, "every structure is whole");
    require(dlclose(library) == 0, "strata can be closed");
    pthread_barrier_wait(&closed);
    join_threads(late_ones, late_count);
}

int main(int count, char **arguments)
{
    pthread_t long_ones[long_count];
    require(count == 2, "usage: dlopen_often_main LIBSTRATA");
    pthread_barrier_init(&opened, NULL, 1 + long_count + late_count);
    pthread_barrier_init(&used, NULL, 1 + long_count + late_count);
    pthread_barrier_init(&closed, NULL, 1 + long_count + late_count);
    start_threads(long_ones, long_count, live_long);
    for (int round = 0; round < round_count; round++) open_use_close(arguments[1]);
    join_threads(long_ones, long_count);
    return 0;
}
