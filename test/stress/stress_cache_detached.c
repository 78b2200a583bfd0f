/* SPDX-License-Identifier: MIT-0
 *
 * Detached threads that do nothing. Where strata is the C library's malloc, the last thing that
 * such a thread does, long after all destructors, is to free what the C library had for threads
 * before it, with stacks so large that it does not keep them: that must not begin anything which
 * the thread's end would have to undo.
 */
#include "stress/stress.h"

#include <dirent.h>

enum { at_once = 8, round_count = 12, large_stack_size = 16 << 20 };

static pthread_barrier_t all_there;

static void *do_nothing(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&all_there);
    return NULL;
}

static size_t count_threads(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    require(tasks != NULL, "the host tells which threads there are");
    while (readdir(tasks) != NULL) count++;
    closedir(tasks);
    return count;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    pthread_attr_t attributes;
    live_at_start(); /* a sanitizer may have begun a thread of its own by now */
    size_t before = count_threads();
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, large_stack_size);
    pthread_barrier_init(&all_there, NULL, at_once + 1);
    size_t live = 0;
    for (size_t round = 0; round < round_count; round++) {
        for (size_t n = 0; n < at_once; n++) {
            pthread_t thread;
            require(pthread_create(&thread, &attributes, do_nothing, NULL) == 0,
                    "a thread can be started");
        }
        pthread_barrier_wait(&all_there);
        while (count_threads() > before) usleep(1000);
        strata_stats stats;
        strata_stats_get(&stats);
        require(stats.live <= stats.footprint, "statistics know what is live");
        if (round == 2) live = stats.live;
        require(round < 3 || stats.live <= live + 16384, "ended threads keep nothing");
        require_sound();
    }
    return 0;
}
