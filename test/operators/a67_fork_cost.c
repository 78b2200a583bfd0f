/* SPDX-License-Identifier: MIT-0
 *
 * what strata adds to a fork depends neither on the number of threads nor on the size of the heap.
 * What is counted are pages that are copied because strata writes to them, in the parent and in the child;
 * what it takes in time is told, as the median of many, but decides nothing. a67_fork_cost THREADS MIB.
 */
#include "operators/process.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum { rounds = 41, faults_max = 48 };

static pthread_barrier_t ready, leave;

/* Has a few blocks of some sizes, in a cache of its own. */
static void *sleep_with_a_cache(void *argument)
{
    void *own[20];
    for (size_t n = 0; n < 20; n++) own[n] = malloc(n * 40 + 1);
    for (size_t n = 0; n < 20; n += 2) free(own[n]);
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&leave);
    for (size_t n = 1; n < 20; n += 2) free(own[n]);
    return argument;
}

static size_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (size_t)now.tv_sec * 1000000000 + (size_t)now.tv_nsec;
}

static size_t faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (size_t)usage.ru_minflt;
}

typedef struct cost {
    size_t time, faults;
} cost;

static cost cost_of(void (*call)(void))
{
    cost before = {nanoseconds(), faults()};
    call();
    return (cost){nanoseconds() - before.time, faults() - before.faults};
}

static int compare_times(const void *a, const void *b)
{
    const cost *left = a, *right = b;
    return (left->time > right->time) - (left->time < right->time);
}

static void tell(const char *what, cost *costs)
{
    size_t most = 0;
    for (size_t n = 0; n < rounds; n++) most = costs[n].faults > most ? costs[n].faults : most;
    qsort(costs, rounds, sizeof *costs, compare_times);
    printf("%s: %zu ns, pages copied %zu\n", what, costs[rounds / 2].time, most);
    require_at_most("pages copied", most, faults_max);
}

int main(int argc, char **argv)
{
    static cost prepare[rounds], parent[rounds];
    require(argc == 3, "usage: a67_fork_cost THREADS MIB");
    require_ours();
    cost *child =
        mmap(NULL, sizeof prepare, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t thread_count = strtoul(argv[1], NULL, 10);
    size_t block_count = strtoul(argv[2], NULL, 10) * MIB / 1000;
    pthread_t *threads = malloc(thread_count * sizeof *threads);
    pthread_barrier_init(&ready, NULL, (unsigned)thread_count + 1);
    pthread_barrier_init(&leave, NULL, (unsigned)thread_count + 1);
    for (size_t n = 0; n < thread_count; n++)
        threads[n] = thread_start(sleep_with_a_cache, NULL);
    pthread_barrier_wait(&ready);
    for (size_t n = 0; n < block_count; n++) *(char *)malloc(1000) = 1;
    for (size_t n = 0; n < rounds; n++) {
        prepare[n] = cost_of(ours(strata_fork_prepare));
        pid_t process = _Fork();
        if (process == 0) {
            child[n] = cost_of(ours(strata_fork_child));
            _exit(0);
        }
        parent[n] = cost_of(ours(strata_fork_parent));
        require_child(process);
    }
    printf("%zu threads, %s MiB\n", thread_count, argv[2]);
    tell("before", prepare);
    tell("in the parent", parent);
    tell("in the child", child);
    pthread_barrier_wait(&leave);
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
    return 0;
}
