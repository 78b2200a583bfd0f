/* SPDX-License-Identifier: MIT-0
 *
 * a25_main LIBRARY: opens, uses and closes strata 1,000 times in a process with 200 threads that live all
 * the while; one of them uses it, too, each time. After all have used it, the process grows by at most a
 * page. The library pins itself: its code stays where it is after the last close.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>

enum { thread_count = 200, round_count = 1000, settled = 400 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int turn; /* which thread is to use strata; -1 none; -2 all are to end */
    void *(*allocate)(size_t size);
    void (*release)(void *mem);
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .turn = -1};

static void use_strata(void)
{
    static const size_t sizes[] = {1, 40, 1000, 5000, 100000};
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        char *mem = shared.allocate(sizes[n]);
        require(mem != NULL, "there is memory");
        memset(mem, 1, sizes[n]);
        shared.release(mem);
    }
}

static void *live(void *number)
{
    int mine = (int)(intptr_t)number;
    pthread_mutex_lock(&shared.lock);
    for (;;) {
        while (shared.turn != mine && shared.turn != -2)
            pthread_cond_wait(&shared.changed, &shared.lock);
        if (shared.turn == -2) break;
        use_strata();
        shared.turn = -1;
        pthread_cond_broadcast(&shared.changed);
    }
    pthread_mutex_unlock(&shared.lock);
    return NULL;
}

static void give_turn(int to)
{
    pthread_mutex_lock(&shared.lock);
    shared.turn = to;
    pthread_cond_broadcast(&shared.changed);
    while (shared.turn == to && to != -2) pthread_cond_wait(&shared.changed, &shared.lock);
    pthread_mutex_unlock(&shared.lock);
}

static void find(void *library, const char *name, void *place)
{
    void *symbol = dlsym(library, name);
    require(symbol != NULL, name);
    memcpy(place, &symbol, sizeof symbol);
}

/* Private memory in pages, without a call that allocates. */
static long private_pages(void)
{
    char text[200] = "";
    long size, resident, mapped;
    int file = open("/proc/self/statm", O_RDONLY);
    require(file >= 0 && read(file, text, sizeof text - 1) > 0, "the kernel tells");
    close(file);
    require(sscanf(text, "%ld %ld %ld", &size, &resident, &mapped) == 3, "three figures");
    return resident - mapped;
}

int main(int count, char **arguments)
{
    static pthread_t threads[thread_count];
    require(count == 2, "usage: a25_main LIBRARY");
    for (intptr_t n = 0; n < thread_count; n++)
        require(pthread_create(&threads[n], NULL, live, (void *)n) == 0, "a thread starts");
    long pages = 0;
    for (int round = 0; round < round_count; round++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) fprintf(stderr, "%s\n", dlerror());
        require(library != NULL, "strata can be loaded");
        find(library, "strata_malloc", &shared.allocate);
        find(library, "strata_free", &shared.release);
        use_strata();
        give_turn(round % thread_count);
        require(dlclose(library) == 0, "and closed");
        if (round == settled) pages = private_pages();
    }
    long growth = private_pages() - pages;
    if (growth > 1) fprintf(stderr, "grown by %ld pages\n", growth);
    require(growth <= 1, "a process that opens and closes strata does not grow");
    use_strata(); /* it is still there */
    give_turn(-2);
    for (int n = 0; n < thread_count; n++) pthread_join(threads[n], NULL);
    return 0;
}
